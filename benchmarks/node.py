"""What calls of Node functions cost: careless ones without and with the layer, beside an expert's without it.

    python -m benchmarks.node [--version 22] [--rounds 9] [--starts 30] [--round-trip MS ...] [--chart FILE.svg]

HTTPS to an origin in a process of its own, with a round trip of 1 ms between two networks, which needs root, and on
loopback. The first four lines are the well-known comparison for Redis over REST: connections kept alive or not, by an
agent that is kept or made for each call. Then the start: what preloading adds to `node`, beside an empty file that
loads `http`, as the runtime does anyway.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.charts import draw
from benchmarks.turns import LAYER, VARIANTS, Caller, Row, heading, medians, round_trip, take_turns
from tests.local.delay import Unavailable
from tests.node import toolchain
from tests.node.interpreter import PRELOAD, lay_out
from tests.support.origin import OriginProcess

# In each the way of the expert is one lasting agent, client or dispatcher; in the last one a client for each call, on a
# lasting agent: making the client is the SDK's own work, which no shared connection saves.
KEPT = "https, agent cached"
SCENARIOS = (
    KEPT,
    "https, keep-alive agent per call",
    "https, cached agent without keep-alive",
    "https, agent per call",
    "fetch, dispatcher per call",
    "axios",
    "AWS SDK 3, client per call",
    "AWS SDK 3, by hand only the agent kept",
)
CALLS, WARM_UP = 50, 200

# For what the layer adds to a request of good code: until V8 has compiled all of it, and enough to see microseconds.
STEADY_CALLS, STEADY_WARM_UP, STEADY_ROUNDS = 300, 4000, 25
ROUND_TRIPS_MS = (1.0, 0.0)

# The runtime's client wants to know one when it is loaded; nobody calls it (port 9: discard).
RUNTIME_API = "127.0.0.1:9"


def callers_of(node: Path, directory: Path, scenario: str, origin: OriginProcess) -> dict[str, Caller]:
    """The processes of one scenario, by variant."""
    environ = {"NODE_EXTRA_CA_CERTS": str(origin.bundle), "NODE_NO_WARNINGS": "1"}
    callers = {}
    for variant, way in zip(VARIANTS, ("careless", "careless", "expert"), strict=True):
        layer = LAYER["node"] if variant == VARIANTS[1] else {}
        command: list[str | Path] = [node, directory / "node_calls.cjs", scenario, way, origin.url]
        callers[variant] = Caller(command, environ | layer)
    return callers


def calls(node: Path, milliseconds: float, rounds: int) -> list[Row]:
    """Print the table of one round trip, and return it."""
    where = f"round trip of {milliseconds:g} ms" if milliseconds else "loopback"
    print(f"\n{heading(where)}")
    rows = []
    with tempfile.TemporaryDirectory() as scratch, round_trip(milliseconds) as ends:
        directory = lay_out(Path(scratch) / "calls")
        for script in ("answer.cjs", "node_calls.cjs"):
            (directory / script).write_bytes(Path(__file__).with_name(script).read_bytes())
        with ends.at_server(), OriginProcess(Path(scratch), host=ends.host) as origin, ends.at_client():
            for scenario in SCENARIOS:
                callers = callers_of(node, directory, scenario, origin)
                rows.append(take_turns(scenario, callers, CALLS, rounds, WARM_UP))
                print(rows[-1], flush=True)
            if milliseconds == 0:
                print(f"{KEPT}: the layer adds {added(callers_of(node, directory, KEPT, origin)):.1f} us of CPU")
    return rows


def added(callers: dict[str, Caller]) -> float:
    """Microseconds of CPU time that the layer adds to a request."""
    samples = take_turns(KEPT, callers, STEADY_CALLS, STEADY_ROUNDS, STEADY_WARM_UP).samples
    pairs = zip(samples[VARIANTS[1]], samples[VARIANTS[2]], strict=True)
    return statistics.median(layer[1] - by_hand[1] for layer, by_hand in pairs)


def start(node: Path, files: list[Path], program: str) -> tuple[float, float]:
    """Milliseconds of wall and CPU time that Node takes to run a program with these files preloaded."""
    began = time.perf_counter()
    arguments = [str(node), *(f"--require={file}" for file in files), "-e", program]
    process = os.posix_spawn(node, arguments, {"AWS_LAMBDA_RUNTIME_API": RUNTIME_API})
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - began
    assert status == 0
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def starts(node: Path, count: int) -> None:
    """Print what preloading the layer adds to a start, and what the runtime's client then has it load."""
    addon = node.parents[2] / "aws-lambda-ric-3/dist/rapid-client.node"
    programs = {"node": "0", "node with the runtime's client": f"require({str(addon)!r})"}
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "empty.cjs"
        base.write_text("require('http');\n")
        for name, program in programs.items():
            added: list[tuple[float, float]] = []
            for turn in range(count):
                variants = {"base": [base], "layer": [base, PRELOAD]}
                times = {
                    variant: start(node, variants[variant], program)
                    for variant in sorted(variants, reverse=bool(turn % 2))
                }
                added.append((times["layer"][0] - times["base"][0], times["layer"][1] - times["base"][1]))
            wall, cpu = (statistics.median(each[which] for each in added) for which in (0, 1))
            print(f"start of {name}: {wall:.2f} ms more, {cpu:.2f} ms of CPU (medians of {count} pairs)", flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time calls of Node functions without and with the layer.")
    parser.add_argument("--version", default="22", choices=toolchain.NODE_VERSIONS, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--starts", type=int, default=30, help="default: %(default)s")
    parser.add_argument(
        "--round-trip", type=float, action="append", help="milliseconds; repeatable; 1 and 0 if not given"
    )
    parser.add_argument("--chart", type=Path, help="draw the first table as an SVG file, too")
    options = parser.parse_args()
    node = toolchain.node(options.version)
    print(f"Node {options.version}, HTTPS, {options.rounds} rounds")
    starts(node, options.starts)
    for number, milliseconds in enumerate(options.round_trip or ROUND_TRIPS_MS):
        try:
            rows = calls(node, milliseconds, options.rounds)
        except Unavailable as reason:
            print(f"not measured: {reason}")
            continue
        if options.chart and number == 0:
            draw(options.chart, f"One call of a Node function, round trip of {milliseconds:g} ms", medians(rows))


if __name__ == "__main__":
    main()
