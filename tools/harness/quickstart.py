"""The run behind tools/quickstart: generator, router, receivers, loader; then the table.

Exit code 0 when every rule's events arrived where they should, 1 otherwise.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

from processes import Failure, Processes, human_bytes, must_end, read_json, table


def generate(weir, path, count):
    with open(path, "wb") as out:
        made = subprocess.run(
            [weir, "gen", "flow-logs", "--count", str(count), "--seed", "7"],
            stdout=out, stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        raise Failure("weir gen failed: " + made.stderr.decode(errors="replace").strip())


def stream(arguments, processes, place):
    """Runs all once. Returns the facts of the run."""
    weir, count = arguments.weir, arguments.count

    def sink(name, *options):
        return processes.start(
            f"sink {name}",
            [weir, "sink", "--tcp", "127.0.0.1:0", "--report", place(f"sink-{name}.json"),
             *options], place(f"sink-{name}.log"))

    # The lake gets every event: once it has them all, all that the router took in has been routed.
    siem = sink("siem")
    lake = sink("lake", "--expect", str(count), "--timeout", "20s")
    (siem_port,), (lake_port,) = siem.ports(1), lake.ports(1)
    router = processes.start(
        "weir run", [weir, "run", arguments.config, "--report", place("report.json")],
        place("weir.log"),
        env={"FLOW_PORT": "0", "SIEM_PORT": str(siem_port), "LAKE_PORT": str(lake_port),
             "OUT_DIR": place("out")})
    (flow_port,) = router.ports(1)

    begin = time.monotonic()
    load = processes.start(
        "weir load", [weir, "load", "--to", f"tcp://127.0.0.1:{flow_port}", "--file",
                      place("flow.log"), "--report", place("load.json")], place("load.log"))
    must_end(load, 300)
    deadline = time.monotonic() + 120
    while lake.poll():
        if not router.poll():
            raise Failure(f"weir run ended early, exit code {router.exit_code}\n{router.tail()}")
        if time.monotonic() > deadline:
            raise Failure("the records do not end: see sink-lake.log and weir.log\n"
                          + router.tail())
        time.sleep(0.002)
    wall_s = lake.ended - begin
    memory = router.peak_memory_bytes()
    router.signal(signal.SIGTERM)
    must_end(router, 60)
    siem.signal(signal.SIGTERM)
    must_end(siem, 10)
    must_end(lake, 10, codes=(0, 1))  # 1: fewer came than expected; the table will say so
    return {
        "wall_s": wall_s, "cpu_s": router.cpu_seconds(), "memory": memory,
        "where": {"siem": f"tcp 127.0.0.1:{siem_port}", "lake": f"tcp 127.0.0.1:{lake_port}"},
    }


def count_lines(paths):
    """Lines in plain and zstd files; None where nothing here can read zstd."""
    total = 0
    for path in paths:
        if path.endswith(".zst"):
            if not shutil.which("zstd"):
                return None
            text = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
            total += text.count(b"\n")
        else:
            with open(path, "rb") as file:
                total += sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    return total


def arrived(name, place):
    """What really is at a target, counted without the router's word for it."""
    if os.path.exists(place(f"sink-{name}.json")):
        return read_json(place(f"sink-{name}.json"))["records"]
    out = place("out")
    return count_lines([os.path.join(out, file) for file in sorted(os.listdir(out))
                        if file.startswith(name + ".")])


def show(arguments, facts, report, place):
    """Prints the tables; returns the faults found."""
    count, wall_s, cpu_s = arguments.count, facts["wall_s"], facts["cpu_s"]
    size = os.path.getsize(place("flow.log"))
    faults = []
    source = report["sources"]["flow"]
    if source["accepted"] != count:
        faults.append(f"{count:,} records were sent, {source['accepted']:,} accepted; refused: "
                      f"{source['refused'] or 'none'}")

    print(f"\n{source['accepted']:,} flow-log lines ({human_bytes(size)}) in {wall_s:.2f} s: "
          f"{count / wall_s:,.0f} lines/s, {size / wall_s / 1e6:,.0f} MB/s")
    print(f"Router: {cpu_s:.2f} s of CPU ({cpu_s / count * 1e6:.2f} s for a million events), "
          f"{human_bytes(facts['memory'])} of memory; loader and receivers ran beside it\n")

    rows = [["rule", "matched"]]
    rows += [[name, f"{rule['matched']:,}"] for name, rule in report["rules"].items()]
    rows.append(["(no rule)", f"{report['unmatched']:,}"])
    print("\n".join(table(rows)), end="\n\n")

    rows = [["target", "to", "events", "batches", "bytes", "arrived"]]
    for name, target in report["targets"].items():
        there = arrived(name, place)
        rows.append([name, facts["where"].get(name, f"{os.path.relpath(place('out'))}/{name}.*"),
                     f"{target['delivered']:,}", f"{target['batches']:,}", f"{target['bytes']:,}",
                     "zstd is not installed" if there is None else f"{there:,}"])
        if target["delivered"] != target["matched"]:
            faults.append(f"target {name}: {target['matched']:,} events matched, "
                          f"{target['delivered']:,} delivered")
        if there is not None and there != target["delivered"]:
            faults.append(f"target {name}: {target['delivered']:,} events delivered, "
                          f"{there:,} arrived")
    print("\n".join(table(rows, left=2)))
    return faults


def look_next(arguments):
    directory = os.path.relpath(arguments.directory)
    config = os.path.relpath(arguments.config)
    return f"""
Where to look next
  {config + ":":<34} the rules and targets of this run; change them and run again
  {directory + "/out/:":<34} what the file targets hold
  {directory + "/report.json:":<34} the counters behind the tables
  {"README.md:":<34} your own stream in five minutes
  tools/check                        builds and runs every test"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--count", type=int, default=1_000_000)
    arguments = parser.parse_args()

    def place(name):
        return os.path.join(arguments.directory, name)

    shutil.rmtree(arguments.directory, ignore_errors=True)
    os.makedirs(place("out"))
    try:
        print(f"Generating {arguments.count:,} flow-log records ...", flush=True)
        generate(arguments.weir, place("flow.log"), arguments.count)
        print("Routing them ...", flush=True)
        with Processes() as processes:
            facts = stream(arguments, processes, place)
        faults = show(arguments, facts, read_json(place("report.json")), place)
    except Failure as failure:
        print(f"tools/quickstart: {failure}\n(logs: {os.path.relpath(arguments.directory)})",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tools/quickstart: stopped", file=sys.stderr)
        return 1
    for fault in faults:
        print(f"tools/quickstart: {fault}", file=sys.stderr)
    if not faults:
        print("Every event that a rule matched arrived.")
    print(look_next(arguments))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
