"""What `report` needs for a log of any size: `python -m tests.command.huge` makes a gigabyte and measures it.

Lines of the layer between the platform's and the function's own, some cut off. It is made to fill the memory: each
line has another time, another origin and another reason, and is of another function of 20,000.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.command.conftest import record

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1_000_000_000
MOST_MEGABYTES = 200  # that the command may hold, whatever is in the log: 35 are an interpreter with rich


@dataclass
class Cost:
    """Of one run: seconds, the largest resident size in megabytes, and what it printed."""

    seconds: float
    megabytes: float
    out: str


def write_log(path: Path, size: int) -> int:
    """Make a log of at least `size` bytes; returns how many invocations are in it."""
    invocations = 0
    with path.open("w") as log:
        while log.tell() < size:
            for _ in range(1000):
                invocations += 1
                hosts = [{"origin": f"https://{invocations}.example.com:443", "requests": 3, "opened": 1, "reused": 2}]
                reasons = {f"reason-{invocations}": 1}
                name, moment = f"function-{invocations % 20_000}", 1_700_000_000 + invocations
                line = record(name, at=moment, hosts=hosts, notReused=reasons)
                log.write(f"START RequestId: {invocations}\n[INFO] what the function itself says {'x' * 400}\n{line}\n")
                log.write(f"REPORT RequestId: {invocations}\tBilled Duration: 13 ms\tMemory Size: 256 MB\n")
            log.write(line[:300] + "\n")
    return invocations


# The peak of this program alone: what wait4 tells is at least what the parent held when it forked (fs/exec.c).
MEASURED = """
import re, sys
from keepalive_command.cli import main
code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""


def report(log: Path) -> Cost:
    """Run `lambda-keepalive report` on the log in a process of its own."""
    environ = os.environ | {"PYTHONPATH": str(ROOT / "command")}
    command = [sys.executable, "-c", MEASURED, "report", str(log), "--json"]
    started = time.monotonic()
    finished = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return Cost(time.monotonic() - started, int(finished.stderr.split()[-1]) / 1024, finished.stdout)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        for name, size in (("small", 1_000_000), ("large", GIGABYTE)):
            path = Path(directory) / name
            count = write_log(path, size)
            cost = report(path)
            print(
                f"{path.stat().st_size:,} bytes, {count:,} invocations: {cost.seconds:.0f} s, {cost.megabytes:.0f} MB"
            )
