"""What no honest server sends: in place of an answer, and to a client that asked for nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from tests.support.origin import Exchange
from tests.support.origin.connection import Connection
from tests.support.origin.wire import head_of_response
from tests.torture.origins import Traitor

# A whole response of its own, which the next caller on the same connection would take for his.
POISON = head_of_response(200, [("Content-Length", "6")]) + b"poison"

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# More than any client reads of a head: http.client and h11 give up at 64 KiB of a line and 100 or 1,000 fields.
ENDLESS = 1_000_000

# Name: what is sent. Where a client would wait for more, the connection is closed behind it, see `CLOSED`.
ANSWERS = {
    "garbage": b"\x00\x01garbage\r\n\r\n" + POISON,
    "endless status line": b"HTTP/1.1 200 " + b"A" * ENDLESS,
    "endless field": OK + b"X-Endless: " + b"A" * ENDLESS,
    "endless fields": OK + b"X-Endless: 1\r\n" * (ENDLESS // 14),
    "endless chunk size": CHUNKED + b"0" * ENDLESS,
    "endless chunk extension": CHUNKED + b"5;" + b"a" * ENDLESS,
    "endless trailers": CHUNKED + b"2\r\nok\r\n0\r\n" + b"X-Endless: 1\r\n" * (ENDLESS // 14),
    "flood of 103": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000 + OK + b"Content-Length: 2\r\n\r\nok",
    "no version": b"200 OK\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "status that is a word": b"HTTP/1.1 fine OK\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + POISON,
    "a response behind the body": OK + b"Content-Length: 2\r\n\r\nok" + POISON,
    "a response behind the last chunk": CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + POISON,
    "a response behind 204": b"HTTP/1.1 204 No Content\r\n\r\n" + POISON,
    "a response behind 304": b"HTTP/1.1 304 Not Modified\r\n\r\n" + POISON,
    "a line behind the body": OK + b"Content-Length: 2\r\n\r\nok\r\n",
    "a length too short": OK + b"Content-Length: 1\r\n\r\nok",
    "a length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + POISON,
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\nok" + POISON,
    "a length of -1": OK + b"Content-Length: -1\r\n\r\nok" + POISON,
    "a length in hexadecimal": OK + b"Content-Length: 0x2\r\n\r\nok" + POISON,
    "a chunk of -1": CHUNKED + b"-1\r\nok\r\n0\r\n\r\n" + POISON,
    "a chunk of 2**70": CHUNKED + b"400000000000000000\r\nok\r\n0\r\n\r\n" + POISON,
    "a chunk with a sign": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n" + POISON,
    "a chunk without its end": CHUNKED + b"2\r\nokXX0\r\n\r\n" + POISON,
    "not quite chunked": OK + b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "a field without a colon": OK + b"Content-Length 2\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "a space before the colon": OK + b"Content-Length : 2\r\n\r\nok" + POISON,
    "a bare CR": OK + b"X: a\rContent-Length: 99\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "a NUL": OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok" + POISON,
    "a folded length": OK + b"Content-Length:\r\n 2\r\n\r\nok" + POISON,
}

# What comes to an idle connection, below TLS where there is any.
UNASKED = {
    "a byte": b"H",
    "an empty line": b"\r\n",
    "half a status line": b"HTTP/1.",
    "a response": POISON,
    "a fatal alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "a warning": b"\x15\x03\x03\x00\x02\x01\x5a",
    # RFC 8446, 5.1: the head of a record of 100 bytes and a little of it; the rest would come with the next response.
    "half a record": b"\x17\x03\x03\x00\x64" + b"x" * 10,
    "the head of a record": b"\x17\x03\x03\x00\x64",
}


def answering(data: bytes, hung_up: threading.Semaphore) -> Callable[[Exchange], None]:
    """A route that sends these bytes and hangs up: a client that waits for more has waited for enough."""

    def answer(exchange: Exchange) -> None:
        try:
            with contextlib.suppress(OSError):  # it has seen enough before we were done
                exchange.send(data)
            exchange.half_close()
        finally:
            hung_up.release()

    return answer


def sending(data: bytes) -> Callable[[Traitor], int]:
    """A deed: send these bytes on every idle connection, past TLS."""

    def order(connection: Connection) -> None:
        socket.socket.sendall(connection._socket, data)

    return lambda server: server._order(order)
