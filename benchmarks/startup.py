"""What the layer adds to the start of an interpreter, side by side in one run.

    python -m benchmarks.startup [--runs 40] [--python PATH ...]

Uses the built layer (bytecode included), as /opt would be. Wall time of `python -c pass` in turns with and without;
peak memory as the kernel counts it. Budget: under 2 ms and 1 MB.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYER = ROOT / "build" / ("arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64")


PROGRAMS = ("pass", "import http.client")


def start(python: str, program: str, environ: dict[str, str]) -> tuple[float, float]:
    """Milliseconds that one start takes, and its peak memory in KiB."""
    began = time.perf_counter()
    process = subprocess.Popen([python, "-c", program], env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = (time.perf_counter() - began) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    return elapsed, usage.ru_maxrss


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time the start of an interpreter without and with the layer.")
    parser.add_argument("--runs", type=int, default=40, help="default: %(default)s")
    parser.add_argument("--python", action="append", help="an interpreter; repeatable")
    options = parser.parse_args()
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
    variants = {"bare": bare, "layer": {**bare, "PYTHONPATH": str(LAYER / "lambda-keepalive" / "python")}}
    print(f"{'':34}{'without ms':>12}{'added ms':>10}{'added KiB':>11}   (medians of {options.runs} runs in turns)")
    for python in options.python or [sys.executable]:
        version = subprocess.check_output([python, "-V"], text=True).strip()
        for program in PROGRAMS:
            samples: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
            for turn in range(options.runs):
                for name in sorted(variants, reverse=bool(turn % 2)):
                    samples[name].append(start(python, program, variants[name]))
            pairs = list(zip(samples["bare"], samples["layer"], strict=True))
            base = statistics.median(without[0] for without, _ in pairs)
            added = statistics.median(layer[0] - without[0] for without, layer in pairs)
            memory = statistics.median(layer[1] - without[1] for without, layer in pairs)
            print(f"{version:14}{program:20}{base:12.1f}{added:10.2f}{memory:11.0f}", flush=True)


if __name__ == "__main__":
    main()
