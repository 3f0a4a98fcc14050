"""The layer's lines are found in logs of any make, and damage is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepalive_command.report.lines import LONGEST, Platform, Reader

from tests.command.conftest import record

LINE = record()
STREAM = "2026/11/21/[$LATEST]8f507cfc0a1b4697b07aac58fc914c95"
REPORT = "REPORT RequestId: 8f507cfc\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB"
PLATFORM = json.dumps(
    {"time": "t", "type": "platform.report", "record": {"metrics": {"billedDurationMs": 13, "memorySizeMB": 256}}}
)


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE + "\n",
        f"{STREAM} 2026-11-21T10:00:00.123000 {LINE}",
        f"2026-11-21T10:00:00.123000+00:00 {STREAM} {LINE}",
        f"2026-11-21T10:00:00 {LINE}",
        f"2026-11-21T10:00:00.123Z {LINE}",
        f"\x1b[32m{STREAM}\x1b[0m {LINE}",
        f"prefix {{with}} braces {LINE}",
        json.dumps({"timestamp": 1, "message": LINE + "\n", "ingestionTime": 2}),
        f'            "message": {json.dumps(LINE)},',
        json.dumps({"message": LINE}) + " trailing",
        json.dumps({"timestamp": "t", "level": "INFO", "message": json.loads(LINE)}),
        json.dumps({"time": "t", "type": "extension", "record": LINE + "\n"}),
        json.dumps({"@timestamp": "t", "@message": LINE}),
        '2026-11-21 10:00:00.123,"{}"'.format(LINE.replace('"', '""')),
    ],
    ids=range(15),
)
def test_a_line_is_found_behind_every_prefix(line: str) -> None:
    reader = Reader()
    (found,) = reader.read([line])
    assert found == json.loads(LINE)
    assert reader.damaged == 0


@pytest.mark.parametrize("wrap", [list, lambda events: {"events": events}, lambda events: {"logEvents": events}])
def test_every_event_of_an_answer_on_one_line_is_read(wrap: Callable[[list[Any]], Any]) -> None:
    events = [{"message": LINE}, {"message": REPORT}, {"@message": json.loads(LINE)}, {"message": "START"}, 7]
    reader = Reader()
    found = list(reader.read([json.dumps(wrap(events))]))
    assert found == [json.loads(LINE), Platform(13, 256), json.loads(LINE)]
    assert reader.damaged == 0


@pytest.mark.parametrize("lost", [0, 1])
def test_a_line_that_was_spread_over_many_is_one_again(lost: int) -> None:
    """`aws logs tail --format json`, among lines of the function that look like its beginning."""
    spread = f"2026-11-21T10:00:00.123000+00:00 {STREAM} {json.dumps(json.loads(LINE), indent=4)}".splitlines(True)
    reader = Reader()
    lines = ["if (x) {\n", *spread, "{\n", LINE + "\n", "}\n", *spread[: len(spread) - lost]]
    assert list(reader.read(lines)) == [json.loads(LINE)] * (3 - lost)
    assert (reader.lines, reader.damaged) == (len(lines), lost)


@pytest.mark.parametrize(
    "line", [REPORT, f"{STREAM} 2026-11-21T10:00:00 {REPORT}", json.dumps({"message": REPORT}), PLATFORM]
)
def test_the_platforms_report_is_read(line: str) -> None:
    assert list(Reader().read([line])) == [Platform(13, 256)]


@pytest.mark.parametrize(
    "line",
    ["", "START RequestId: x", '{"_aws":{},"Latency":3}', "ConnectionsOpened", "[]", "{", '{"billedDurationMs":'],
)
def test_other_lines_are_passed_over(line: str) -> None:
    reader = Reader()
    assert list(reader.read([line])) == []
    assert (reader.lines, reader.damaged) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        LINE[:-1],
        LINE[:200],
        LINE.replace('"ConnectionsOpened":1', '"ConnectionsOpened":"1"'),
        LINE + "x" * LONGEST,
        f'"message": {json.dumps(LINE)[:-9]}',
    ],
    ids=range(5),
)
def test_a_damaged_line_is_counted(line: str) -> None:
    reader = Reader()
    assert list(reader.read([line])) == []
    assert reader.damaged == 1


@given(
    st.lists(st.text() | st.builds(lambda a, b, c: a + LINE[b:c], st.text(), st.integers(0, 700), st.integers(0, 700)))
)
def test_no_text_makes_it_raise(lines: list[str]) -> None:
    reader = Reader()
    list(reader.read(lines))
    assert reader.lines == len(lines)
