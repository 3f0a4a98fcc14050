"""What it costs to lose a load balancer's cookie: without the layer, with it, with KEEPALIVE_STICKY_HOSTS, by hand.

    python -m benchmarks.sticky [--fetching 20] [--round-trip 1] [--rounds 9] [--version 22] [--chart FILE.svg]

A simulation: a load balancer with two targets that hold state for their clients. One that a client was not on last
needs the given milliseconds to get the state from the other. Each variant has a load balancer of its own, which counts
where the calls landed. How much faster the option makes a service depends on that price alone.
"""

import argparse
import itertools
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.charts import draw
from benchmarks.turns import LAYER, VARIANTS, Caller, Ends, Row, heading, medians, round_trip, take_turns
from tests.local.delay import Unavailable
from tests.node import toolchain
from tests.node.interpreter import lay_out
from tests.support.certificates import Authority
from tests.support.load_balancer import LoadBalancer
from tests.support.origin import Origin

WITHOUT, LAYERED, BY_HAND = VARIANTS
STICKY = (WITHOUT, LAYERED, "and sticky", BY_HAND)
CALLS = 10


def compare(
    language: str, program: list[str | Path], ends: Ends, authority: Authority, options: argparse.Namespace
) -> Row:
    """Time the calls of one language, and print how many changed their target."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
    environ |= dict.fromkeys(("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"), str(authority.bundle))
    environ["NODE_NO_WARNINGS"] = "1"
    variables = {WITHOUT: {}, LAYERED: LAYER[language], BY_HAND: {}}
    variables["and sticky"] = LAYER[language] | {"KEEPALIVE_STICKY_HOSTS": ends.host}
    balancers, callers = {}, {}
    with ExitStack() as stack:
        for variant in STICKY:
            with ends.at_server():
                served = Origin(tls=authority, host=ends.host, names=(ends.host,), keep_requests=False)
                origin = stack.enter_context(served)
            balancers[variant] = LoadBalancer(origin, fetching=options.fetching / 1000)
            way = "kept" if variant == BY_HAND else "careless"
            with ends.at_client():
                callers[variant] = Caller([*program, way, f"{origin.url}/sticky"], environ | variables[variant])
        row = take_turns(language, callers, CALLS, options.rounds, warm_up=CALLS)
    print(row)
    for variant, balancer in balancers.items():
        changes = sum(one != other for one, other in itertools.pairwise(balancer.landed))
        print(f"    {variant}: {changes} of {len(balancer.landed)} calls landed on another target than the one before")
    return row


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time calls to a load balancer with sticky targets.")
    parser.add_argument("--fetching", type=float, default=20, help="ms of a new target (default: %(default)s)")
    parser.add_argument("--round-trip", type=float, default=1, help="milliseconds (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--version", default="22", choices=toolchain.NODE_VERSIONS, help="of Node")
    parser.add_argument("--chart", type=Path, help="draw the table as an SVG file, too")
    options = parser.parse_args()
    where = f"round trip of {options.round_trip:g} ms" if options.round_trip else "loopback"
    print(f"a target takes {options.fetching:g} ms to get a client's state from the other one, {where}, ", end="")
    print(f"Node {options.version}, Python {platform.python_version()}")
    print(heading("one call", STICKY))
    try:
        with tempfile.TemporaryDirectory() as scratch, round_trip(options.round_trip) as ends:
            directory = lay_out(Path(scratch) / "calls")
            for script in ("answer.cjs", "sticky_calls.cjs"):
                (directory / script).write_bytes(Path(__file__).with_name(script).read_bytes())
            programs: dict[str, list[str | Path]] = {
                "node": [toolchain.node(options.version), directory / "sticky_calls.cjs"],
                "python": [sys.executable, "-m", "benchmarks.sticky_calls"],
            }
            authority = Authority(Path(scratch))
            rows = [compare(language, program, ends, authority, options) for language, program in programs.items()]
    except Unavailable as reason:
        sys.exit(f"not measured: {reason}")
    if options.chart:
        draw(options.chart, f"One call to a load balancer with two targets, {where}", medians(rows))


if __name__ == "__main__":
    main()
