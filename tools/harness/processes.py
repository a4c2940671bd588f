"""Starts weir's processes, waits until they listen, stops them, and never leaves one behind.

For tools/quickstart and bench/run-whole. One thread; errors are Failure with a message for the
user.
"""

import json
import os
import re
import signal
import subprocess
import time

LISTENING = re.compile(r"listening on (\S+) (\S+?)(?:, source (\S+))?$", re.MULTILINE)


class Failure(Exception):
    """What went wrong, in words for the person who started this."""


class Process:
    """One child in its own process group; what it prints goes to `log`."""

    def __init__(self, name, command, log, env=None, stdout=None):
        self.name = name
        self.log = log
        self.started = time.monotonic()
        self.ended = None
        self.usage = None  # of the child, once it has ended
        self.exit_code = None
        with open(log, "wb") as out:
            try:
                self.child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=out,
                    env={**os.environ, **(env or {})}, start_new_session=True)
            except OSError as error:
                raise Failure(f"{command[0]} does not start: {error.strerror}") from error

    def poll(self):
        """True while it runs."""
        if self.exit_code is None:
            pid, status, usage = os.wait4(self.child.pid, os.WNOHANG)
            if pid:
                self._ended(status, usage)
        return self.exit_code is None

    def wait(self, timeout_s):
        """Its exit code, or None if it still runs after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.poll():
            if time.monotonic() > deadline:
                return None
            time.sleep(0.002)
        return self.exit_code

    def _ended(self, status, usage):
        self.ended = time.monotonic()
        self.exit_code = os.waitstatus_to_exitcode(status)
        self.usage = usage
        self.child.returncode = self.exit_code  # or Popen would wait for it again

    def listening(self, count, timeout_s=10):
        """[(kind, address, source)] of the `count` places it says it listens on."""
        deadline = time.monotonic() + timeout_s
        while True:
            running = self.poll()
            found = LISTENING.findall(self.text())
            if len(found) >= count:
                return found
            if not running:
                raise Failure(f"{self.name} ended with exit code {self.exit_code}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} does not listen after {timeout_s} s\n{self.tail()}")
            time.sleep(0.005)

    def ports(self, count):
        """The TCP ports it listens on, in the order it names them."""
        return [int(address.rsplit(":", 1)[1]) for _, address, _ in self.listening(count)]

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, lines=15):
        return "\n".join("  | " + line for line in self.text().splitlines()[-lines:])

    def peak_memory_bytes(self):
        """The largest resident set so far, 0 if it has ended."""
        try:
            with open(f"/proc/{self.child.pid}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1]) * 1024
        except (OSError, ValueError):
            pass
        return 0

    def cpu_seconds(self):
        """User and system time of a process that has ended."""
        return self.usage.ru_utime + self.usage.ru_stime if self.usage else 0.0

    def signal(self, number=signal.SIGTERM):
        if self.poll():
            os.kill(self.child.pid, number)

    def kill(self):
        if self.poll():
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.wait(5)


class Processes:
    """All the processes of one run; leaving the block ends those that still run."""

    def __init__(self):
        self.all = []

    def __enter__(self):
        # A kill of this script must end its children too.
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        return self

    def __exit__(self, *_):
        for process in reversed(self.all):
            process.kill()

    def start(self, *arguments, **options):
        process = Process(*arguments, **options)
        self.all.append(process)
        return process


def must_end(process, timeout_s, codes=(0,)):
    """Waits for a normal end; anything else is a Failure that shows what the process said."""
    code = process.wait(timeout_s)
    if code is None:
        raise Failure(f"{process.name} has not ended after {timeout_s} s\n{process.tail()}")
    if code not in codes:
        raise Failure(f"{process.name} ended with exit code {code}\n{process.tail()}")


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(f"{path} is no readable report: {error}") from error


def human_bytes(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def table(rows, left=1):
    """Lines of aligned columns; the first row is the head, the first `left` columns are words."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [str(cell).ljust(width) if i < left else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return lines
