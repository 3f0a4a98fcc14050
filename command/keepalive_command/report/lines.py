"""Finds the layer's lines in logs of any make, and what the platform says beside them.

Understood: bare lines, lines behind the prefixes of `sam logs` and `aws logs tail` (also `--format short`), events of
`aws logs filter-log-events` and of exports to S3, where the line is a string within JSON, records of the Telemetry API,
the results of Logs Insights as JSON and as CSV, lines that `aws logs tail --format json` has spread over many, and the
platform's REPORT lines in text and in JSON. Anything else is passed over; what is cut off is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# Every line of the layer has both, whatever the metrics that are chosen.
_MARKS = ('"ConnectionsOpened"', '"RequestsSent"')
_ESCAPED = r"\"ConnectionsOpened\""
_DOUBLED = '""ConnectionsOpened""'

# Where an event of CloudWatch Logs, of Logs Insights or of the Telemetry API has the line.
_ENVELOPES = ("message", "@message", "record")

LONGEST = 1 << 20
"""Characters of a log event (PutLogEvents allows 1 MB); what is longer is no line of ours."""

# An array of events, what FilterLogEvents answers, and what subscriptions get, each on one line.
_MANY = re.compile(r'\s*(?:\[\s*\{|\{[^\[]*"(?:e|logE)vents"\s*:\s*\[)')

_REPORT = re.compile(r"Billed Duration: (\d+) ms(?:\s|\\t)+Memory Size: (\d+) MB")

_decoder = json.JSONDecoder()


@dataclass(frozen=True)
class Platform:
    """What a REPORT line says: milliseconds billed, and the memory size in MB."""

    billed: int
    memory: int


@dataclass
class Reader:
    """Reads lines; counts what it could not read.

    Attributes:
        lines: all lines seen.
        damaged: lines of the layer that are cut off or no JSON.
    """

    lines: int = 0
    damaged: int = 0

    def read(self, lines: Iterable[str]) -> Iterator[dict[str, Any] | Platform]:
        """The records in the lines, in their order, one at a time."""
        for line in _rejoined(self._counted(lines)):
            if len(line) > LONGEST:
                self.damaged += _MARKS[0] in line
            else:
                for event in _events(line):
                    yield from self._event(event)

    def _event(self, line: str) -> Iterator[dict[str, Any] | Platform]:
        if _DOUBLED in line:
            line = line.replace('""', '"')  # a cell of CSV (RFC 4180, 2)
            yield from self._record(line, line.find("{"))
        elif _MARKS[0] in line and _MARKS[1] in line:
            yield from self._record(line, line.index("{") if "{" in line else -1)
        elif _ESCAPED in line:
            yield from self._escaped(line)
        elif _MARKS[0] in line:
            self.damaged += 1
        elif "illed" in line:
            yield from _platform(line)

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.lines += 1
            yield line

    def _record(self, line: str, start: int) -> Iterator[dict[str, Any]]:
        document = _json_at(line, start)
        inner = _inner(document)
        if isinstance(inner, str):
            yield from self._record(inner, inner.find("{"))
        elif inner is not None and _is_number(inner.get("ConnectionsOpened")):
            yield inner
        else:
            self.damaged += 1

    def _escaped(self, line: str) -> Iterator[dict[str, Any]]:
        """The line is a string within JSON: `"message": "{\\"_aws\\":..."`, or a whole event on one line."""
        document = _json_at(line, line.find("{")) if line.lstrip().startswith("{") else None
        if document is None:
            start = line.find('"{\\"')
            try:
                message, _ = _decoder.raw_decode(line, start) if start >= 0 else ("", 0)
            except ValueError:
                message = ""
        else:
            message = _inner(document)
        if isinstance(message, str) and _MARKS[0] in message:
            yield from self._record(message, message.find("{"))
        else:
            self.damaged += 1


def _inner(document: dict[str, Any] | None) -> dict[str, Any] | str | None:
    """What an event carries, or the document itself if it is none."""
    for name in _ENVELOPES:
        inner = (document or {}).get(name)
        if isinstance(inner, str | dict):
            return inner
    return document


def _events(line: str) -> list[str]:
    """The events of a line that is a whole answer, one line each; or the line itself."""
    if _MANY.match(line, 0, 1000):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return [line]
        events = document if isinstance(document, list) else document.get("events", document.get("logEvents"))
        if isinstance(events, list):
            inner = [_inner(event) for event in events if isinstance(event, dict)]
            return [each if isinstance(each, str) else json.dumps(each) for each in inner]
    return [line]


def _rejoined(lines: Iterable[str]) -> Iterator[str]:
    """The lines, but an object that was spread over many is one again: `{`, indented lines, `}`."""
    pieces: list[str] = []
    length = 0
    for line in lines:
        length = length + len(line) if pieces else 0
        if pieces and line.startswith("}") and length <= LONGEST:
            yield "".join([*pieces, line])
            pieces = []
        elif pieces and line.startswith((" ", "\t")) and length <= LONGEST:
            pieces.append(line)
        else:
            yield from pieces
            pieces = [line] if line.rstrip().endswith("{") else []
            if not pieces:
                yield line
    yield from pieces


def _json_at(line: str, start: int) -> dict[str, Any] | None:
    """The JSON object that begins at `start`; a prefix may itself have a brace, then the next one is tried."""
    for _ in range(3):
        if start < 0:
            return None
        try:
            document, _ = _decoder.raw_decode(line, start)
        except (ValueError, RecursionError):
            start = line.find("{", start + 1)
            continue
        return document if isinstance(document, dict) else None
    return None


def _platform(line: str) -> Iterator[Platform]:
    found = _REPORT.search(line)
    if found is not None:
        yield Platform(int(found[1]), int(found[2]))
    elif '"platform.report"' in line and '"billedDurationMs"' in line:
        document = _json_at(line, line.find("{")) or {}
        record = document.get("record")
        metrics = record.get("metrics") if isinstance(record, dict) else None
        if isinstance(metrics, dict) and all(
            _is_number(metrics.get(key)) for key in ("billedDurationMs", "memorySizeMB")
        ):
            yield Platform(int(metrics["billedDurationMs"]), int(metrics["memorySizeMB"]))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
