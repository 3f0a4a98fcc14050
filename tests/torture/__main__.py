"""`python -m tests.torture`: play thousands of cycles to each client and print what came of them.

Exits with 1 if a request was sent twice, a caller got the answer of another one, an idempotent request surfaced as an
error, or a POST did where a server can be seen to have gone.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
from datetime import date
from pathlib import Path

from tests.torture import node, report
from tests.torture.callers import ASYNC, CALLERS
from tests.torture.cycles import play
from tests.torture.origins import World

# What users have today: a client of the module's own, as each library's documentation advises.
TODAY = ("requests", "httpx", "boto3", *node.WITHOUT_LAYER)

# Of `--cycles` the part that each client gets, by the time that it would take: those in Node are many.
PART_ASYNC, PART_NODE = 5, 10

LAYERED = (*CALLERS, *node.WITH_LAYER)
ALL = tuple(dict.fromkeys((*LAYERED, *TODAY)))
# What is shown side by side.
TABLES = (tuple(CALLERS), *node.VERSIONS)


def main() -> None:
    parser = argparse.ArgumentParser(description="Freeze, thaw and betray connections, thousands of times.")
    parser.add_argument("--client", action="append", choices=ALL, help="repeatable; all if not given")
    parser.add_argument(
        "--cycles", type=int, default=10_000, help="per sync client, a fifth per async one and a tenth per one in Node"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="by default a new one")
    options = parser.parse_args()
    clients = options.client or ALL
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}, seed {options.seed}\n", flush=True)
    results = []
    layered = [name for name in clients if name in LAYERED]
    for layer, names in ((True, layered), (False, [name for name in TODAY if name in clients])):
        for client in names:
            cycles = options.cycles // (PART_ASYNC if client in ASYNC else PART_NODE if node.is_node(client) else 1)
            # A world of its own, so that a connection that is still closing is nobody else's.
            with tempfile.TemporaryDirectory() as directory, World(Path(directory)) as world:
                result = play(world, client, layer=layer, cycles=cycles, seed=options.seed)
            print(f"{report.name_of(result)}: {cycles / result.seconds:.0f} cycles/s", file=sys.stderr, flush=True)
            results.append(result)
    print(report.totals(results))
    for compared in TABLES:
        pairs = [result for result in results if result.client in TODAY and result.client in compared]
        if pairs:
            pairs.sort(key=lambda result: (TODAY.index(result.client), result.layer))
            print(f"\nNew connections / GET surfaced / POST surfaced:\n\n{report.by_betrayal(pairs)}")
    failures = [f"{report.name_of(result)}: {line}" for result in results if result.layer for line in result.broken]
    print("\n" + ("\n".join(failures) or "All promises were kept."))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
