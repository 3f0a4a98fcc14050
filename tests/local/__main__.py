"""Runs a function with a layer on the local emulator and prints what the platform would log.

For example: python -m tests.local --function samples/python-requests --layer build/x86_64 --invocations 4
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .emulator import Emulator
from .invocation import Invocation


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.local", description="Run a function on a local Lambda.")
    parser.add_argument("--function", type=Path, required=True, metavar="DIRECTORY", help="the function's code")
    parser.add_argument("--handler", default="app.handler", help="module.function (default: %(default)s)")
    parser.add_argument("--layer", type=Path, metavar="DIRECTORY", help="what is mounted on /opt, e.g. build/x86_64")
    parser.add_argument("--event", metavar="FILE", help="a JSON file; looked for in the function's directory too")
    parser.add_argument("--invocations", type=int, default=1, metavar="N", help="how many, one after the other")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable of the function")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has awslambdaric")
    parser.add_argument("--memory", type=int, default=128, metavar="MB", help="told to the function, not enforced")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="of one invocation")
    parser.add_argument("--no-freeze", action="store_true", help="let the sandbox run between invocations")
    parser.add_argument("--max-concurrency", type=int, metavar="N", help="Managed Instances mode with N workers")
    options = parser.parse_args(arguments)
    for pair in options.env:
        if "=" not in pair:
            parser.error(f"--env {pair}: expected NAME=VALUE")
    options.event = read_event(parser, options.event, options.function)
    return options


def read_event(parser: argparse.ArgumentParser, name: str | None, function: Path) -> Any:
    if name is None:
        return {}
    path = next((path for path in (Path(name), function / name) if path.is_file()), None)
    if path is None:
        parser.error(f"--event {name}: no such file")
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        parser.error(f"--event {name}: {error}")


def report(invocation: Invocation) -> str:
    """The lines around one invocation, in the words of the platform."""
    result = invocation.payload if invocation.error is None else invocation.error
    return "\n".join(
        [
            f"START RequestId: {invocation.request_id}",
            *(line.text for line in invocation.lines),
            json.dumps(result),
            f"REPORT RequestId: {invocation.request_id} Duration: {invocation.duration * 1000:.2f} ms",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 if any invocation ended in an error."""
    options = parse(arguments)
    failed = 0
    with Emulator(
        handler=options.handler,
        task_root=options.function,
        layer=options.layer,
        environ=dict(pair.split("=", 1) for pair in options.env),
        python=options.python,
        memory=options.memory,
        timeout=options.timeout,
        freeze=not options.no_freeze,
        max_concurrency=options.max_concurrency,
    ) as function:
        for _ in range(options.invocations):
            invocation = function.invoke(options.event)
            failed += invocation.error is not None
            print(report(invocation), flush=True)
        printed = len(function.lines)
        function.shutdown()
        for line in function.lines[printed:]:
            print(line.text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
