"""Mutated records: whatever comes through the FIFO, what goes out is well-formed.

A fixed number of cases from fixed seeds, so that a failure can be had again.
"""

from __future__ import annotations

import json
import random

import pytest

from tests.extension.conftest import Start
from tests.extension.record import record, small


def mutate(text: bytes, chance: random.Random) -> bytes:
    """Change a record in one to four places."""
    data = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data[start] = chance.randrange(256)
            case 1:
                del data[start : start + chance.randint(1, 20)]
            case 2:
                data[start:start] = data[start : start + chance.randint(1, 200)]
            case 3:
                data[start:start] = bytes(chance.choices(b'="\\{},: \n\r\0-.%9aZ', k=chance.randint(1, 9)))
            case 4:
                data[start:start] = chance.choice((b"9" * 20, b" host=", b" cold=1", b"=", b" discarded=a:1" * 40))
            case _:
                data[start : start + 2] = data[start + 1 : start - 1 : -1] if start > 1 else b""
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_mutated_records_never_forge_a_line(start: Start, seed: int) -> None:
    """1,000 mutations a seed: every line is a whole JSON object or one of the extension's own."""
    chance = random.Random(seed)
    extension = start(KEEPALIVE_METRICS=chance.choice(("core", "all", "log"))).ready()
    for number in range(1000):
        kind = chance.choice(("end", "end", "end", "checkpoint"))
        mutated = mutate(record(kind).encode(), chance)
        if chance.random() < 0.9:
            mutated = mutated.rstrip(b"\n") + b"\n"
        extension.write_all(mutated)
        if number % 50 == 49:
            extension.write_all(b"\n" + small(f"marker-{number}").encode())
            while f'"requestId":"marker-{number}"' not in (line := extension.line()):
                check(line)
    for line in extension.finish("timeout"):
        check(line)


def check(line: str) -> None:
    assert line.isascii()
    assert len(line) < 4096
    if line.startswith("lambda-keepalive: dropped "):
        return
    parsed = json.loads(line, object_pairs_hook=without_duplicates)
    assert parsed["FunctionName"] == "demo"
    assert set(parsed) <= KNOWN


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    assert len(members) == len(pairs)
    return members


KNOWN = {
    *("_aws", "FunctionName", "requestId", "coldStart", "runtime", "initType", "layerVersion"),
    *("shutdownReason", "hosts", "hostsOmitted", "discarded", "notReused"),
    *("RequestsSent", "ConnectionsOpened", "ConnectionsReused", "StaleConnections", "ConnectTime"),
    *("ConnectTimeSaved", "ConnectionsIdle", "ConnectionsDiscarded", "RequestsReplayed", "ConnectErrors"),
    *("SocketsEstablished", "SocketsTimeWait", "SocketsCloseWait", "TlsHandshakes"),
}
