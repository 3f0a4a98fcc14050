"""SHUTDOWN: what is printed before the end, and that the end comes."""

from __future__ import annotations

import fcntl
import json
import os
import signal

import pytest

from tests.extension.conftest import Start
from tests.extension.record import small
from tests.extension.stub import DEADLINE, response


@pytest.mark.parametrize(
    ("reason", "printed"),
    [
        ("spindown", "spindown"),
        ("timeout", "timeout"),
        ("failure", "failure"),
        ("SPINDOWN", "spindown"),  # as the documentation writes them
        ("Timeout", "timeout"),  # as aws-lambda-rie does
        ("ReleaseFail", "releasefail"),
        ("SandboxTerminated", "sandboxterminated"),
        ("", "unknown"),
        ("<b>\\u0022;{}", "bu0022"),
        ("x" * 200, "x" * 32),
    ],
)
def test_open_checkpoint_is_printed_with_the_reason(start: Start, reason: str, printed: str) -> None:
    extension = start().ready()
    extension.write(small("a", "checkpoint"))
    [line] = extension.finish(reason)
    assert json.loads(line)["shutdownReason"] == printed
    assert json.loads(line)["requestId"] == "a"


def test_reason_that_is_missing_is_unknown(start: Start) -> None:
    extension = start().ready()
    extension.write(small("a", "checkpoint"))
    extension.stub.events.put([response(b'{"eventType":"SHUTDOWN","deadlineMs":1}')])
    output, _ = extension.process.communicate(timeout=DEADLINE)
    assert json.loads(output)["shutdownReason"] == "unknown"


def test_sockets_are_not_counted_after_the_end(start: Start) -> None:
    """The runtime is gone by then: what sockets remain say nothing about its invocation."""
    extension = start().ready()
    extension.write(small("a", "checkpoint"))
    [line] = extension.finish("timeout")
    assert "Sockets" not in line


def test_end_supersedes_the_checkpoint(start: Start) -> None:
    extension = start().ready()
    for request in ("a", "b"):
        extension.write(small(request, "checkpoint"))
        extension.write(small(request))
        assert json.loads(extension.line())["requestId"] == request
    assert extension.finish("timeout") == []


def test_last_checkpoint_of_an_invocation_counts(start: Start) -> None:
    extension = start().ready()
    for sent in (1, 2, 3):
        extension.write(f"LKA1 checkpoint id=a pid=1 t=1 RequestsSent={sent}\n")
    [line] = extension.finish("timeout")
    assert json.loads(line)["RequestsSent"] == 3


def test_checkpoints_of_many_workers(start: Start) -> None:
    """On a Managed Instance many invocations are open at once; each is told on its own."""
    extension = start().ready()
    requests = [f"request-{number}" for number in range(100)]
    for request in requests:
        extension.write(small(request, "checkpoint"))
    for request in requests[::3]:
        extension.write(small(request))
        assert json.loads(extension.line())["requestId"] == request
    left = {json.loads(line)["requestId"] for line in extension.finish("failure")}
    assert left == set(requests) - set(requests[::3])


def test_checkpoints_beyond_the_table_displace_the_oldest(start: Start) -> None:
    """128 are kept: a flood of them costs memory once, and is told in one line and a count."""
    extension = start().ready()
    for number in range(300):
        extension.write(small(f"request-{number}", "checkpoint"))
    *lines, count = extension.finish("failure")
    assert lines[0].startswith("lambda-keepalive: dropped a checkpoint, of too many;")
    assert count == "lambda-keepalive: dropped records: 172"
    assert {json.loads(line)["requestId"] for line in lines[1:]} == {f"request-{n}" for n in range(172, 300)}


def test_records_still_in_the_fifo_are_printed_first(start: Start) -> None:
    """What was written while the extension was frozen comes out at SHUTDOWN at the latest."""
    extension = start().ready()
    extension.write(small("first", "checkpoint"))
    extension.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, extension.process.pid, os.WSTOPPED | os.WNOWAIT)
    extension.write(small("first"))
    extension.write(small("second", "checkpoint"))
    extension.stub.shut_down("timeout")
    extension.process.send_signal(signal.SIGCONT)
    output, _ = extension.process.communicate(timeout=DEADLINE)
    first, second = (json.loads(line) for line in output.splitlines())
    assert (first["requestId"], "shutdownReason" in first) == ("first", False)
    assert (second["requestId"], second["shutdownReason"]) == ("second", "timeout")


def test_full_output_does_not_hold_up_the_end(start: Start) -> None:
    """Nobody reads the pipe: it still exits with 0, and no line in the pipe is torn."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    extension = start(stdout=writing).ready()
    os.close(writing)
    for number in range(60):
        extension.write(small(f"request-{number}"))
    extension.stub.shut_down()
    assert extension.process.wait(DEADLINE) == 0
    with os.fdopen(reading) as output:
        lines = output.read().splitlines()
    assert [json.loads(line)["requestId"] for line in lines] == [f"request-{n}" for n in range(len(lines))]
    assert 0 < len(lines) < 60


def test_output_that_is_full_for_a_while_loses_nothing(start: Start) -> None:
    """Lines wait in the FIFO until the pipe is read again; meanwhile event/next is served."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    extension = start(stdout=writing).ready()
    os.close(writing)
    for number in range(60):
        extension.write(small(f"request-{number}"))
    extension.stub.events.put([response(b'{"eventType":"INVOKE"}')])
    extension.stub.wait_until_ready()
    with os.fdopen(reading) as output:
        for number in range(60):
            assert json.loads(output.readline())["requestId"] == f"request-{number}"
        extension.stub.shut_down()
        assert output.read() == ""
    assert extension.process.wait(DEADLINE) == 0


def test_closed_output_is_not_the_end(start: Start) -> None:
    extension = start().ready()
    assert extension.process.stdout is not None
    extension.process.stdout.close()
    extension.process.stdout = None
    for number in range(100):
        extension.write(small(f"request-{number}"))
    extension.stub.shut_down()
    assert extension.process.wait(DEADLINE) == 0
