"""The audit against handlers in the style of each client: what it finds, what it misses, what it invents."""

from __future__ import annotations

import random
import re
import sysconfig
from pathlib import Path

import pytest
from keepalive_command.audit.javascript_calls import find_javascript_calls
from keepalive_command.audit.python_calls import find_python_calls
from keepalive_command.audit.sources import PYTHON

CORPUS = Path(__file__).with_name("corpus")
ROOT = Path(__file__).resolve().parents[2]
LEAST_HANDLERS = 200


def handlers() -> list[tuple[str, str]]:
    """Names and sources."""
    texts = [path.read_text() for path in sorted(CORPUS.glob("*.txt"))]
    return [
        (name, text) for corpus in texts for name, text in re.findall(r"(?ms)^==== (\S+)\n(.*?)(?=^==== |\Z)", corpus)
    ]


HANDLERS = handlers()


def expected(source: str) -> set[tuple[int, str, str]]:
    found = set()
    for number, line in enumerate(source.splitlines(), 1):
        for mark in re.findall(r"(?:#|//)! (.*)", line):
            for each in mark.split(";"):
                rule, client = each.strip().split(" ", 1)
                found.add((number, rule, client))
    return found


def found(name: str, source: str) -> set[tuple[int, str, str]]:
    find = find_python_calls if Path(name).suffix in PYTHON else find_javascript_calls
    calls, unseen = find(name, source.encode())
    assert unseen == []
    return {(call.line, call.rule, call.client) for call in calls}


@pytest.mark.parametrize(("name", "source"), HANDLERS, ids=[name for name, _ in HANDLERS])
def test_every_handler_of_the_corpus_is_judged_right(name: str, source: str) -> None:
    assert found(name, source) == expected(source)


def test_precision_and_recall_over_the_corpus() -> None:
    assert len(HANDLERS) >= LEAST_HANDLERS
    right = invented = missed = 0
    for name, source in HANDLERS:
        want, got = expected(source), found(name, source)
        right += len(want & got)
        invented += len(got - want)
        missed += len(want - got)
    precision, recall = right / (right + invented), right / (right + missed)
    print(f"{len(HANDLERS)} handlers, {right + missed} calls: precision {precision:.3f}, recall {recall:.3f}")
    assert (precision, recall) == (1.0, 1.0)


def test_every_sample_is_found_careless() -> None:
    for sample in sorted((ROOT / "samples").glob("*/app.py")):
        calls, unseen = find_python_calls(sample.name, sample.read_bytes())
        assert unseen == []
        assert {call.rule for call in calls} & {"call-without-client", "client-per-invocation"}, sample


def test_no_file_of_the_standard_library_or_of_packages_is_too_strange() -> None:
    """500 files, drawn anew in the same order each time."""
    places = {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
    files = sorted(path for place in places for path in Path(place).rglob("*.py"))
    for path in random.Random(6).sample(files, 500):
        find_python_calls(str(path), path.read_bytes())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01",
        b"\xff\xfe\x00",
        b"def (",
        b"(" * 5000,
        b"x = " + b"-" * 20_000 + b"1",
        b"a" + b".b" * 20_000,
        b"# coding: no-such-codec\nimport requests",
        b"if True:\n" * 3 + b"\tpass",
    ],
)
def test_what_is_no_python_is_a_blind_spot_and_no_crash(content: bytes) -> None:
    find_python_calls("x.py", content)


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe", b"function (", b"(" * 20_000, b"[" * 50_000, b"a" + b".b" * 50_000]
)
def test_what_is_no_javascript_is_a_blind_spot_and_no_crash(content: bytes) -> None:
    find_javascript_calls("x.js", content)
