"""`make soak`: an hour of mixed load on one function with the layer, which is frozen and loses connections in between.

    python -m benchmarks.soak [--minutes 60] [--seed 1]

At every look, to the last request:

| what CloudWatch gets | what the servers counted |
| --- | --- |
| `RequestsSent` + `RequestsReplayed` | requests received: what is replayed here was read before its connection died |
| `ConnectionsOpened` | connections accepted |
| `ConnectionsReused` | requests received that were not the first on their connection |
| `ConnectionsIdle` | connections open, once the function's garbage is collected |

What is allocated and the descriptors stay flat. Exit status 1 if anything of it does not hold, or a call has another
outcome than it must.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

from benchmarks.memory import MOST_GROWTH
from benchmarks.mixed_load import ROOT, Look, mixed_load

# An invocation takes about half a second; a look costs little beside ten of them.
CALLS = 200
INVOCATIONS = 10

# What is kept for each call is at least one block of memory a call; a cache that still grows is far below.
MOST_BLOCKS = 0.5

# Of fewer calls bytes tell nothing: one more boto3 client (350 KiB) would be more than `MOST_GROWTH` a call.
ENOUGH_TO_JUDGE = 50_000

HEAD = "minute    calls  MiB  KiB used  blocks  descriptors  sent+replayed  received  opened  accepted  reused  idle"


def warm(looks: list[Look]) -> list[Look]:
    """The second half: the first fills caches and the allocator's arenas."""
    return looks[len(looks) // 2 :]


def blocks_a_call(looks: list[Look]) -> float:
    """What typically comes from one look to the next. A step is no growth: the layer keeps as many boto3 clients as
    were ever in use at once, of 3,500 blocks each."""
    return statistics.median((two.blocks - one.blocks) / (two.calls - one.calls) for one, two in pairwise(looks))


def bytes_a_call(looks: list[Look]) -> float:
    """The slope of the least-squares line of what the C library's allocator has given out."""
    return statistics.linear_regression([look.calls for look in looks], [look.allocated for look in looks]).slope


def broken(looks: list[Look]) -> list[str]:
    """The promises that were not kept, by what was seen."""
    found = [f"after {look.calls} calls, {line}" for look in looks for line in look.disagreements()]
    looks = warm(looks)
    first, last = looks[0], looks[-1]
    if last.descriptors > first.descriptors:
        found.append(f"{last.descriptors - first.descriptors} more descriptors")
    if blocks_a_call(looks) > MOST_BLOCKS:
        found.append(f"{blocks_a_call(looks):.2f} more blocks a call")
    if last.calls - first.calls >= ENOUGH_TO_JUDGE and bytes_a_call(looks) > MOST_GROWTH:
        found.append(f"{bytes_a_call(looks):.1f} more bytes a call")
    return found


def row(minutes: float, look: Look) -> str:
    """A line under `HEAD`."""
    (sent, received), (opened, accepted), (reused, _), (idle, _) = look.counts.values()
    return (
        f"{minutes:6.1f}{look.calls:9}{look.resident / 2**20:5.0f}{look.allocated / 1024:10.0f}{look.blocks:8}"
        f"{look.descriptors:13}{sent:15}{received:10}{opened:8}{accepted:10}{reused:8}{idle:6}"
    )


def main() -> int:
    """Load the function for as long as the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(description="Look for growth and for wrong counts under mixed load.")
    parser.add_argument("--minutes", type=float, default=60, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="by default a new one")
    options = parser.parse_args()
    layer = ROOT / "build" / ("arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}, seed {options.seed}\n\n{HEAD}", flush=True)
    looks: list[Look] = []
    with tempfile.TemporaryDirectory() as directory, mixed_load(layer, Path(directory), options.seed) as load:
        began = time.monotonic()
        passed, due = 0.0, 0
        while passed < options.minutes or len(warm(looks)) < 2:
            for _ in range(INVOCATIONS):
                load.invoke(CALLS)
            looks.append(load.look())
            passed = (time.monotonic() - began) / 60
            if passed >= due or passed >= options.minutes:
                due += 1
                print(row(passed, looks[-1]), flush=True)
    settled = warm(looks)
    judged = settled[-1].calls - settled[0].calls >= ENOUGH_TO_JUDGE
    growth = f"{blocks_a_call(settled):.4f} blocks, {bytes_a_call(settled):.1f} bytes"
    print(f"\nGrowth a call in the second half: {growth}{'' if judged else ' (too few calls to judge bytes)'}.")
    failures = broken(looks) + load.wrong
    print("\n".join(failures) or "All promises were kept.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
