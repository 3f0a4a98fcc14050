"""`lambda-keepalive report`: sums, comparison, money, page, picture."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from keepalive_command.report.inputs import moment
from keepalive_command.report.lines import Reader
from keepalive_command.report.totals import MOST_BUCKETS, MOST_OF_A_FUNCTION, MOST_ORIGINS, Recording

from tests.command.conftest import Command, record

START = 1_700_000_000
REPORT = "REPORT RequestId: x Duration: 1 ms\tBilled Duration: 100 ms\tMemory Size: 512 MB\tMax Memory Used: 60 MB"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two functions over twenty minutes, with what else is in a log."""
    lines = ["START RequestId: x", record(coldStart=True), REPORT]
    lines += [record("other", at=START + 60 * minute) for minute in range(21)]
    path = tmp_path / "on.log"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def observed(tmp_path: Path) -> Path:
    """The same function, watched only."""
    fields: dict[str, Any] = {"mode": "observe", "wouldReuse": 2, "wouldSave": 40.0}
    lines = [
        record(ConnectionsOpened=3, ConnectionsReused=0, ConnectTimeSaved=0, at=START + 60 * each, **fields)
        for each in range(3)
    ]
    path = tmp_path / "observe.log"
    path.write_text("\n".join(lines))
    return path


def test_sums_by_function_and_origin(command: Command, log: Path) -> None:
    (document,) = command("report", log, "--json").json["recordings"]
    assert document["all"]["invocations"] == 22
    assert document["functions"]["demo"] | {"origins": None, "notReused": None} == {
        "invocations": 1, "coldStarts": 1, "endedBadly": 0, "requests": 3, "opened": 1, "reused": 2,
        "reuseRate": 2 / 3, "stale": 0, "connectMs": 20.5, "savedMs": 41.0, "observed": 0, "wouldReuse": 0,
        "wouldSaveMs": 0.0, "notReused": None, "discarded": {}, "origins": None,
    }  # fmt: skip
    assert document["all"]["origins"]["https://api.example.com:443"]["requests"] == 66
    assert document["all"]["notReused"] == {"first": 22}


def test_text_has_the_same_numbers(command: Command, log: Path) -> None:
    out = command("report", log).out
    assert re.search(r"other +21 +0 +63 +21 +42 +66\.7 %", out)
    assert re.search(r"all +22 +1 +66 +22 +44 +66\.7 %", out)
    assert "\x1b" not in out


def test_money_names_what_it_assumes(command: Command, log: Path) -> None:
    saving = command("report", log, "--json").json["recordings"][0]["saving"]
    assert saving["milliseconds"] == 22 * 41.0
    assert saving["dollars"] == pytest.approx(22 * 0.041 * 0.5 * 0.0000166667)
    assert saving["dollarsPerMonth"] == pytest.approx(saving["dollars"] * 30 * 86_400 / 1200)
    assert any("512 MB of memory (REPORT lines of the log)" in each for each in saving["assumptions"])
    arm = command("report", log, "--json", "--memory", 1024, "--architecture", "arm64").json["recordings"][0]["saving"]
    assert arm["dollars"] == pytest.approx(22 * 0.041 * 0.0000133334)


def test_a_log_of_observe_mode_shows_what_would_be_saved(command: Command, observed: Path) -> None:
    outcome = command("report", observed)
    assert "would save 120 ms" in outcome.out
    assert "would reuse" in outcome.out
    (document,) = command("report", observed, "--json").json["recordings"]
    assert (document["all"]["wouldReuse"], document["saving"]["milliseconds"]) == (6, 120)


def test_compare_puts_two_logs_side_by_side(command: Command, observed: Path, log: Path) -> None:
    out = command("report", "--compare", observed, log).out
    assert re.search(r"connections opened per invocation +3\.00 +1\.00 +-67 %", out)
    assert re.search(r"reuse rate +0\.0 % +66\.7 %", out)
    names = [each["name"] for each in command("report", "--compare", observed, log, "--json").json["recordings"]]
    assert names == [str(observed), str(log)]


