"""`lambda-keepalive audit`."""

from __future__ import annotations

import argparse
from pathlib import Path

from keepalive_command.audit import output
from keepalive_command.audit.findings import UNREADABLE, Audit, BlindSpot
from keepalive_command.audit.javascript_calls import find_javascript_calls
from keepalive_command.audit.python_calls import find_python_calls
from keepalive_command.audit.sources import JAVASCRIPT, LARGEST, PYTHON, Source, Tree, open_tree, select
from keepalive_command.errors import CommandError, Exit
from keepalive_command.terminal import Advance, Terminal

NAME = "audit"
SUMMARY = "find the HTTP calls of a function, and which of them open connections"
DESCRIPTION = """\
Read the source code of a function (Python, JavaScript, TypeScript; a directory, a file or a deployment zip) and list
each place that opens HTTP connections: which client, whether it reuses connections today, whether the layer covers it,
what would be better. Nothing is run or imported. What the audit cannot see is listed at the end.

  lambda-keepalive audit my-function/
  lambda-keepalive audit package.zip --json
  lambda-keepalive audit . --sarif > audit.sarif     for code scanning
  lambda-keepalive audit . --check                   exit code 1 if a call opens connections"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its part of the command line."""
    parser.add_argument("path", type=Path, help="directory, file or zip of the function")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print JSON")
    formats.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0")
    parser.add_argument("--dependencies", action="store_true", help="look into installed packages, too")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a call opens connections")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Audit and print."""
    tree = open_tree(arguments.path)
    selected = select(tree, with_dependencies=arguments.dependencies)
    if selected.too_large and not selected.sources:
        raise CommandError(
            f"{arguments.path}: {', '.join(selected.too_large)}: too large to be source code (over {LARGEST:,} bytes)",
            "audit the sources of the bundle",
        )
    if not selected.sources and tree.closed:
        name, reason = next(iter(tree.closed.items()))
        raise CommandError(f"{arguments.path / name} cannot be read: {reason}")
    if not selected.sources:
        raise CommandError(
            f"{arguments.path} has no Python or JavaScript files",
            f"it reads {' '.join(sorted(PYTHON | JAVASCRIPT))} files; --dependencies looks into packages",
        )
    result = Audit(skipped=sorted(selected.dependencies))
    with terminal.progress("reading", len(selected.sources)) as advance:
        read(tree, selected.sources, result, advance)
    unread = {spot.path: spot.reason for spot in result.unseen if spot.reason.startswith(UNREADABLE)}
    if len(unread) == len(selected.sources):
        name, reason = next(iter(unread.items()))
        raise CommandError(
            f"{arguments.path}: none of its {len(unread)} source files can be read; {name} {reason}",
            "is it code for Python 2, or no code at all?",
        )
    result.unseen += [BlindSpot(name, 0, f"cannot be read: {reason}") for name, reason in tree.closed.items()]
    result.unseen += [BlindSpot(name, 0, "compiled") for name in selected.compiled]
    result.unseen += [BlindSpot(name, 0, "too large to be source code") for name in selected.too_large]
    result.calls.sort()
    if arguments.json:
        terminal.write(output.as_json(result))
    elif arguments.sarif:
        terminal.write(output.as_sarif(result))
    else:
        output.print_text(result, terminal)
    return Exit.FOUND if arguments.check and result.careless else Exit.FINE


def read(tree: Tree, names: list[str], result: Audit, advance: Advance) -> None:
    """Add what is found in the named files to the result."""
    for name in names:
        try:
            source = Source(name, tree.read(name))
        except OSError as error:
            result.unseen.append(BlindSpot(name, 0, f"cannot be read: {error}"))
        else:
            find = find_python_calls if source.suffix in PYTHON else find_javascript_calls
            calls, unseen = find(name, source.content)
            result.files += 1
            result.calls += calls
            result.unseen += unseen
        advance(1)
