"""What functions that put items into DynamoDB take for an invocation: without the layer, with it, written by hand.

    python -m benchmarks.dynamodb [--round-trip 1] [--rounds 9] [--version 22] [--chart FILE.svg]

The server is dynalite, over TLS, in a network of its own with such a round trip to it (milliseconds, 0 for loopback),
which needs root. The aim for ten puts with a connection for each: three times faster than without the layer, and
within 1.15 of what is written by hand, which is a client that is kept. Where only its agent is kept by hand, the client
is made anew, too: that is all that any layer can reach, since making the client is the SDK's own work.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.charts import draw
from benchmarks.turns import LAYER, VARIANTS, Caller, Ends, Row, heading, medians, round_trip, take_turns
from tests.local.delay import Unavailable
from tests.node import toolchain
from tests.node.interpreter import lay_out
from tests.support.certificates import Authority

SCRIPTS = ("answer.cjs", "dynalite.cjs", "puts.cjs")

# The ways of careless code that puts.cjs has for SDK 3.
PER_INVOCATION, PER_PUT = "SDK 3 client per invocation", "SDK 3 client per put"

# What runs it, as people write it, as an expert would, puts in an invocation.
SCENARIOS = {
    "AWS SDK 2, one put": ("node", "SDK 2", "SDK 2 kept", 1),
    "AWS SDK 2, ten puts": ("node", "SDK 2", "SDK 2 kept", 10),
    "AWS SDK 3, one put, client in the handler": ("node", PER_INVOCATION, "SDK 3 kept", 1),
    "AWS SDK 3, ten puts, client in the handler": ("node", PER_INVOCATION, "SDK 3 kept", 10),
    "AWS SDK 3, ten puts, client for each": ("node", PER_PUT, "SDK 3 kept", 10),
    "SDK 3, one put, agent kept by hand": ("node", PER_INVOCATION, f"{PER_INVOCATION}, agent kept", 1),
    "SDK 3, ten puts, agent kept by hand": ("node", PER_INVOCATION, f"{PER_INVOCATION}, agent kept", 10),
    "SDK 3, client for each, agent kept by hand": ("node", PER_PUT, f"{PER_PUT}, agent kept", 10),
    "boto3, one put, client in the handler": ("python", "per-invocation", "kept", 1),
    "boto3, ten puts, client in the handler": ("python", "per-invocation", "kept", 10),
    "boto3, ten puts, client for each": ("python", "per-put", "kept", 10),
}

# In one turn, so that a turn without the layer takes half a second or less.
PUTS_PER_TURN = 30


@contextmanager
def dynalite(node: Path, directory: Path, ends: Ends, authority: Authority) -> Iterator[str]:
    """The URL of a server, which ends with the block."""
    certificate = authority.issue(ends.host)
    command: list[str | Path] = [node, directory / "dynalite.cjs", ends.host, certificate.path]
    environ = {"NODE_EXTRA_CA_CERTS": str(authority.bundle), "NODE_NO_WARNINGS": "1"}
    pipe = subprocess.PIPE
    with ends.at_server(), subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def compare(scenario: str, node: Path, directory: Path, url: str, bundle: Path, rounds: int) -> Row:
    """Time one scenario."""
    language, careless, by_hand, puts = SCENARIOS[scenario]
    program = [node, directory / "puts.cjs"] if language == "node" else [sys.executable, "-m", "benchmarks.puts"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
    environ |= {"NODE_EXTRA_CA_CERTS": str(bundle), "NODE_NO_WARNINGS": "1", "AWS_CA_BUNDLE": str(bundle)}
    environ |= {"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    environ |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    ways = dict(zip(VARIANTS, (careless, careless, by_hand), strict=True))
    callers = {
        variant: Caller([*program, way, str(puts), url], environ | (LAYER[language] if variant == VARIANTS[1] else {}))
        for variant, way in ways.items()
    }
    calls = PUTS_PER_TURN // puts
    return take_turns(scenario, callers, calls, rounds, warm_up=calls)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time invocations that put items into DynamoDB.")
    parser.add_argument("--round-trip", type=float, default=1, help="milliseconds (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    parser.add_argument(
        "--version", default="22", choices=toolchain.NODE_VERSIONS, help="of Node (default: %(default)s)"
    )
    parser.add_argument("--chart", type=Path, help="draw the table as an SVG file, too")
    options = parser.parse_args()
    node = toolchain.node(options.version)
    where = f"round trip of {options.round_trip:g} ms" if options.round_trip else "loopback"
    print(f"dynalite over TLS, {where}, Node {options.version}, Python {platform.python_version()}")
    print(heading("one invocation"))
    rows = []
    try:
        with tempfile.TemporaryDirectory() as scratch, round_trip(options.round_trip) as ends:
            directory = lay_out(Path(scratch) / "puts")
            for script in SCRIPTS:
                (directory / script).write_bytes(Path(__file__).with_name(script).read_bytes())
            authority = Authority(Path(scratch))
            with dynalite(node, directory, ends, authority) as url, ends.at_client():
                for scenario in SCENARIOS:
                    row = compare(scenario, node, directory, url, authority.bundle, options.rounds)
                    print(row, flush=True)
                    rows.append(row)
    except Unavailable as reason:
        sys.exit(f"not measured: {reason}")
    if options.chart:
        draw(options.chart, f"One invocation that puts items into DynamoDB, {where}", medians(rows))


if __name__ == "__main__":
    main()
