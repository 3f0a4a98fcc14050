"""Processes that make calls when they are told to, and variants of them that take turns.

A noisy machine hits all variants of a row alike, and ratios are taken turn by turn: they are what counts, the times
drift. Each process reads how many calls to make from standard input and answers with JSON: microseconds of wall time
and of CPU time for one call.
"""

import json
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local.delay import DelayLine
from tests.node.interpreter import PRELOAD

ROOT = Path(__file__).resolve().parents[1]

# Careless code, the same with the layer, and what an expert would write.
VARIANTS = ("without", "with the layer", "by hand")

# What makes the layer part of a process, by language; it leaves loopback alone unless told otherwise.
LAYER = {
    "node": {"NODE_OPTIONS": f"--require {PRELOAD}", "KEEPALIVE_LOOPBACK": "1"},
    "python": {"PYTHONPATH": str(ROOT / "layer/lambda-keepalive/python"), "KEEPALIVE_LOOPBACK": "1"},
}


class Caller:
    """A process that makes calls; it waits between two turns."""

    def __init__(self, command: Sequence[str | Path], environ: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, text=True)

    def __call__(self, calls: int) -> tuple[float, float]:
        """Microseconds of wall time and of CPU time per call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(calls, file=self._process.stdin, flush=True)
        wall, cpu = json.loads(self._process.stdout.readline())
        return wall, cpu

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@dataclass
class Row:
    """What was measured of one scenario, as (wall, CPU) of each turn by variant.

    The first variant is without the layer, the last one by hand, the one before it is judged by both.
    """

    label: str
    samples: dict[str, list[tuple[float, float]]]

    def milliseconds(self, variant: str) -> float:
        """The median of the wall time."""
        return statistics.median(wall for wall, _ in self.samples[variant]) / 1000

    def ratio(self, over: str, under: str, which: int = 0) -> float:
        """The median of the ratios turn by turn, of wall time (0) or CPU time (1)."""
        pairs = zip(self.samples[over], self.samples[under], strict=True)
        return statistics.median(above[which] / below[which] for above, below in pairs)

    def __str__(self) -> str:
        times = "".join(f"{self.milliseconds(variant):16.2f}" for variant in self.samples)
        without, *_, layer, by_hand = self.samples
        ratios = "".join(f"{self.ratio(layer, by_hand, which):9.2f}" for which in (0, 1))
        return f"{self.label:44}{times}{self.ratio(without, layer):9.1f}{ratios}"


def medians(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Milliseconds by label and variant, as `charts.draw` takes them."""
    return {row.label: {variant: row.milliseconds(variant) for variant in row.samples} for row in rows}


def heading(label: str, variants: Sequence[str] = VARIANTS) -> str:
    """What stands above the rows: milliseconds, how many times faster than without, with the layer over by hand."""
    return f"{label:44}" + "".join(f"{each:>16}" for each in variants) + f"{'faster':>9}{'wall':>9}{'CPU':>9}"


def take_turns(label: str, callers: Mapping[str, Caller], calls: int, rounds: int, warm_up: int) -> Row:
    """Have the callers make so many calls in each of so many rounds, after a turn to warm up; ends them."""
    samples: dict[str, list[tuple[float, float]]] = {variant: [] for variant in callers}
    for caller in callers.values():
        caller(warm_up)
    for turn in range(rounds):
        for variant in sorted(callers, reverse=bool(turn % 2)):
            samples[variant].append(callers[variant](calls))
    for caller in callers.values():
        caller.close()
    return Row(label, samples)


@dataclass
class Ends:
    """Where a server and its clients are to be started, and the address on which the clients find the server."""

    host: str
    at_server: Callable[[], AbstractContextManager[Any]]
    at_client: Callable[[], AbstractContextManager[Any]]


@contextmanager
def round_trip(milliseconds: float) -> Iterator[Ends]:
    """Two networks so far from each other; loopback for 0. `tests.local.delay.Unavailable` without the right to."""
    if milliseconds == 0:
        yield Ends("127.0.0.1", nullcontext, nullcontext)
        return
    with DelayLine(milliseconds / 2000) as line:
        yield Ends(line.far_address, line.far.entered, line.near.entered)
