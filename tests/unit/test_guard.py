from __future__ import annotations

from collections.abc import Iterator

import pytest
from lambda_keepalive import guard


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(guard, "_seen", set())
    monkeypatch.setattr(guard, "_level", guard.LEVELS.index("warning"))
    return


def fault(where: str) -> None:
    try:
        raise ValueError("of ours")
    except ValueError:
        guard.fault(where)


def test_a_fault_is_said_once_for_each_place(capsys: pytest.CaptureFixture[str]) -> None:
    for where in ("connect", "connect", "close"):
        fault(where)
    assert capsys.readouterr().err.splitlines() == [
        f"lambda-keepalive: fault in {where} (ValueError: of ours); "
        "going on without the layer; KEEPALIVE_ENABLED=0 turns it off"
        for where in ("connect", "close")
    ]


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 2), ("warning", 1), ("off", 0)])
def test_messages_below_the_level_are_not_said(capsys: pytest.CaptureFixture[str], level: str, lines: int) -> None:
    guard.set_level(level)
    for message_level in ("debug", "info", "warning"):
        guard.log(message_level, "message")
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_what_somebody_asked_for_is_said_at_any_level(capsys: pytest.CaptureFixture[str]) -> None:
    guard.set_level("off")
    guard.say("explained")
    assert capsys.readouterr().err == "lambda-keepalive: explained\n"


def test_once_is_once(capsys: pytest.CaptureFixture[str]) -> None:
    guard.once("a")
    guard.once("a")
    guard.once("b")
    assert capsys.readouterr().err == "lambda-keepalive: a\nlambda-keepalive: b\n"


@pytest.mark.parametrize("stderr", [None, object()])
def test_a_standard_error_that_is_gone_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, stderr: object) -> None:
    monkeypatch.setattr("sys.stderr", stderr)
    fault("anywhere")


def test_a_report_for_which_there_is_no_memory_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise MemoryError

    try:
        raise Mute
    except Mute:
        guard.fault("without memory")
    assert capsys.readouterr().err == ""


def test_an_attempt_returns_what_it_was_made_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.attempt("here", int, "7") == 7
    assert capsys.readouterr().err == ""


def test_an_attempt_that_fails_is_reported_and_returns_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard.attempt("there", int, "seven") is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lambda-keepalive: fault in there (ValueError: ")