class Page(HTMLParser):
    """Collects what a page refers to, and whether its tags are balanced."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.text = text
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("href", "src"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """`<rect/>` within an SVG."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_works_offline_and_without_script(command: Command, observed: Path, log: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert command("report", "--compare", observed, log, "--html", target).code == 0
    page = Page(target.read_text())
    assert page.open == []
    assert all(each.startswith("#") or each == "data:," for each in page.references)
    assert {each.removeprefix("#") for each in page.references if each.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "<script" not in page.text
    assert "prefers-color-scheme: dark" in page.text
    assert page.text.count("<svg") == 3


def test_the_page_shows_hostile_names_as_text(command: Command, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(record("<script>alert(1)</script>", notReused={"<b>": 1}, hosts=[{"origin": "<i>", "requests": 1}]))
    command("report", log, "--html", tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_picture_is_a_png(command: Command, log: Path, observed: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    target = tmp_path / "report.png"
    assert command("report", "--compare", observed, log, "--png", target).code == 0
    assert target.read_bytes().startswith(b"\x89PNG\r\n")


def test_a_picture_without_matplotlib_says_what_to_install(
    command: Command, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = command("report", log, "--png", tmp_path / "x.png")
    assert outcome.code == 3
    assert "pip install './command[png]'" in outcome.err


def test_gzip_is_read(command: Command, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "on.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert command("report", packed, "--json").json["recordings"][0]["all"]["invocations"] == 22
    packed.write_bytes(packed.read_bytes()[:-20])
    assert "ends too early" in command("report", packed).err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_log_of_any_shell_is_read(command: Command, log: Path, encoding: str) -> None:
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""  # PowerShell writes UTF-16
    log.write_bytes(mark + log.read_text().replace("\n", "\r\n").encode(encoding))
    assert command("report", log, "--json").json["recordings"][0]["all"]["invocations"] == 22


def test_formats_may_be_mixed_in_one_log(command: Command, log: Path, tmp_path: Path) -> None:
    line = record()
    mixed = [
        line,
        f"2026-11-21T10:00:00 {line}",
        json.dumps({"timestamp": 1, "message": line}),
        f'  "message": {json.dumps(line)},',
        "REPORT RequestId: x\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB",
        line[:-40],
        "\x00\x1b[31m",
    ]
    log.write_text("\n".join(mixed * 3))
    outcome = command("report", log, "--json")
    assert outcome.json["recordings"][0]["all"]["invocations"] == 12
    assert "3 lines of the layer are cut off" in outcome.err


def test_standard_input_is_read(command: Command, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(log.read_bytes()))))
    assert command("report", "--json").json["recordings"][0]["all"]["invocations"] == 22


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["missing.log"], "cannot be read", 3),
        (["."], "is a directory", 3),
        (["a", "--compare", "a", "b"], "exclude each other", 2),
        (["--since", "soon"], "neither like 30m", 2),
        (["--compare", "a"], "expected 2 arguments", 2),
    ],
)
def test_wrong_input_is_named(command: Command, arguments: list[str], words: str, code: int) -> None:
    outcome = command("report", *arguments)
    assert words in outcome.err
    assert outcome.code == code


def test_a_log_without_our_lines_says_where_to_look(command: Command, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"START\n\xff\xfe\nEND\n")
    outcome = command("report", log)
    assert outcome.code == 3
    assert "no line of the layer in 3 lines" in outcome.err


def test_cut_lines_are_reported_and_the_rest_counted(command: Command, log: Path) -> None:
    log.write_text(log.read_text() + record()[:-30])
    outcome = command("report", log)
    assert outcome.code == 0
    assert "1 lines of the layer are cut off" in outcome.err


def test_what_is_kept_of_a_log_is_bounded_and_adds_up() -> None:
    """Every line has another origin, reason, function and minute (tests/command/test_huge.py looks at the memory)."""
    recording = Recording("x")
    for number in range(2_000):
        hosts = [{"origin": f"https://{number}.example.com", "requests": 1}]
        line = record(f"f{number % 3}", at=START + 60 * number, hosts=hosts, notReused={f"r{number}" * 50: 1})
        recording.add_all(Reader().read([line]))
    assert len(recording.timeline) <= MOST_BUCKETS
    assert len(recording.all.origins) == len(recording.all.not_reused) == MOST_ORIGINS + 1
    assert {len(each.origins) for each in recording.functions.values()} == {MOST_OF_A_FUNCTION + 1}
    assert sum(sums.opened for sums in recording.timeline.values()) == 2_000
    assert (
        sum(recording.all.not_reused.values()) == sum(each.requests for each in recording.all.origins.values()) == 2_000
    )


def test_a_chart_is_as_fine_as_the_recording_is_short() -> None:
    for seconds, width in ((1, 1), (100, 1), (3_600, 32), (30 * 86_400, 32_768)):
        recording = Recording("x")
        for each in range(10):
            recording.add_all(Reader().read([record(at=START + seconds * each / 10)]))
        assert recording.width == width
        assert max(recording.timeline) - min(recording.timeline) < MOST_BUCKETS


@pytest.mark.parametrize("moment", [-5, 0, 1, 1e12, 9e15])
def test_a_line_of_an_impossible_time_is_counted_and_not_drawn(command: Command, tmp_path: Path, moment: float) -> None:
    log = tmp_path / "x.log"
    log.write_text(f"{record(at=START)}\n{record(at=moment)}\n")
    outcome = command("report", log, "--json", "--html", tmp_path / "x.html")
    assert outcome.json["recordings"][0]["all"]["invocations"] == 2
    assert (tmp_path / "x.html").read_text().count("<rect") == 2


@pytest.mark.parametrize("value", ["x", None, [], {}, True, 10**40, -(10**40)])
def test_fields_of_the_wrong_kind_count_as_zero(value: object) -> None:
    recording = Recording("x")
    names = ["RequestsSent", "ConnectTime", "hosts", "notReused", "discarded", "_aws", "coldStart", "wouldSave"]
    for name in names:
        recording.add({"FunctionName": "f", "ConnectionsOpened": 1, name: value})
    assert recording.all.opened == len(names)
    assert recording.all.requests == 0


def test_times_are_ago_or_absolute() -> None:
    assert moment("2026-11-21T10:00:00Z") == moment("2026-11-21T10:00:00") == moment("2026-11-21T11:00:00+01:00")
    assert moment("1h") - moment("2h") == pytest.approx(3600, abs=5)
