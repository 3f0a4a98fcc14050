"""What calls of Node functions cost: careless ones without and with the layer, beside an expert's without it.

    python -m benchmarks.node [--version 22] [--rounds 9] [--starts 30] [--delay MILLISECONDS]

HTTPS to an origin in a process of its own; rounds take turns and ratios are taken round by round. Then the start: what
preloading adds to `node`, beside an empty file that loads `http`, as the runtime does anyway. With `--delay` client and
origin are in two networks with such a round trip between them, which needs root.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from tests.local.delay import DelayLine
from tests.node import toolchain
from tests.node.interpreter import PRELOAD, lay_out
from tests.support.origin import OriginProcess

# In each the way of the expert is one lasting agent, client or dispatcher.
SCENARIOS = (
    "https, agent cached",
    "https, keep-alive agent per call",
    "https, cached agent without keep-alive",
    "https, agent per call",
    "fetch, dispatcher per call",
    "axios",
    "AWS SDK 3, client per call",
)
VARIANTS = {"without": ("careless", False), "with": ("careless", True), "expert": ("expert", False)}
CALLS, WARM_UP = 50, 20


class Caller:
    """A Node process that makes the calls of one variant when told to."""

    def __init__(self, node: Path, directory: Path, scenario: str, variant: str, origin: OriginProcess) -> None:
        way, layer = VARIANTS[variant]
        environ = {"NODE_EXTRA_CA_CERTS": str(origin.bundle), "KEEPALIVE_LOOPBACK": "1", "NODE_NO_WARNINGS": "1"}
        if layer:
            environ["NODE_OPTIONS"] = f"--require {PRELOAD}"
        self._process = subprocess.Popen(
            [node, directory / "node_calls.cjs", scenario, way, origin.url],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, calls: int) -> tuple[float, float]:
        """Microseconds of wall time and of CPU time per call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{calls}\n")
        self._process.stdin.flush()
        wall, cpu = json.loads(self._process.stdout.readline())
        return wall, cpu

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def compare(node: Path, directory: Path, scenario: str, origin: OriginProcess, rounds: int) -> str:
    """The line of one scenario."""
    callers = {variant: Caller(node, directory, scenario, variant, origin) for variant in VARIANTS}
    for caller in callers.values():
        caller(WARM_UP)
    samples: dict[str, list[tuple[float, float]]] = {variant: [] for variant in VARIANTS}
    for turn in range(rounds):
        for variant in sorted(VARIANTS, reverse=bool(turn % 2)):
            samples[variant].append(callers[variant](CALLS))
    for caller in callers.values():
        caller.close()

    def ratio(over: str, under: str, which: int) -> float:
        pairs = zip(samples[over], samples[under], strict=True)
        return statistics.median(above[which] / below[which] for above, below in pairs)

    times = "".join(f"{statistics.median(wall for wall, _ in samples[variant]) / 1000:9.2f}" for variant in VARIANTS)
    faster = ratio("without", "with", 0)
    return f"{scenario:40}{times}{faster:9.1f}{ratio('with', 'expert', 0):9.2f}{ratio('with', 'expert', 1):10.2f}"


def starts(node: Path, directory: Path, count: int) -> str:
    """What preloading the layer adds to a start: the median of pairs, in milliseconds."""
    empty = directory / "empty.cjs"
    empty.write_text("require('http');\n")
    differences = []
    for turn in range(count):
        times = {}
        for name, files in sorted({"base": [empty], "layer": [empty, PRELOAD]}.items(), reverse=bool(turn % 2)):
            began = time.perf_counter()
            subprocess.run([node, *(f"--require={file}" for file in files), "-e", "0"], check=True, env={})
            times[name] = (time.perf_counter() - began) * 1000
        differences.append(times["layer"] - times["base"])
    return f"start: {statistics.median(differences):.2f} ms more (median of {count} pairs)"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time calls of Node functions without and with the layer.")
    parser.add_argument("--version", default="22", choices=toolchain.NODE_VERSIONS)
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--starts", type=int, default=30, help="default: %(default)s")
    parser.add_argument("--delay", type=float, help="milliseconds of a round trip; none by default")
    options = parser.parse_args()
    node = toolchain.node(options.version)
    print(f"{'Node ' + options.version:40}{'ms: without':>11}{'with':>7}{'expert':>9}{'faster':>9}", end="")
    print(f"{'wall/exp.':>9}{'CPU/exp.':>10}")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        directory = lay_out(Path(scratch) / "calls")
        (directory / "node_calls.cjs").write_bytes(Path(__file__).with_name("node_calls.cjs").read_bytes())
        near: AbstractContextManager[None] = nullcontext()
        if options.delay is None:
            origin = stack.enter_context(OriginProcess(Path(scratch)))
        else:
            line = stack.enter_context(DelayLine(options.delay / 2000))
            with line.far.entered():
                origin = stack.enter_context(OriginProcess(Path(scratch), host=line.far_address))
            near = line.near.entered()
        with near:
            for scenario in SCENARIOS:
                print(compare(node, directory, scenario, origin, options.rounds), flush=True)
        print(starts(node, directory, options.starts))


if __name__ == "__main__":
    main()
