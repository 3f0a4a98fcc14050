"""The Extensions API as bytes on a socket: it says exactly what a test tells it to.

Unlike the emulator in tests/local it has no opinion: it keeps every request as it
came and answers with the bytes it was given, in as many pieces, or hangs up.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

DEADLINE = 20.0
"""Seconds after which something that should have happened is a failure."""

IDENTIFIER = "3fa2c0de-0000-4000-8000-0123456789ab"

HANG_UP = b""
"""A piece of an answer that is none: the connection is closed instead."""


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP/1.1 response with a Content-Length."""
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


REGISTERED = response(
    b'{"functionName":"demo","functionVersion":"$LATEST","handler":"app.handler"}\n',
    "Content-Type: application/json",
    f"Lambda-Extension-Identifier: {IDENTIFIER}",
)


def shutdown_event(reason: str) -> bytes:
    """The response that carries SHUTDOWN."""
    event = f'{{"eventType":"SHUTDOWN","shutdownReason":"{reason}","deadlineMs":1700000002000}}'
    return response(event.encode(), "Content-Type: application/json")


@dataclass
class Stub:
    """Listens until `close`. Answers come from a queue of their own for each path."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    requests: queue.Queue[bytes] = field(default_factory=queue.Queue)
    """Every request, as it came."""
    registrations: queue.Queue[Sequence[bytes]] = field(default_factory=queue.Queue)
    """Answers to `register`, in pieces; a good one when there is none."""
    events: queue.Queue[Sequence[bytes] | None] = field(default_factory=queue.Queue)
    """Answers to `event/next`, which waits for one, as Lambda does."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def request(self) -> bytes:
        """The next request that came, waiting for it."""
        return self.requests.get(timeout=DEADLINE)

    def wait_until_ready(self) -> None:
        """Return when the extension has registered and waits for an event."""
        while not self.request().startswith(b"GET /2020-01-01/extension/event/next "):
            pass

    def shut_down(self, reason: str = "spindown") -> None:
        """Deliver SHUTDOWN."""
        self.events.put([shutdown_event(reason)])

    def close(self) -> None:
        """Stop listening and close every connection. May be called again."""
        self.events.put(None)
        for listener in (self._listener, *self._connections):
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed before
        for thread in self._threads:
            thread.join(DEADLINE)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                for request in _requests(connection):
                    self.requests.put(request)
                    for piece in self._answer(request) or [HANG_UP]:
                        if piece == HANG_UP:
                            return
                        connection.sendall(piece)
            except OSError:
                return  # the extension is gone

    def _answer(self, request: bytes) -> Sequence[bytes] | None:
        if b"/event/next " in request.split(b"\r\n", 1)[0]:
            answer = self.events.get()
            if answer is None:
                self.events.put(None)  # for every other connection that waits
            return answer
        try:
            return self.registrations.get_nowait()
        except queue.Empty:
            return [REGISTERED]


def _requests(connection: socket.socket) -> Iterator[bytes]:
    """Cut what comes on `connection` into requests."""
    received = b""
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if end and len(rest) >= length:
            yield head + end + rest[:length]
            received = rest[length:]
            continue
        more = connection.recv(65536)
        if not more:
            return
        received += more
