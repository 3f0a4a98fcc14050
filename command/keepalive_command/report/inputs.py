"""Where the lines come from: files, standard input, CloudWatch Logs. Streams, since logs may be larger than memory."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from keepalive_command.aws import client, refused
from keepalive_command.errors import CommandError, Exit
from keepalive_command.report.lines import LONGEST
from keepalive_command.terminal import Advance, Terminal

_GZIP = b"\x1f\x8b"
# What a file may begin with. PowerShell's `>` writes UTF-16.
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}

Peekable = gzip.GzipFile | io.BufferedReader


def lines_of_file(path: Path, terminal: Terminal) -> Iterator[str]:
    """The lines of a log file, plain or gzip (exports to S3 are), with progress.

    Raises:
        CommandError: it is a directory, or not there.
    """
    if path.is_dir():
        raise CommandError(f"{path} is a directory", f"lambda-keepalive report {path}/*")
    try:
        raw = path.open("rb")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    with raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        stream: Peekable = gzip.GzipFile(fileobj=raw) if packed else raw
        with terminal.progress(str(path), path.stat().st_size) as advance:
            try:
                yield from _decoded(stream, raw, advance)
            except (EOFError, gzip.BadGzipFile, OSError) as error:
                raise CommandError(f"{path} ends too early or is no gzip: {error}") from None


def _decoded(stream: Peekable, raw: IO[bytes], advance: Advance) -> Iterator[str]:
    told = 0
    for count, line in enumerate(_text(stream)):
        if count % 1000 == 0:
            position = raw.tell()
            advance(position - told)
            told = position
        yield line


def _text(stream: Peekable) -> Iterator[str]:
    """The lines of a stream in any of the encodings that logs are written in; what is none of them is replaced."""
    head = stream.peek(3)[:3]
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
    text = io.TextIOWrapper(cast("IO[bytes]", stream), encoding, errors="replace", newline="\n")
    try:
        # A "line" without an end must not fill the memory.
        while line := text.readline(LONGEST + 1):
            yield line
    finally:
        text.detach()  # or it would close what is not its own


def lines_of_standard_input() -> Iterator[str]:
    """As `sam logs` and `aws logs tail` write them.

    Raises:
        CommandError: nobody writes there.
    """
    if sys.stdin.isatty():
        raise CommandError(
            "no log to read",
            "lambda-keepalive report FILE, or: aws logs tail /aws/lambda/NAME --since 1h | lambda-keepalive report",
            Exit.USAGE,
        )
    yield from _text(cast("io.BufferedReader", sys.stdin.buffer))


def lines_of_log_group(group: str, since: float, until: float, terminal: Terminal, **session: Any) -> Iterator[str]:
    """The layer's lines and the REPORT lines of a log group between two Unix times.

    Raises:
        CommandError: AWS refused, or there is no such group.
    """
    logs = client("logs", **session)
    # CloudWatch reads the pattern as: any of these terms.
    pattern = '?"ConnectionsOpened" ?"Billed Duration" ?"billedDurationMs"'
    span = int(until - since)
    with terminal.progress(group, span) as advance, refused(f"the logs of {group}"):
        told = since
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern, startTime=int(since * 1000), endTime=int(until * 1000)
        )
        for page in pages:
            for event in page["events"]:
                moment = event["timestamp"] / 1000
                if moment > told:
                    advance(int(moment - told))
                    told = moment
                yield event["message"]


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str) -> float:
    """`30m`, `2h`, `7d` ago, or ISO 8601 (UTC unless it says otherwise), as Unix time.

    Raises:
        ValueError: it is neither.
    """
    ago = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if ago is not None:
        return time.time() - int(ago[1]) * _UNITS[ago[2]]
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()
