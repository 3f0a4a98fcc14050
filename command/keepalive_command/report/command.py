"""`lambda-keepalive report`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from keepalive_command import aws
from keepalive_command.errors import CommandError, Exit
from keepalive_command.report import inputs, picture, tables
from keepalive_command.report.lines import Reader
from keepalive_command.report.page import page
from keepalive_command.report.saving import Saving, estimate
from keepalive_command.report.totals import Recording
from keepalive_command.terminal import Terminal

NAME = "report"
SUMMARY = "add up the layer's log lines: opened, reused, saved; before and after"
DESCRIPTION = """\
Read the lines that the layer prints, one per invocation, and add them up by function and origin. Reads files (plain or
gzip), standard input, or CloudWatch Logs; other lines in between do no harm.

  aws logs tail /aws/lambda/my-function --since 1h | lambda-keepalive report
  sam logs --name MyFunction > on.log && lambda-keepalive report on.log --html report.html
  lambda-keepalive report --log-group /aws/lambda/my-function --since 2h --json
  lambda-keepalive report --compare observe.log on.log

A log recorded with KEEPALIVE_MODE=observe shows what the layer would save."""


STANDARD_INPUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its part of the command line."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="logs; without any, or -, standard input")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two logs side by side")
    parser.add_argument("--log-group", metavar="NAME", help="read CloudWatch Logs: /aws/lambda/my-function")
    parser.add_argument("--since", type=_moment, default="1h", help="30m, 2h, 7d ago, or 2026-11-21T10:00 (1h)")
    parser.add_argument("--until", type=_moment, default="0s", help="the same; 0s is now (0s)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts that works offline")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write a picture (needs matplotlib)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--memory", type=_megabytes, metavar="MB", help="memory of the functions, for the money saved")
    parser.add_argument("--architecture", choices=("x86_64", "arm64"), default="x86_64", help="theirs (x86_64)")
    aws.add_arguments(parser)


def _moment(text: str) -> float:
    try:
        return inputs.moment(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is neither like 30m, 2h, 7d nor an ISO 8601 time") from None


def _megabytes(text: str) -> int:
    # The sizes that Lambda has.
    if not (text.isascii() and text.isdigit() and 128 <= int(text) <= 10_240):
        raise argparse.ArgumentTypeError(f"{text!r} is not a memory size from 128 to 10240")
    return int(text)


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Read, add up, print and write."""
    recordings = [(each, _estimate(each, arguments)) for each in _recordings(arguments, terminal)]
    if arguments.html is not None:
        arguments.html.write_text(page(recordings), encoding="utf-8")
        terminal.note(f"wrote {arguments.html}")
    if arguments.png is not None:
        picture.draw([recording for recording, _ in recordings], arguments.png)
        terminal.note(f"wrote {arguments.png}")
    if arguments.json:
        documents = [tables.document(recording, saving) for recording, saving in recordings]
        terminal.write(json.dumps({"recordings": documents}, indent=2) + "\n")
    else:
        _print(recordings, terminal)
    return Exit.FINE


def _estimate(recording: Recording, arguments: argparse.Namespace) -> Saving:
    return estimate(recording, arguments.memory, arguments.architecture)


def _recordings(arguments: argparse.Namespace, terminal: Terminal) -> list[Recording]:
    """One recording of all files, or two to compare."""
    if sum(map(bool, (arguments.files, arguments.compare, arguments.log_group))) > 1:
        raise CommandError("FILE, --compare and --log-group exclude each other", code=Exit.USAGE)
    if arguments.compare:
        return [_of_files([path], terminal) for path in arguments.compare]
    if arguments.log_group:
        until = min(arguments.until, time.time())
        if arguments.since >= until:
            raise CommandError("--since is not before --until", "--since 2h --until 1h", Exit.USAGE)
        account = {"region": arguments.region, "profile": arguments.profile, "endpoint_url": arguments.endpoint_url}
        lines = inputs.lines_of_log_group(arguments.log_group, arguments.since, until, terminal, **account)
        recording, reader = Recording(arguments.log_group), Reader()
        recording.add_all(reader.read(lines))
        _complain(recording, reader, terminal)
        return [recording]
    return [_of_files(arguments.files, terminal)]


def _of_files(paths: list[Path], terminal: Terminal) -> Recording:
    recording, reader = Recording(", ".join(map(str, paths)) or "standard input"), Reader()
    for path in paths or [STANDARD_INPUT]:
        lines = inputs.lines_of_standard_input() if path == STANDARD_INPUT else inputs.lines_of_file(path, terminal)
        recording.add_all(reader.read(lines))
    _complain(recording, reader, terminal)
    return recording


def _complain(recording: Recording, reader: Reader, terminal: Terminal) -> None:
    """Say what could not be read.

    Raises:
        CommandError: nothing could.
    """
    if reader.damaged:
        terminal.note(f"{recording.name}: {reader.damaged:,} lines of the layer are cut off or damaged; not counted")
    if not reader.lines:
        raise CommandError(f"{recording.name}: it is empty", "was there traffic in that time?")
    if not recording.all.invocations:
        raise CommandError(
            f"{recording.name}: no line of the layer in {reader.lines:,} lines",
            "is KEEPALIVE_METRICS off, or datadog? `lambda-keepalive doctor --function NAME` looks further",
        )


def _print(recordings: list[tuple[Recording, Saving]], terminal: Terminal) -> None:
    for recording, saving in recordings:
        terminal.print(recording.name, style="bold")
        for table in tables.tables(recording):
            terminal.print()
            terminal.table(table.title, table.columns, table.rows)
        terminal.print()
        verb = "would save" if recording.all.observed else "saved"
        monthly = f", ${saving.dollars_a_month:,.2f} a month at this pace" if saving.dollars_a_month is not None else ""
        share = f" ({100 * saving.billed_share:.1f} % of the billed time)" if saving.billed_share is not None else ""
        terminal.print(
            f"The layer {verb} {saving.milliseconds:,.0f} ms{share}: ${saving.dollars:,.6f}{monthly}", style="green"
        )
        for assumption in saving.assumptions:
            terminal.print(f"- {assumption}")
        terminal.print()
    if len(recordings) == 2:
        table = tables.comparison(recordings[0][0], recordings[1][0])
        terminal.table(table.title, table.columns, table.rows)
