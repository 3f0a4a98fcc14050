"""What the function behind a route is given: one request, and full power over the bytes that answer it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Protocol

from tests.support.origin.wire import Request, RequestReader, head_of_response


class Peer(Protocol):
    """The server's end of a connection, as far as an exchange needs it."""

    def send(self, data: bytes) -> None:
        """Send every byte."""

    def half_close(self) -> None:
        """Send a FIN and go on reading."""

    def finish(self, *, reset: bool) -> None:
        """Close with a FIN, or with an RST."""

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server runs."""


class Exchange:
    """One request and its response.

    `respond` is the ordinary answer; `send` puts any bytes on the wire, for a test that is about just those.
    Unless the function says otherwise, or the client asked for a close, the connection is kept for the next
    request.
    """

    def __init__(self, peer: Peer, request: Request, reader: RequestReader) -> None:
        self.request = request
        self.closing = request.wants_close
        self._peer = peer
        self._reader = reader
        self.body_pending = True

    def read_body(self) -> bytes:
        """Read the body if that was not done yet, after `100 Continue` where the client waits for that."""
        if self.body_pending:
            self.body_pending = False
            if self.request.header("Expect").lower() == "100-continue":
                self.send(head_of_response(100, ()))
            self.request.body = self._reader.body(self.request)
        return self.request.body

    def respond(
        self,
        status: int = 200,
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        version: str = "HTTP/1.1",
        surplus: bytes = b"",
    ) -> None:
        """Answer with Content-Length framing, in one write; surplus bytes follow in the same segment.

        A HEAD request gets the head alone, and 204 and 304 have no body (RFC 9110, 6.4.1).
        """
        fields = list(headers)
        if status not in (204, 304):
            fields.append(("Content-Length", str(len(body))))
        if self.closing:
            fields.append(("Connection", "close"))
        if self.request.method == "HEAD" or status in (204, 304):
            body = b""
        self.send(head_of_response(status, fields, version) + body + surplus)

    def respond_json(self, value: object, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer with a value as JSON."""
        self.respond(status, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])

    def send(self, data: bytes) -> None:
        """Send exactly these bytes."""
        self._peer.send(data)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server runs."""
        self._peer.pause(seconds)

    def close_afterwards(self) -> None:
        """Close the connection when the function returns, and let `respond` say so."""
        self.closing = True

    def half_close(self) -> None:
        """Send a FIN at once, and go on reading."""
        self._peer.half_close()

    def hang_up(self) -> None:
        """Close the connection at once, with a FIN."""
        self._peer.finish(reset=False)

    def reset(self) -> None:
        """Close the connection at once, with an RST."""
        self._peer.finish(reset=True)


Handler = Callable[[Exchange], None]
