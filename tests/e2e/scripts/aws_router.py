"""The router under test and its neighbours, for aws_clients.py."""

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import boto3
import botocore.config

PATIENCE_S = 90
ACCOUNT = "123456789012"
REGION = "eu-west-1"
BUS_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/"
RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
               "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
HOOK = f"arn:aws:sqs:{REGION}:{ACCOUNT}:hook"

class Hooks(http.server.BaseHTTPRequestHandler):
    """Takes what is POSTed, but for /refuse."""

    bodies = []

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Hooks.bodies.append(body)
        self.send_response(400 if self.path == "/refuse" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Router:
    """`weir run` with one bus beside the default, rules to files on both, and two front doors."""

    def __init__(self, program, directory, hooks_url, data_dir=False):
        self.program = program
        self.directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        self.config = {
            "account": ACCOUNT, "region": REGION,
            "buses": {"shop": {}},
            "sources": {"api": {"http": "127.0.0.1:0"},
                        "strict": {"http": "127.0.0.1:0", "strict_bus": True}},
            "targets": {"out": {"file": self.path("out"), "batch": {"max_wait": "1ms"}},
                        "shopped": {"file": self.path("shopped"), "batch": {"max_wait": "1ms"}},
                        "to-shop": {"bus": "shop"},
                        "made": {"file": self.path("made"), "batch": {"max_wait": "1ms"}},
                        "letters": {"file": self.path("letters"), "batch": {"max_wait": "1ms"}},
                        "hook": {"url": hooks_url + "/take", "arn": HOOK + "*", "format": "raw",
                                 "batch": {"max_records": 1, "max_wait": "1ms"}},
                        "no": {"url": hooks_url + "/refuse",
                               "batch": {"max_records": 1, "max_wait": "1ms"}}},
            "rules": {f"all-{i}": {"pattern": json.dumps({"source": [{"prefix": ""}]}),
                                   "targets": ["out"]} for i in range(5)},
            "pipeline": {"threads": 2, "pin": False}}
        self.config["rules"]["onward"] = {"pattern": '{"source": ["onward"]}',
                                          "targets": ["to-shop"]}
        self.config["rules"]["shop"] = {"bus": "shop", "pattern": '{"source":[{"exists":true}]}',
                                        "targets": ["shopped"]}
        if data_dir:
            self.config["data_dir"] = self.path("data")
            os.mkdir(self.path("data"), 0o700)
        self.configure()
        self.start()

    def configure(self):
        with open(self.path("weir.yaml"), "w", encoding="utf-8") as file:
            json.dump(self.config, file)

    def start(self):
        self.log = self.path("weir.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "run", self.path("weir.yaml"), "--report",
                 self.path("report.json")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.urls = {}
        self.clients = {}
        deadline = time.monotonic() + PATIENCE_S
        while len(self.urls) < 2:
            text = self.said()
            if "io_uring" in text:
                print(text)  # the test counts as skipped
                sys.exit(0)
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("weir does not listen:\n" + text)
            found = re.findall(r"listening on http (\S+), source (\S+)", text)
            self.urls = {name: "http://" + address for address, name in found}
            time.sleep(0.005)

    def path(self, name):
        return os.path.join(self.directory, name)

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def stop(self):
        """The report of the run."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        if code != 0:
            raise AssertionError(f"weir ended with {code}:\n" + self.said())
        with open(self.path("report.json"), encoding="utf-8") as file:
            return json.load(file)

    def wait_for(self, name, mark):
        """The first line of the file that holds `mark`, once it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="utf-8") as file:
                    for line in file:
                        if mark in line and line.endswith("\n"):
                            return line
            time.sleep(0.005)
        raise AssertionError(f"no line with {mark} in {name}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("it never came to be")
            time.sleep(0.005)

    def client(self, source="api"):
        """One for each address, as a program keeps it."""
        url = self.urls[source]
        if url not in self.clients:
            self.clients[url] = boto3.client(
                "events", endpoint_url=url,
                config=botocore.config.Config(retries={"max_attempts": 0}))
        return self.clients[url]


def start_hooks():
    """The address of a server for Hooks that lasts as long as this process."""
    hooks = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
    threading.Thread(target=hooks.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{hooks.server_port}"
