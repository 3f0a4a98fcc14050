"""`python -m tests.local` shows on a terminal what the platform would log."""

from pathlib import Path

import pytest

from tests.local.__main__ import main
from tests.local.stand_ins import write_extension, write_function

ECHO = "def handler(event, context):\n    print('working')\n    return event['answer']\n"


def test_every_invocation_is_shown_with_its_lines_and_result(
    task_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_function(task_root, ECHO)
    (task_root / "event.json").write_text('{"answer": 42}')
    assert main(["--function", str(task_root), "--event", "event.json", "--invocations", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    start, working, result, report = shown[:4]
    request_id = start.removeprefix("START RequestId: ")
    assert (working, result) == ("working", "42")
    assert report.startswith(f"REPORT RequestId: {request_id} Duration: ")
    assert len(shown) == 8


def test_error_of_an_invocation_is_shown_and_is_the_exit_status(
    task_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_function(task_root, ECHO)
    assert main(["--function", str(task_root)]) == 1
    assert '"errorType": "KeyError"' in capsys.readouterr().out


def test_lines_of_the_shutdown_are_shown_too(task_root: Path, layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_function(task_root, "def handler(event, context): pass")
    write_extension(layer, "witness", "--events", "SHUTDOWN")
    assert main(["--function", str(task_root), "--layer", str(layer)]) == 0
    assert '"shutdownReason": "spindown"' in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--event", "missing.json"], "--event missing.json: no such file"),
        (["--event", "app.py"], "--event app.py: Expecting value"),
        (["--env", "TABLE"], "--env TABLE: expected NAME=VALUE"),
    ],
    ids=["missing event", "event that is no JSON", "variable without value"],
)
def test_argument_that_cannot_be_used_is_named(
    task_root: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_function(task_root, ECHO)
    with pytest.raises(SystemExit) as refusal:
        main(["--function", str(task_root), *arguments])
    assert refusal.value.code == 2
    assert complaint in capsys.readouterr().err
