"""Whether memory and descriptors stay flat while careless calls go on, with the layer.

    python -m benchmarks.memory [--client requests ...] [--calls 100000]

One process for each client calls an HTTPS origin in another. It is watched from outside: resident memory and open
descriptors by the kernel's word, connections by the origin's, so that nothing in the process is counted by what might
leak. Exit status 1 if anything grows. Far fewer calls show CPython's own caches fill, such as that of type
attributes, with up to 4096 names.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import certifi

from benchmarks.calls import CLIENTS
from benchmarks.clients import Variant, environment
from tests.support.origin import OriginProcess

SAMPLES = 50

# The first tenth fills caches and the allocator's arenas; growth is judged from there on.
WARM_UP = SAMPLES // 10

# Bytes a call. The smallest thing that can be kept for each call is an `object()` (16 bytes) in a list (8 bytes);
# over 100,000 calls, one more of the allocator's arenas (1 MiB) is 10 bytes a call and no leak.
MOST_GROWTH = 16


@dataclass(frozen=True)
class Sample:
    """What a process holds after so many calls: bytes, descriptors, connections open at the origin."""

    calls: int
    resident: int
    descriptors: int
    connections: int


def look(pid: int, calls: int, origin: OriginProcess) -> Sample:
    """Watch the process as it waits."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Sample(
        calls, pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd")), origin.counts()["open"]
    )


def watch(client: str, calls: int, origin: OriginProcess, environ: dict[str, str]) -> list[Sample]:
    """Samples at equal distances over so many calls."""
    variant = Variant(sys.executable, client, "careless + layer", environ)
    samples = []
    for number in range(1, SAMPLES + 1):
        variant.round(calls // SAMPLES)
        samples.append(look(variant.pid, number * calls // SAMPLES, origin))
    variant.close()
    return samples


def growth(samples: list[Sample]) -> float:
    """Bytes of resident memory a call: the slope of the least-squares line."""
    return statistics.linear_regression(
        [sample.calls for sample in samples], [sample.resident for sample in samples]
    ).slope


def main() -> int:
    """Watch what the command line asks for; the exit status."""
    parser = argparse.ArgumentParser(description="Look for growth over many careless calls with the layer.")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="repeatable; all if not given")
    parser.add_argument("--calls", type=int, default=100_000, help="default: %(default)s")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, HTTPS on loopback, {options.calls} calls each")
    print(f"{'':16}{'resident MiB':>20}{'bytes':>9}{'descriptors':>14}{'idle':>6}{'connections':>13}{'minutes':>9}")
    print(f"{'':16}{'warm':>10}{'end':>10}{'a call':>9}{'warm':>7}{'end':>7}{'end':>6}{'in all':>13}")
    grown = 0
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        environ = environment(origin)
        for client in options.client or CLIENTS:
            origin.reset()
            began = time.monotonic()
            samples = watch(client, options.calls, origin, environ)[WARM_UP:]
            warm, end, slope = samples[0], samples[-1], growth(samples)
            flat = slope < MOST_GROWTH and end.descriptors <= warm.descriptors and end.connections <= warm.connections
            grown += not flat
            print(
                f"{client:16}{warm.resident / 2**20:10.1f}{end.resident / 2**20:10.1f}{slope:9.2f}"
                f"{warm.descriptors:7}{end.descriptors:7}{end.connections:6}{origin.counts()['accepted']:13}"
                f"{(time.monotonic() - began) / 60:9.1f}" + ("" if flat else "  GROWS"),
                flush=True,
            )
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
