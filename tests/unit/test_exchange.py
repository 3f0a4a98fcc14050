"""When an exchange is over: the positive proof, asked of `http.client.HTTPResponse` objects over a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
from lambda_keepalive import exchange
from lambda_keepalive.pool.idle_limits import hinted_timeout

OK = b"HTTP/1.1 200 OK\r\n"

# What the server sent, method, why the connection must not be used again once the client has read all it wants.
VERDICTS = [
    (OK + b"Content-Length: 2\r\n\r\nab", "GET", None),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "GET", None),
    (OK + b"Content-Length: 0\r\n\r\n", "GET", None),
    (OK + b"Content-Length: 2\r\n\r\n", "HEAD", None),
    (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", None),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", None),
    (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab", "GET", None),
    (OK + b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\nab", "GET", None),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "GET", "close"),
    (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nab", "GET", "close"),
    (OK + b"\r\nuntil the end", "GET", "close"),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n", "GET", "informational"),
    (b"HTTP/1.1 101 Switching\r\nContent-Length: 0\r\n\r\n", "GET", "informational"),
    (OK + b"Content-Length: 0\r\n\r\n", "CONNECT", "upgraded"),
    (OK + b"Content-Length: 2\r\n\r\nabc", "GET", "surplus"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", "GET", "surplus"),
    (b"HTTP/1.1 204 No Content\r\n\r\nx", "GET", "surplus"),
    (OK + b"Content-Length: 3\r\n\r\nab", "GET", "unread"),
    (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", "GET", "framing"),
    (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET", "framing"),
    (OK + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", "GET", "framing"),
    (OK + b"Content-Length: +2\r\n\r\nab", "GET", "framing"),
    (OK + b"Connection: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", "GET", "framing"),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", "GET", "framing"),
]


class Watched(HTTPResponse):
    """A response as the patch leaves it: the end is noted just before the file is dropped."""

    _keepalive_end = ""

    def _close_conn(self) -> None:
        self._keepalive_end = exchange.end_of(self)
        super()._close_conn()  # type: ignore[misc]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        yield ours, theirs


def answered(pair: tuple[socket.socket, socket.socket], data: bytes, method: str = "GET") -> Any:
    ours, theirs = pair
    theirs.sendall(data)
    response = Watched(ours, method=method)
    response.begin()
    return response


@pytest.mark.parametrize(("data", "method", "verdict"), VERDICTS)
def test_only_a_positive_proof_counts(
    pair: tuple[socket.socket, socket.socket], data: bytes, method: str, verdict: str | None
) -> None:
    response = answered(pair, data, method)
    pair[1].shutdown(socket.SHUT_WR)
    try:
        response.read()
    except Exception:  # noqa: BLE001 - a client gives up on some of them
        response.close()
    assert exchange.unfinished(response) == verdict


def test_without_a_response_nothing_is_over() -> None:
    assert exchange.unfinished(None) == "close"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 4\r\n\r\nabcd", b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"]
)
def test_a_response_that_is_open_or_closed_early_is_unread(
    pair: tuple[socket.socket, socket.socket], framing: bytes
) -> None:
    response = answered(pair, OK + framing)
    assert exchange.unfinished(response) == "unread"
    assert response.read(2) == b"ab"
    assert exchange.unfinished(response) == "unread"
    response.close()
    assert exchange.unfinished(response) == "unread"


def test_looking_for_surplus_reads_nothing_from_the_socket_and_never_blocks(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    ours.settimeout(None)
    file = ours.makefile("rb")
    assert not exchange.has_surplus(file)
    theirs.sendall(b"still in the kernel")
    assert not exchange.has_surplus(file)
    assert file.read(5) == b"still"
    assert exchange.has_surplus(file)
    assert file.read(14) == b" in the kernel"
    assert not exchange.has_surplus(file)
    file.close()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("timeout=5", 5),
        ("timeout=5, max=100", 5),
        ("max=100, Timeout = 7 ", 7),
        ('timeout="9"', 9),
        ("timeout=0", 0),
        ("timeout=-1", None),
        ("timeout=5.5", None),
        ("timeout=x, timeout=3", 3),
        ("timeout=" + "9" * 400, None),
        ("timeout=٣", None),
        ("timeout", None),
    ],
)
def test_the_servers_hint_is_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    assert hinted_timeout(value) == seconds
