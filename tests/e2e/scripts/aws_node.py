"""`weir run` as Amazon's client for JavaScript sees it, unmodified but for the endpoint.

Usage: aws_node.py --weir PROGRAM --directory SCRATCH

The client is installed by npm, once, beside SCRATCH; where that cannot be, the test is skipped.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

try:
    from aws_router import REGION, RULE_ARN, Hooks, Router, start_hooks
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(0)

PACKAGE = "@aws-sdk/client-eventbridge"
VERSION = "3.600.0"
INSTALL_LIMIT_S = 200


def skip(why):
    print(f"skipped: {why}")
    sys.exit(0)


def install(folder):
    if not shutil.which("npm") or not shutil.which("node"):
        skip("node and npm are not installed")
    if os.path.exists(os.path.join(folder, "node_modules", PACKAGE, "package.json")):
        return
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        json.dump({"private": True, "dependencies": {PACKAGE: VERSION}}, file)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
             "--fetch-retries=0"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=INSTALL_LIMIT_S)
    except subprocess.TimeoutExpired:
        skip("npm takes too long")
    if done.returncode != 0:
        skip("npm cannot install the client:\n" + done.stderr)


def same(got, expected):
    if got != expected:
        raise SystemExit(f"expected {expected!r}\n     got {got!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--directory", required=True)
    arguments = parser.parse_args()
    packages = os.path.abspath(arguments.directory + "-packages")
    install(packages)
    router = Router(arguments.weir, arguments.directory, start_hooks())
    try:
        done = subprocess.run(
            ["node", os.path.join(os.path.dirname(__file__), "aws_node.mjs"), packages,
             router.urls["api"], REGION], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        said = json.loads(done.stdout)
        router.wait_until(lambda: len(Hooks.bodies) == 2)
        same(Hooks.bodies, ['{"got": [7]}'] * 2)
        same((said["arn"], said["failedTargets"], said["sameTarget"], said["matches"]),
             (RULE_ARN + "node", 0, True, True))
        same(said["rules"], [2, 2, 1])
        same(said["sent"]["failed"], 1)
        same(said["sent"]["entries"][1]["ErrorCode"], "InvalidArgument")
        event = json.loads(router.wait_for("out", said["sent"]["entries"][2]["EventId"]))
        same((event["time"], event["detail"]), ("2026-01-31T12:34:56Z", {"n": [7]}))
        same(said["refused"][:3], ["ResourceNotFoundException",
                                   "Rule none does not exist on EventBus default.", 400])
        same(len(said["refused"][3]), 36)
        same(said["absent"][0], "NotImplementedException")
        router.stop()
    finally:
        router.process.kill()


main()
