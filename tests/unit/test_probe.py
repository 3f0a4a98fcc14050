"""The kernel's word on idle sockets: over TCP here; over TLS and whole clients in tests/socketlevel."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lambda_keepalive.pool.connection import Connection
from lambda_keepalive.pool.probe import is_stale

from tests.support.certificates import Authority
from tests.unit.pairs import Pair, connected, handshaken


@pytest.fixture
def tcp() -> Iterator[Pair]:
    client, server = connected()
    with client, server:
        yield client, server


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Both ends after the handshake; with 1.3 the server's session tickets wait unread at the client."""
    client, server = handshaken(connected(), Authority(tmp_path), request.param)
    with client, server:
        yield client, server


def arrived(sock: socket.socket) -> None:
    """Wait until something is to be read or the peer has closed."""
    import select

    assert select.select([sock], [], [], 10)[0]


def stale(sock: socket.socket) -> bool:
    return is_stale(Connection(sock, "key", "http://host:80"))


def fin(end: socket.socket) -> None:
    end.close()


def half_close(end: socket.socket) -> None:
    end.shutdown(socket.SHUT_WR)


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def surplus(end: socket.socket) -> None:
    end.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")


@pytest.mark.parametrize("deed", [fin, half_close, reset, surplus])
def test_a_connection_on_which_the_peer_did_anything_is_stale(tcp: Pair, deed: Callable[[socket.socket], None]) -> None:
    client, server = tcp
    assert not stale(client)
    deed(server)
    arrived(client)
    assert stale(client)


def test_urgent_data_is_stale_too(tcp: Pair) -> None:
    import select

    client, server = tcp
    server.send(b"!", socket.MSG_OOB)
    assert select.select([], [], [client], 10)[2]
    assert stale(client)


def test_a_socket_that_somebody_closed_is_stale(tcp: Pair) -> None:
    client, _ = tcp
    connection = Connection(client, "key", "http://host:80")
    assert not is_stale(connection)
    client.close()
    assert is_stale(connection)


@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_asking_leaves_the_timeout_as_it_was(tcp: Pair, timeout: float | None) -> None:
    client, server = tcp
    client.settimeout(timeout)
    assert not stale(client)
    server.close()
    arrived(client)
    assert stale(client)
    assert client.gettimeout() == timeout


def test_an_idle_tls_connection_is_good_again_and_again_whatever_tickets_wait(tls: Pair) -> None:
    client, server = tls
    for _ in range(3):
        assert not stale(client)
        assert client.gettimeout() == 7
    server.sendall(b"answer")
    assert client.recv(10) == b"answer"
    assert not stale(client)


@pytest.mark.parametrize("deed", [fin, half_close, reset, surplus])
def test_a_tls_connection_on_which_the_peer_did_anything_is_stale(
    tls: Pair, deed: Callable[[socket.socket], None]
) -> None:
    client, server = tls
    assert not stale(client)
    deed(server)
    arrived(client)
    assert stale(client)
    assert client.gettimeout() == 7


@pytest.mark.parametrize("data", [b"\x17", b"\x17\x03\x03\x00\x64", b"\x17\x03\x03\x00\x64half"])
def test_a_part_of_a_tls_record_is_stale(tls: Pair, data: bytes) -> None:
    client, server = tls
    assert not stale(client)
    socket.socket.sendall(server, data)
    arrived(client)
    assert stale(client)


def test_a_close_notify_without_a_fin_is_stale(tls: Pair) -> None:
    client, server = tls
    assert not stale(client)
    server.setblocking(False)
    with pytest.raises(ssl.SSLWantReadError):
        server.unwrap()  # type: ignore[attr-defined]
    arrived(client)
    assert stale(client)


def test_decrypted_bytes_that_nobody_read_are_stale(tls: Pair) -> None:
    client, server = tls
    assert not stale(client)
    server.sendall(b"answer and surplus")
    assert client.recv(6) == b"answer"
    assert stale(client)
