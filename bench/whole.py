"""The workloads of bench/run-whole, and how one run of each is made and checked."""

import json
import os
import signal
import subprocess
import tempfile
import time

from processes import Failure, Processes, must_end, read_json

# Rules in the order of the receivers. `everything` comes last and must match every event.
FLOW_RULES = {
    "rejected": {"action": ["REJECT"]},
    "remote-login": {"dstport": [22, 3389]},
    "big": {"bytes": [{"numeric": [">", 1000000]}]},
    "everything": {"version": [{"exists": True}]},
}
TRAIL_RULES = {
    "denied": {"detail": {"errorCode": ["AccessDenied"]}},
    "deletes": {"detail": {"eventName": [{"prefix": "Delete"}]}},
    "network": {"detail": {"sourceIPAddress": [{"prefix": "10."}]}},
    "everything": {"detail": {"eventName": [{"exists": True}]}},
}


def many_rules():
    """FLOW_RULES and 996 that never match, over the same fields and in many forms."""
    rules = dict(FLOW_RULES)
    for i in range(249):
        rules[f"port-{i}"] = {"dstport": [70000 + i]}
        rules[f"interface-{i}"] = {"interface-id": [f"eni-none{i:04d}"]}
        rules[f"network-{i}"] = {"srcaddr": [{"cidr": f"240.0.{i}.0/24"}]}
        rules[f"account-{i}"] = {"account-id": [{"prefix": f"none-{i:03d}"}],
                                 "action": ["ACCEPT"]}
    return rules


# name -> (what to generate, format of the source, events, rules)
# AF is A with a log on disk, AK is AF with input that is acknowledged once it is there.
WORKLOADS = {
    "A": ("flow-logs-json", "ndjson", 2_000_000, FLOW_RULES),
    "B": ("cloudtrail", "ndjson", 500_000, TRAIL_RULES),
    "F": ("flow-logs", "flow-log", 2_000_000, FLOW_RULES),
    "A1000": ("flow-logs-json", "ndjson", 2_000_000, many_rules()),
    "AF": ("flow-logs-json", "ndjson", 2_000_000, FLOW_RULES),
    "AK": ("flow-logs-json", "ndjson", 2_000_000, FLOW_RULES),
}
DURABLE = ("AF", "AK")
ACKNOWLEDGED = ("AK",)
SEED = "7"
RECEIVERS = 4
TIMED_S = 20


