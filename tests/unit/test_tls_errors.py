"""The error of one TLS connection is not reported by another one of the same thread."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from lambda_keepalive.pool import tls_errors
from lambda_keepalive.pool.connection import Connection
from lambda_keepalive.pool.probe import is_stale

from tests.support.certificates import Authority
from tests.unit.pairs import Pair, connected, handshaken


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[tuple[Pair, Pair]]:
    authority = Authority(tmp_path)
    with ExitStack() as stack:
        two = [handshaken(connected(), authority, ssl.TLSVersion.TLSv1_2) for _ in range(2)]
        for end in (end for pair in two for end in pair):
            stack.enter_context(end)
        yield two[0], two[1]


def reset(server: socket.socket) -> None:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()


def write_to_the_dead(client: socket.socket) -> None:
    with pytest.raises(OSError, match=r"."):
        client.send(b"request")


def reads_what_comes_later(pair: Pair) -> bool:
    """Whether a read that has to wait says just that."""
    client, _ = pair
    client.settimeout(0)
    try:
        client.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    raise AssertionError("nothing was sent")


def test_what_is_fit_to_be_used_reports_no_error_of_another_connection(pairs: tuple[Pair, Pair]) -> None:
    kept, (lost, server) = pairs
    reset(server)
    write_to_the_dead(lost)
    assert not is_stale(Connection(kept[0], "key", "https://kept.test:443"))
    assert reads_what_comes_later(kept)


def test_what_is_found_dead_leaves_no_error_for_others(pairs: tuple[Pair, Pair]) -> None:
    kept, (lost, server) = pairs
    server.send(b"surplus")
    reset(server)
    assert is_stale(Connection(lost, "key", "https://lost.test:443"))
    assert reads_what_comes_later(kept)


def test_forgetting_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(tls_errors, "_make", fail)
    tls_errors.forget()
