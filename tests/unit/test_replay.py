"""Each rule against sending a request once more, what is kept of a request, and what the kernel says of its end."""

from __future__ import annotations

import errno
import io
import socket
import ssl
import struct
import time
from collections.abc import Iterator

import pytest
from lambda_keepalive import lifecycle, replay
from lambda_keepalive.http_sent import Sent
from lambda_keepalive.pool import autopsy
from lambda_keepalive.pool.connection import Connection

Pair = tuple[socket.socket, socket.socket]
SAFE = {"answered": False, "expects": False, "whole": True, "harmless": True}
ORIGIN = "https://origin.test:443"


@pytest.fixture
def tcp() -> Iterator[Pair]:
    """Both ends of a connection that carried requests before: by now acknowledgements are put off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=10)
        server, _ = listener.accept()
    with client, server:
        for _ in range(3):
            client.sendall(b"request")
            server.recv(100)
            server.sendall(b"response")
            client.recv(100)
        yield client, server


def because(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(5, "")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, ""),
        BrokenPipeError(errno.EPIPE, ""),
        ConnectionAbortedError(errno.ECONNABORTED, ""),
        ssl.SSLEOFError(8, ""),
        because("UNEXPECTED_EOF_WHILE_READING"),
    ],
)
def test_a_lost_connection_is_a_reason_to_send_again(error: OSError) -> None:
    assert replay.refuse(error, ORIGIN, **SAFE) is None


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        TimeoutError(errno.ETIMEDOUT, "the kernel's own"),
        OSError(errno.EHOSTUNREACH, ""),
        ssl.SSLError(1, "alert"),
        because("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
        ssl.SSLCertVerificationError(1, ""),
        ValueError(),
        None,
    ],
)
def test_error(error: Exception | None) -> None:
    assert replay.refuse(error, ORIGIN, **SAFE) == "error"


@pytest.mark.parametrize(
    ("rule", "fact"),
    [
        ("answered", {"answered": True}),
        ("expect", {"expects": True}),
        ("body", {"whole": False}),
        ("unsafe", {"harmless": False}),
    ],
)
def test_a_fact_against_it(rule: str, fact: dict[str, bool]) -> None:
    assert replay.refuse(ConnectionResetError(), ORIGIN, **{**SAFE, **fact}) == rule


@pytest.mark.parametrize(("seconds", "rule"), [(0.4, "deadline"), (-1, "deadline"), (5, None)])
def test_deadline(seconds: float, rule: str | None) -> None:
    lifecycle.starting("1", time.time() + seconds)
    try:
        assert replay.refuse(ConnectionResetError(), ORIGIN, **SAFE) == rule
    finally:
        lifecycle.ending()
    assert replay.refuse(ConnectionResetError(), ORIGIN, **SAFE) is None


def test_the_counts_outlive_a_reset(tcp: Pair) -> None:
    """And those of a peer that has read a request and resets at once do not tell: why a reset proves nothing."""
    client, server = tcp
    before = autopsy.tcp(client)
    client.sendall(b"request")
    assert server.recv(100)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    after = autopsy.tcp(client)
    assert before is not None
    assert after is not None
    assert (before.state, after.state) == (autopsy.ESTABLISHED, autopsy.CLOSED)
    assert after.acknowledged == before.acknowledged > 0
    assert not autopsy.is_undelivered(client, before)


def test_what_was_not_acknowledged_yet_is_outstanding(tcp: Pair) -> None:
    client, server = tcp
    client.sendall(b"something")
    before = autopsy.tcp(client)
    assert before is not None
    assert before.outstanding
    server.close()
    assert not autopsy.is_undelivered(client, before)


def test_a_socket_without_tcp_says_nothing() -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        assert autopsy.tcp(unix) is None


def test_a_byte_that_waits_is_an_answer_and_a_fin_is_none(tcp: Pair) -> None:
    client, server = tcp
    client.settimeout(3600)  # seconds; nothing waits for it
    assert not autopsy.has_answer(client)
    server.sendall(b"H")
    client.recv(1, socket.MSG_PEEK)
    assert autopsy.has_answer(client)
    assert client.recv(10) == b"H"
    server.close()
    assert client.recv(1, socket.MSG_PEEK) == b""
    assert not autopsy.has_answer(client)
    client.close()
    assert not autopsy.has_answer(client)


def sent(tcp: Pair, *parts: object) -> Sent:
    connection = Connection(tcp[0], key=1, origin=ORIGIN)
    request = Sent(connection, parts[0])
    for part in parts:
        request.add(part)
    return request


@pytest.mark.parametrize(
    ("head", "harmless"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"HEAD / HTTP/1.1\r\n\r\n", True),
        (b"PUT / HTTP/1.1\r\n\r\n", True),
        (b"DELETE / HTTP/1.1\r\n\r\n", True),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", True),
        (b"TRACE / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\n\r\n", False),
        (b"PATCH / HTTP/1.1\r\n\r\n", False),
        (b"get / HTTP/1.1\r\n\r\n", False),
        (b"PURGE / HTTP/1.1\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: x\r\nidempotency-Key: 1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nX-Idempotency-Keys: 1\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n\nIdempotency-Key: 1\r\n\r\n", False),
        (b"by hand", False),
        (b"", False),
        ("GET / HTTP/1.1", False),
    ],
)
def test_what_may_be_sent_twice(tcp: Pair, head: object, harmless: bool) -> None:
    assert sent(tcp, head).harmless is harmless


HEAD = b"PUT / HTTP/1.1\r\n\r\n"


def test_a_body_in_one_piece_is_kept_by_reference(tcp: Pair) -> None:
    body = bytes(10 * replay.MOST_KEPT)
    parts = sent(tcp, HEAD, body).parts
    assert parts is not None
    assert parts[1][0] is body


def test_a_body_in_pieces_is_kept_up_to_a_limit(tcp: Pair) -> None:
    piece = bytes(replay.MOST_KEPT // 4)
    assert sent(tcp, HEAD, *[piece] * 3).parts is not None
    assert sent(tcp, HEAD, *[piece] * 10).parts is None


def test_what_its_owner_may_change_is_copied(tcp: Pair) -> None:
    body = bytearray(b"before")
    request = sent(tcp, HEAD, body)
    body[:] = b"behind"
    assert request.parts is not None
    assert request.parts[1][0] == b"before"


def test_a_file_is_kept_with_its_position(tcp: Pair) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    assert sent(tcp, HEAD, file).parts == [(HEAD, None), (file, 4)]


class OneWay(io.BytesIO):
    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("body", [OneWay(b"x"), iter([b"x"]), [b"x"], "text"], ids=["file", "iterator", "list", "text"])
def test_what_has_no_way_back_is_not_kept(tcp: Pair, body: object) -> None:
    assert sent(tcp, HEAD, body).parts is None
