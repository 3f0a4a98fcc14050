"""A log may be larger than the memory: the short form of `python -m tests.command.huge`, which takes a gigabyte."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command.huge import MOST_MEGABYTES, ROOT, report, write_log

SIZE = 12_000_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    path = tmp_path_factory.mktemp("huge") / "huge.log"
    return path, write_log(path, SIZE)


def test_the_memory_that_a_large_log_takes_is_bounded(log: tuple[Path, int]) -> None:
    path, invocations = log
    cost = report(path)
    (recording,) = json.loads(cost.out)["recordings"]
    assert recording["all"]["invocations"] == invocations
    assert cost.megabytes < MOST_MEGABYTES


def test_progress_is_shown_on_a_terminal(log: tuple[Path, int]) -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT / "command"), "TERM": "xterm-256color", "COLUMNS": "120"}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "keepalive_command", "report", str(log[0]), "--json"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # Linux says EIO when the other side is gone
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    shares = {int(word.rstrip(b"%")) for word in shown.replace(b"\x1b", b" ").split() if word.endswith(b"%")}
    assert len(shares) > 3, shown[-500:]
