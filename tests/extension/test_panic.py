"""A failed safety check costs the metrics, not the function.

The faulty binary corrupts its own state on request (faults.zig). What then fails is
a check in the code that is shipped, compiled as it is shipped.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tests.extension.conftest import Start
from tests.extension.record import small
from tests.extension.stub import IDENTIFIER, response

INVOKE = response(b'{"eventType":"INVOKE"}')


def test_panic_over_a_record_is_told_and_shutdown_still_answered(start: Start, faulty: Path) -> None:
    extension = start([str(faulty)]).ready()
    extension.write(small("open", "checkpoint"))
    extension.write("FAULT records\n")
    assert extension.line().startswith("lambda-keepalive: dropped a record")  # it is none
    told = extension.line()
    assert told.startswith("lambda-keepalive: internal error: start index 1048576 is larger than end index ")
    assert told.endswith("; no more metrics from this sandbox")
    assert extension.stub.requests.empty()  # the wait for an event goes on; Lambda refuses a second one
    assert extension.finish("failure") == []


def test_function_finds_no_reader_after_a_panic(start: Start, faulty: Path) -> None:
    extension = start([str(faulty)]).ready()
    extension.write("FAULT records\n")
    extension.line()
    assert extension.line().startswith("lambda-keepalive: internal error: ")
    assert extension.open_error() == errno.ENXIO


def test_panic_over_an_answer_waits_on_a_new_connection(start: Start, faulty: Path) -> None:
    extension = start([str(faulty)]).ready()
    extension.write("FAULT answer\n")
    extension.line()  # the fault was taken
    extension.stub.events.put([INVOKE])
    assert extension.line().startswith("lambda-keepalive: internal error: ")
    assert f"\r\nLambda-Extension-Identifier: {IDENTIFIER}\r\n".encode() in extension.stub.request()
    assert extension.finish() == []


def test_second_panic_stays_without_using_the_cpu(start: Start, faulty: Path) -> None:
    """Nothing is left but not to exit: Lambda ends the process 2 s after SHUTDOWN."""
    extension = start([str(faulty)]).ready()
    extension.write("FAULT twice\n")
    extension.line()
    extension.stub.events.put([INVOKE])
    assert extension.line().startswith("lambda-keepalive: internal error: ")
    # /proc/<pid>/syscall: number, then arguments. Waiting for no descriptor at all:
    syscall = Path(f"/proc/{extension.process.pid}/syscall")
    for _ in range(100_000):
        if (words := syscall.read_text().split())[2:3] == ["0x0"]:
            break
        os.sched_yield()
    assert words[2] == "0x0"
    assert extension.process.poll() is None


def test_shipped_binary_has_no_fault_to_inject(start: Start) -> None:
    extension = start().ready()
    for fault in ("FAULT records", "FAULT answer", "FAULT twice"):
        extension.write(f"{fault}\n")
    extension.write(small("a"))
    assert extension.line().startswith("lambda-keepalive: dropped a record that is not valid")
    assert '"requestId":"a"' in extension.line()
    assert extension.finish() == ["lambda-keepalive: dropped records: 3"]
