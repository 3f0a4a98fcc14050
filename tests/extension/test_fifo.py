"""The FIFO: how it is made, and that its writers never notice the extension."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
from pathlib import Path

import pytest

from tests.extension.conftest import Start
from tests.extension.record import small


def test_fifo_is_for_the_function_alone(start: Start) -> None:
    extension = start().ready()
    assert stat.S_ISFIFO(extension.fifo.stat().st_mode)
    assert stat.S_IMODE(extension.fifo.stat().st_mode) == 0o600
    assert stat.S_IMODE(extension.fifo.parent.stat().st_mode) == 0o700


def test_fifo_that_is_there_is_taken_over(start: Start, tmp_path: Path) -> None:
    """After a reset the sandbox goes on with the same /tmp, and a runtime may hold the FIFO open."""
    os.mkfifo(tmp_path / "records")
    before = (tmp_path / "records").stat().st_ino
    extension = start(directory=tmp_path).ready()
    extension.write(small("a"))
    assert json.loads(extension.line())["requestId"] == "a"
    assert extension.fifo.stat().st_ino == before


@pytest.mark.parametrize("kind", ["file", "symbolic link", "dangling link", "socket"])
def test_anything_else_of_that_name_is_replaced(start: Start, tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = tmp_path / "records"
    if kind == "file":
        place.write_text("not a FIFO")
    elif kind == "symbolic link":
        place.symlink_to(victim)
    elif kind == "dangling link":
        place.symlink_to(tmp_path / "nowhere")
    else:
        os.mknod(place, stat.S_IFSOCK | 0o600)
    extension = start(directory=tmp_path).ready()
    extension.write(small("a"))
    assert json.loads(extension.line())["requestId"] == "a"
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("obstacle", ["the directory is a file", "a directory has the name", "no parent"])
def test_without_a_fifo_it_says_so_and_goes_on(start: Start, tmp_path: Path, obstacle: str) -> None:
    directory = tmp_path / "run"
    if obstacle == "the directory is a file":
        directory.touch()
    elif obstacle == "a directory has the name":
        (directory / "records" / "inside").mkdir(parents=True)
    else:
        directory = directory / "missing"
    extension = start(directory=directory).ready()
    assert extension.line().endswith("; no metrics will be printed")
    assert extension.finish() == []


def test_directory_that_cannot_be_named_is_not_used(start: Start) -> None:
    """Switched off here, because the default is a directory that is not this test's own."""
    for value, shown in (("relative", "relative"), ("/" + "d" * 200, "/" + "d" * 79 + "...")):
        extension = start(KEEPALIVE_RUNTIME_DIR=value, KEEPALIVE_METRICS="off").ready()
        [told] = extension.finish()
        assert told == f"lambda-keepalive: KEEPALIVE_RUNTIME_DIR={shown} cannot be used; using /tmp/lambda-keepalive"


def test_fifo_that_was_deleted_still_works_for_those_who_have_it_open(start: Start) -> None:
    """Functions that empty /tmp between invocations are common."""
    extension = start().ready()
    extension.write(small("a"))
    extension.line()
    shutil.rmtree(extension.fifo.parent)
    extension.write(small("b"))
    assert json.loads(extension.line())["requestId"] == "b"


def test_writers_may_come_and_go(start: Start) -> None:
    extension = start().ready()
    for number in range(20):
        writer = os.open(extension.fifo, os.O_WRONLY | os.O_NONBLOCK)
        os.write(writer, small(f"request-{number}").encode())
        os.close(writer)
        assert json.loads(extension.line())["requestId"] == f"request-{number}"


def test_stopped_extension_does_not_hold_up_a_writer(start: Start) -> None:
    """The function's write succeeds until the FIFO is full and then fails at once; nothing is torn."""
    extension = start().ready()
    extension.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, extension.process.pid, os.WSTOPPED | os.WNOWAIT)
    writer = os.open(extension.fifo, os.O_WRONLY | os.O_NONBLOCK)
    written = 0
    try:
        while written < 100_000:
            os.write(writer, small(f"request-{written}").encode())
            written += 1
    except BlockingIOError:
        pass
    os.close(writer)
    assert written < 100_000
    # Room for one full record from each of 64 workers (extension/src/fifo.zig).
    assert written * len(small("request-0")) >= 64 * 4096 * 0.8
    extension.process.send_signal(signal.SIGCONT)
    for number in range(written):
        assert json.loads(extension.line())["requestId"] == f"request-{number}"


def test_killed_extension_is_an_error_of_open(start: Start) -> None:
    extension = start().ready()
    extension.process.kill()
    extension.process.wait()
    assert extension.open_error() == errno.ENXIO
