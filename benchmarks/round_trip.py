"""What careless calls cost where the network is slow: with the layer, beside expert code without it.

    python -m benchmarks.round_trip [--client requests ...] [--rounds 15]

Client and origin are in two networks with a delay line between them (tests.local.delay), which needs root. Wall time
of one HTTPS call; rounds take turns and ratios are taken round by round. The aim is 1.10 for every client: a second
round trip in a call would make it 2.
"""

import argparse
import platform
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import certifi

from benchmarks.calls import CLIENTS
from benchmarks.clients import Variant, environment
from tests.local.delay import DelayLine, Unavailable
from tests.support.origin import OriginProcess

ROUND_TRIPS_MS = (1, 10)

# Calls in one round. Without the layer each loads a CA bundle and takes three round trips or more.
CALLS = {"careless": 2, "careless + layer": 20, "expert": 20}


def connect_time(line: DelayLine, count: int = 50) -> float:
    """Milliseconds that a TCP connection takes, the median: the round trip as it really is."""
    with line.far.entered():
        server = socket.create_server((line.far_address, 0), backlog=count)
    samples = []
    with server, line.near.entered():
        for _ in range(count):
            began = time.perf_counter()
            socket.create_connection(server.getsockname()).close()
            samples.append((time.perf_counter() - began) * 1000)
    return statistics.median(samples)


def measure(client: str, rounds: int, line: DelayLine, environ: dict[str, str]) -> str:
    """The line of one client."""
    with line.near.entered():
        variants = {name: Variant(sys.executable, client, name, environ) for name in CALLS}
    samples: dict[str, list[float]] = {name: [] for name in CALLS}
    for turn in range(rounds):
        for name in sorted(CALLS, reverse=bool(turn % 2)):
            samples[name].append(variants[name].round(CALLS[name])[1] / 1000)
    for variant in variants.values():
        variant.close()
    ratios = [layer / expert for layer, expert in zip(samples["careless + layer"], samples["expert"], strict=True)]
    times = "".join(f"{statistics.median(samples[name]):18.2f}" for name in CALLS)
    return f"{client:16}{times}{statistics.median(ratios):10.2f}"


def run(milliseconds: int, clients: list[str], rounds: int) -> None:
    """Print the table of one round trip."""
    with DelayLine(milliseconds / 2000) as line, tempfile.TemporaryDirectory() as directory:
        print(f"\nround trip of {milliseconds} ms (a TCP connection takes {connect_time(line):.2f} ms)", flush=True)
        print(f"{'ms of one call':16}" + "".join(f"{name:>18}" for name in CALLS) + f"{'ratio':>10}")
        with line.far.entered(), OriginProcess(Path(directory), roots=certifi.where(), host=line.far_address) as origin:
            environ = environment(origin)
            for client in clients:
                print(measure(client, rounds, line, environ), flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time calls over a slow network, careless and expert.")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="repeatable; all if not given")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, HTTPS, {options.rounds} rounds")
    print("ratio: careless + layer / expert (which has no layer), aim 1.10")
    try:
        for milliseconds in ROUND_TRIPS_MS:
            run(milliseconds, options.client or list(CLIENTS), options.rounds)
    except Unavailable as reason:
        print(f"not measured: {reason}")


if __name__ == "__main__":
    main()
