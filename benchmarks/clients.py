"""What a call costs, careless and expert, without and with the layer, side by side in one run.

    python -m benchmarks.clients [--client requests ...] [--rounds 15] [--python PATH ...] [--chart FILE]

Each of the four variants runs in a process of its own against one HTTPS origin in another. Rounds take turns, and
ratios are taken round by round, so that the drift of a noisy machine hits all four alike. CPU time is the client's own.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import certifi

from benchmarks.calls import CLIENTS
from benchmarks.charts import draw
from tests.support.origin import OriginProcess

ROOT = Path(__file__).resolve().parents[1]

# Calls in one round: about a tenth of a second each, short enough for a round to see one state of the machine.
CALLS = {"careless": 5, "careless + layer": 150, "expert": 150, "expert + layer": 150}
CHARTED = ("careless", "careless + layer", "expert")
RATIOS = (("careless + layer", "expert"), ("expert + layer", "expert"), ("careless", "careless + layer"))


class Variant:
    """One process that makes calls on demand."""

    def __init__(self, python: str, client: str, variant: str, environ: dict[str, str]) -> None:
        if variant.endswith("layer"):
            layer = {"PYTHONPATH": str(ROOT / "layer" / "lambda-keepalive" / "python"), "KEEPALIVE_LOOPBACK": "1"}
            environ = {**environ, **layer}
        self._calls = CALLS[variant]
        self._process = subprocess.Popen(
            [python, str(ROOT / "benchmarks" / "calls.py"), client, variant.split()[0]],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> list[float]:
        assert self._process.stdout is not None
        answer: list[float] = json.loads(self._process.stdout.readline())
        return answer

    def round(self, calls: int | None = None) -> list[float]:
        """CPU and wall time of one call, in microseconds, over this many calls."""
        assert self._process.stdin is not None
        print(calls or self._calls, file=self._process.stdin, flush=True)
        return self._answer()

    @property
    def pid(self) -> int:
        """The process, which waits between two rounds."""
        return self._process.pid

    def close(self) -> None:
        self._process.communicate()


def environment(origin: OriginProcess) -> dict[str, str]:
    """The variables of a process that calls the origin, without any of the layer."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
    environ |= {"TARGET_URL": origin.url, "AWS_DEFAULT_REGION": "eu-central-1"}
    environ |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    environ |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), str(origin.bundle))
    return environ


def measure(python: str, client: str, rounds: int, environ: dict[str, str]) -> dict[str, float]:
    """Print one line for the client; milliseconds of CPU time of one call by variant."""
    variants = {name: Variant(python, client, name, environ) for name in CALLS}
    samples: dict[str, list[list[float]]] = {name: [] for name in variants}
    for turn in range(rounds):
        for name in sorted(variants, reverse=bool(turn % 2)):
            samples[name].append(variants[name].round())
    for variant in variants.values():
        variant.close()
    cpu = {name: statistics.median(sample[0] for sample in taken) for name, taken in samples.items()}
    line = f"{client:12}" + "".join(f"{cpu[name]:11.0f}" for name in CALLS)
    for kind in (0, 1):
        for one, other in RATIOS:
            pairs = zip(samples[one], samples[other], strict=True)
            line += f"{statistics.median(a[kind] / b[kind] for a, b in pairs):9.2f}"
    print(line, flush=True)
    return {name: cpu[name] / 1000 for name in CHARTED}


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time careless and expert calls without and with the layer.")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="repeatable; all if not given")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--python", action="append", help="an interpreter that has the clients; repeatable")
    parser.add_argument("--chart", type=Path, help="draw the lines of the last interpreter as an SVG file, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        environ = environment(origin)
        for python in options.python or [sys.executable]:
            version = subprocess.check_output([python, "-V"], text=True).strip()
            print(f"\n{version}, {platform.machine()}, HTTPS on loopback, {options.rounds} rounds")
            print(f"{'':12}{'CPU of one call, us':>44}{'CPU ratios':>27}{'wall ratios':>27}")
            heads = ("careless", "+ layer", "expert", "+ layer", *("layer/exp", "exp+l/exp", "gain") * 2)
            print(f"{'':12}" + "".join(f"{head:>{11 if i < 4 else 9}}" for i, head in enumerate(heads)))
            rows = {client: measure(python, client, options.rounds, environ) for client in options.client or CLIENTS}
    if options.chart:
        draw(options.chart, f"CPU time of one HTTPS call on loopback, {version}", rows)


if __name__ == "__main__":
    main()