class Bench:
    def __init__(self, weir, tools, data, scale, threads):
        self.weir = weir
        self.tools = os.path.realpath(tools) if tools else weir
        self.data = os.path.realpath(data)
        self.scale = scale
        self.threads = threads
        self.counts = {}
        if not os.access(self.weir, os.X_OK):
            raise Failure(f"{self.weir} is not there: tools/build makes it")
        os.makedirs(self.data, exist_ok=True)

    def events(self, name):
        return max(1000, int(WORKLOADS[name][2] * self.scale))

    def input_of(self, name):
        """The file of this workload's events, generated once."""
        kind, events = WORKLOADS[name][0], self.events(name)
        path = os.path.join(self.data, f"{kind}-{events}-{SEED}")
        if not os.path.exists(path):
            part = path + ".part"
            with open(part, "wb") as out:
                made = subprocess.run([self.tools, "gen", kind, "--count", str(events), "--seed",
                                       SEED], stdout=out, stderr=subprocess.PIPE, check=False)
            if made.returncode != 0:
                raise Failure("weir gen: " + made.stderr.decode(errors="replace"))
            os.rename(part, path)
        return path

    def expected(self, name):
        """rule -> how many events match it, by another way than the router's."""
        if name not in self.counts:
            rules = dict(list(WORKLOADS[name][3].items())[:RECEIVERS])
            if WORKLOADS[name][1] == "flow-log":
                self.counts[name] = count_flow_lines(self.input_of(name))
            else:
                self.counts[name] = self.count_by_match(rules, self.input_of(name))
            if self.counts[name]["everything"] != self.events(name):
                raise Failure(f"{name}: the input holds {self.counts[name]['everything']} events, "
                              f"not {self.events(name)}")
        return self.counts[name]

    def count_by_match(self, rules, path):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(rules, file)
            file.flush()
            out = subprocess.run([self.tools, "match", "--rules", file.name, "--events", path,
                                  "--count"], capture_output=True, check=False)
        if out.returncode != 0:
            raise Failure("weir match: " + out.stderr.decode(errors="replace"))
        lines = (line.split("\t") for line in out.stdout.decode().splitlines())
        return {rule: int(count) for count, rule in lines}

    def config(self, directory, name, ports, **options):
        """Writes the router's configuration (JSON is YAML) and returns its path. Rule k delivers to
        receiver k; the rules beyond the receivers', which never match, to the last."""
        batch = {"max_wait": options.get("max_wait", "100ms")}
        rules = {}
        for i, (rule, pattern) in enumerate(WORKLOADS[name][3].items()):
            target = f"receiver-{min(i, RECEIVERS - 1)}"
            rules[rule] = {"bus": "default", "pattern": json.dumps(pattern), "targets": [target]}
        threads = self.threads if self.threads == "auto" else int(self.threads)
        config = {
            "sources": {"in": {"tcp": "127.0.0.1:0", "format": WORKLOADS[name][1],
                               "bus": "default"}},
            "rules": rules,
            "targets": {f"receiver-{i}": {"tcp": f"127.0.0.1:{port}", "batch": batch,
                                          "when_full": options.get("when_full", "block")}
                        for i, port in enumerate(ports)},
            "pipeline": {"threads": threads},
        }
        if name in ACKNOWLEDGED:
            config["sources"]["in"]["acks"] = True
        if name in DURABLE:
            config["data_dir"] = os.path.join(directory, "data")
            os.mkdir(config["data_dir"], 0o700)
            for target in config["targets"].values():
                target["when_full"] = "lag"
        path = os.path.join(directory, "weir.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def start_router(self, processes, directory, config):
        router = processes.start(
            "weir run", [self.weir, "run", config, "--report",
                         os.path.join(directory, "report.json")],
            os.path.join(directory, "weir.log"))
        return router, router.ports(1)[0]

    def start_receivers(self, processes, directory, name, count, *options):
        command = [self.tools, "sink", "--quiet", "--report",
                   os.path.join(directory, f"{name}.json"), *options]
        for _ in range(count):
            command += ["--tcp", "127.0.0.1:0"]
        sink = processes.start(name, command, os.path.join(directory, name + ".log"))
        return sink, sink.ports(count)

    def start_loader(self, processes, directory, port, *options):
        return processes.start(
            "weir load", [self.tools, "load", "--to", f"tcp://127.0.0.1:{port}", "--report",
                          os.path.join(directory, "load.json"), *options],
            os.path.join(directory, "load.log"))

    def throughput(self, name):
        """One run as fast as it goes."""
        expected, events, path = self.expected(name), self.events(name), self.input_of(name)
        acks = ["--acks"] if name in ACKNOWLEDGED else []
        # On the disk of the input: what is for temporary files may be memory.
        with tempfile.TemporaryDirectory(dir=self.data) as directory, Processes() as processes:
            sink, ports = self.start_receivers(
                processes, directory, "receivers", RECEIVERS,
                "--expect", str(sum(expected.values())), "--timeout", "15s")
            router, port = self.start_router(
                processes, directory, self.config(directory, name, ports))
            load = self.start_loader(processes, directory, port, "--file", path, "--rate", "max",
                                     *acks)
            must_end(load, 300)
            must_end(sink, 300, codes=(0, 1))
            memory = router.peak_memory_bytes()
            router.signal(signal.SIGTERM)
            must_end(router, 60, codes=(0, 1))
            report = read_json(os.path.join(directory, "report.json"))
            received = read_json(os.path.join(directory, "receivers.json"))["ports"]
            sent = read_json(os.path.join(directory, "load.json"))
        check_report(name, report, events)
        for (rule, count), there in zip(expected.items(), received):
            must_equal(f"{name}: events of rule {rule} received", there["records"], count)
            must_equal(f"{name}: rule {rule} in the report", report["rules"][rule]["matched"],
                       count)
        wall_s = max(received[-1]["active_s"], sent["wall_s"])
        cpu_s = router.cpu_seconds()
        return {"events_per_s": events / wall_s, "bytes_per_s": os.path.getsize(path) / wall_s,
                "wall_s": wall_s, "cpu_s": cpu_s, "cpu_s_per_million": cpu_s / events * 1e6,
                "memory": memory}

    def timed(self, rate, stall=None, **options):
        """A stamped stream at a fixed rate for TIMED_S. The receiver of everything is a process of
        its own, so that it alone can stall."""
        duration = max(2.0, TIMED_S * self.scale)
        with tempfile.TemporaryDirectory() as directory, Processes() as processes:
            others, ports = self.start_receivers(
                processes, directory, "others", RECEIVERS - 1, "--latency", "--check")
            faults = ["--stall", stall] if stall else []
            last, (last_port,) = self.start_receivers(
                processes, directory, "last", 1, "--latency", "--check", *faults)
            router, port = self.start_router(
                processes, directory,
                self.config(directory, "A", [*ports, last_port], **options))
            load = self.start_loader(
                processes, directory, port, "--file", self.input_of("A"), "--stamp",
                "--rate", str(int(rate)), "--duration", f"{duration:.0f}s")
            must_end(load, duration + 120)
            time.sleep(1)  # what the router still holds goes out well within this
            memory = router.peak_memory_bytes()
            router.signal(signal.SIGTERM)
            must_end(router, 60, codes=(0, 1))
            for sink in (others, last):
                sink.signal(signal.SIGTERM)
                must_end(sink, 10, codes=(0, 1))
            report = read_json(os.path.join(directory, "report.json"))
            received = (read_json(os.path.join(directory, "others.json"))["ports"]
                        + read_json(os.path.join(directory, "last.json"))["ports"])
            sent = read_json(os.path.join(directory, "load.json"))
        check_report("timed run", report, sent["records"])
        for i, there in enumerate(received):
            target = report["targets"][f"receiver-{i}"]
            must_equal(f"events received by receiver-{i}", there["records"], target["delivered"])
            if not (stall and i == RECEIVERS - 1):
                must_equal(f"events delivered to receiver-{i}", target["delivered"],
                           target["matched"])
            must_equal(f"disorder and repeats at receiver-{i}",
                       there["check"]["disordered"] + there["check"]["duplicates"], 0)
        return report, received, {"memory": memory, "duration_s": duration,
                                  "rate": sent["records"] / duration,
                                  "cpu_s_per_million": router.cpu_seconds() / sent["records"] * 1e6}

    def latency(self, rate):
        _, received, result = self.timed(rate, max_wait="1ms")
        return {**result, "latency_ns": received[-1]["latency_ns"]}

    def stall(self, rate):
        """The worst of the other receivers, without a stall and with one."""
        results = []
        quarter = max(0.5, TIMED_S * self.scale / 4)
        for stall in (None, f"{quarter * 1000:.0f}ms:{quarter * 2000:.0f}ms"):
            report, received, result = self.timed(rate, stall, max_wait="1ms", when_full="shed")
            worst = max(received[:-1], key=lambda port: port["latency_ns"]["p99"])
            result["latency_ns"] = worst["latency_ns"]
            result["shed"] = report["targets"][f"receiver-{RECEIVERS - 1}"]["shed"]
            results.append(result)
        return results


def count_flow_lines(path):
    """FLOW_RULES over flow-log text in the default layout, by plain comparison."""
    counts = dict.fromkeys(FLOW_RULES, 0)
    with open(path, "rb") as file:
        for line in file:
            fields = line.split()
            if not fields or fields[0] == b"version":
                continue
            counts["rejected"] += fields[12] == b"REJECT"
            counts["remote-login"] += fields[6] in (b"22", b"3389")
            counts["big"] += fields[9] != b"-" and int(fields[9]) > 1_000_000
            counts["everything"] += 1
    return counts


def must_equal(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found:,}, should be {wanted:,}")


def check_report(name, report, events):
    """What must hold of every report: each event in exactly one counter."""
    source = report["sources"]["in"]
    must_equal(f"{name}: accepted", source["accepted"], events)
    must_equal(f"{name}: refused", sum(source["refused"].values()), 0)
    must_equal(f"{name}: unmatched", report["unmatched"], 0)
    for target, counts in report["targets"].items():
        must_equal(f"{name}: sum of {target}'s counters",
                   counts["delivered"] + counts["shed"] + counts["dropped"] + counts["pending"]
                   + counts["dead_lettered"], counts["matched"])
