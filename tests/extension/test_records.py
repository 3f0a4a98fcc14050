"""Records that are not as they should be: dropped whole, counted, never a line of their own making."""

from __future__ import annotations

import json

import pytest

from tests.extension.conftest import Start
from tests.extension.record import record, small

MUST = "id=a pid=1 t=1"

INVALID = [
    "",
    " ",
    "LKA1",
    "LKA1 end",
    "LKA1 end ",
    f"LKA2 end {MUST}",
    f"lka1 end {MUST}",
    f"LKA1 begin {MUST}",
    f" LKA1 end {MUST}",
    f"LKA1 end {MUST} ",
    f"LKA1 end  {MUST}",
    f"LKA1 end {MUST}\r",
    f"LKA1 end {MUST} word",
    *(
        f"LKA1 end {MUST} {field}"
        for field in ("mode=<b>", "mode=x mode=x", "wouldReuse=-1", "wouldReuse=1.5", "wouldSave=1.2345", "wouldSave=")
    ),
    "LKA1 end pid=1 t=1",
    "LKA1 end id=a t=1",
    "LKA1 end id=a pid=1",
    "LKA1 end id= pid=1 t=1",
    "LKA1 end id=a pid=1 t=1.5",
    "LKA1 end id=a pid=1 t=-1",
    f"LKA1 end id={'a' * 65} pid=1 t=1",
    'LKA1 end id=a","x":"y pid=1 t=1',
    *[
        f"LKA1 end {MUST} {field}"
        for field in (
            "id=b",
            "t=2",
            "cold=2",
            "cold=1 cold=1",
            "runtime=",
            "runtime=py\x7f",
            f"runtime={'r' * 33}",
            'runtime=a"b',
            "runtime=a\\b",
            "init=On",
            "version=1/0",
            "RequestsSent=",
            "RequestsSent=+1",
            "RequestsSent=1_0",
            "RequestsSent=1e3",
            "RequestsSent=0x1",
            "RequestsSent=1.0",
            "RequestsSent=9007199254740993",
            "RequestsSent=18446744073709551617",
            "RequestsSent=1 RequestsSent=1",
            "ConnectTime=.5",
            "ConnectTime=1.",
            "ConnectTime=1.2345",
            "ConnectTime=1.2.3",
            "ConnectTime=-1",
            "ConnectTime=NaN",
            "host=",
            "host=https://h:1,1,1,1,1",
            "host=https://h:1,1,1,1,1,1,1,1",
            "host=https://h:1,1,1,1,1,1,",
            "host=https://h:1,1,1,1,1,1,x",
            "host=,1,1,1,1,1",
            'host=https://h"/:1,1,1,1,1,1',
            "host=https://h:1,1,1,1,1,x",
            f"host={'h' * 256},1,1,1,1,1",
            "discarded=stale",
            "discarded=:1",
            "discarded=Stale:1",
            "discarded=stale:1 discarded=stale:2",
            "notReused=first:1.5",
        )
    ],
]


@pytest.mark.parametrize("line", INVALID, ids=[line[:60].encode("unicode_escape").decode() for line in INVALID])
def test_invalid_record_is_dropped_whole(start: Start, line: str) -> None:
    extension = start().ready()
    extension.write(f"{line}\n")
    assert extension.line() == (
        "lambda-keepalive: dropped a record that is not valid; further ones are counted at SHUTDOWN"
    )
    extension.write(small("next"))
    assert json.loads(extension.line())["requestId"] == "next"
    assert extension.finish() == []


def test_dropped_records_are_counted_at_the_end(start: Start) -> None:
    extension = start().ready()
    for _ in range(25):
        extension.write("nonsense\n")
    first, count = extension.finish()
    assert first.startswith("lambda-keepalive: dropped a record that is not valid;")
    assert count == "lambda-keepalive: dropped records: 25"


def test_longest_record_is_taken_and_a_longer_one_is_not(start: Start) -> None:
    """4096 bytes with the newline: what one write(2) to a pipe keeps together."""
    extension = start().ready()
    longest = f"LKA1 end {MUST} x="
    longest += "y" * (4095 - len(longest)) + "\n"
    extension.write(longest)
    assert json.loads(extension.line())["requestId"] == "a"
    extension.write_all(longest.replace(" x=", " x=y").encode())
    assert extension.line().startswith("lambda-keepalive: dropped ")


@pytest.mark.parametrize("length", [4096, 4097, 8191, 8192, 8193, 12288, 100_000])
def test_line_without_an_end_is_skipped_to_the_next_newline(start: Start, length: int) -> None:
    """Including a valid record at its end, which may be the middle of something else."""
    extension = start().ready()
    extension.write_all(b"x" * length + small("hidden").encode())
    extension.write(small("next"))
    lines = [extension.line(), extension.line()]
    assert lines[0].startswith("lambda-keepalive: dropped ")
    assert json.loads(lines[1])["requestId"] == "next"


def test_record_in_pieces_is_put_together(start: Start) -> None:
    extension = start().ready()
    for byte in record().encode():
        extension.write(bytes([byte]))
    assert json.loads(extension.line())["RequestsSent"] == 5


def test_many_records_in_one_write_are_taken_one_by_one(start: Start) -> None:
    extension = start().ready()
    extension.write_all("".join(small(f"request-{number}") for number in range(2000)).encode())
    for number in range(2000):
        assert json.loads(extension.line())["requestId"] == f"request-{number}"


def test_flood_does_not_keep_shutdown_from_being_heard(start: Start) -> None:
    """One record is taken in a turn, and in every turn the Extensions API comes first."""
    extension = start().ready()
    flood = b"\n" * 4096
    extension.write_all(flood * 16)
    extension.stub.shut_down()
    while extension.process.poll() is None:
        try:
            extension.write_all(flood)
        except BrokenPipeError:
            break
    assert extension.finish()[0].startswith("lambda-keepalive: dropped ")
