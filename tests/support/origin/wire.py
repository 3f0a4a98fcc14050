"""HTTP/1.1 as bytes: reads requests from a connection and spells out responses (RFC 9112).

Owns the framing and nothing else: no socket, no thread and no count lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

Headers = list[tuple[str, str]]

# A request head larger than this is refused, as by every real server: nginx allows 4 buffers of 8 KiB.
LARGEST_HEAD = 32 * 1024

# One read takes at most this much: four TLS records of 16 KiB.
READ_SIZE = 64 * 1024

REASONS = {
    100: "Continue",
    200: "OK",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class ProtocolError(Exception):
    """The client sent what is not an HTTP/1.1 request."""


class Disconnected(Exception):
    """The client closed the connection in the middle of a request."""


@dataclass(slots=True)
class Request:
    """A request as it arrived; `number_on_connection` counts from 1."""

    connection_id: int
    number_on_connection: int
    method: str
    target: str
    version: str
    headers: Headers
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path of the target, also when a client that takes us for a proxy sent a whole URL."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's fields; the last of several with one name wins."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str, default: str = "") -> str:
        """Return the values of all fields of this name as one list (RFC 9110, 5.2), or the default."""
        name = name.lower()
        values = [value for field, value in self.headers if field.lower() == name]
        return ", ".join(values) if values else default

    @property
    def wants_close(self) -> bool:
        """Whether the client wants the connection closed after the response (RFC 9112, 9.3)."""
        options = {option.strip() for option in self.header("Connection").lower().split(",")}
        return "close" in options or (self.version == "HTTP/1.0" and "keep-alive" not in options)


class RequestReader:
    """Reads one request after another from a function that receives bytes (b"" at the end)."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = b""

    @property
    def buffered(self) -> bool:
        """Whether bytes that were received are still to be read."""
        return bool(self._buffer)

    def fill(self) -> bool:
        """Receive once; return False if the client has sent everything it will ever send."""
        received = self._receive(READ_SIZE)
        self._buffer += received
        return bool(received)

    def head(self) -> tuple[str, str, str, Headers]:
        """Return the method, the target, the version and the fields of the next request."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        request_line, *field_lines = head.split("\r\n")
        try:
            method, target, version = request_line.split(" ")
        except ValueError:
            raise ProtocolError(f"not a request line: {request_line!r}") from None
        headers: Headers = []
        for line in field_lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise ProtocolError(f"not a field line: {line!r}")
            headers.append((name, value.strip(" \t")))
        return method, target, version, headers

    def body(self, request: Request) -> bytes:
        """Return the body of the request whose head was read last (RFC 9112, 6.3)."""
        if request.header("Transfer-Encoding").lower() == "chunked":
            return self._chunks()
        return self._exactly(int(request.header("Content-Length", "0")))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        while self._until(b"\r\n"):
            pass  # trailer fields, up to the empty line
        return body

    def _until(self, end: bytes) -> bytes:
        while (found := self._buffer.find(end)) < 0:
            if len(self._buffer) > LARGEST_HEAD:
                raise ProtocolError("too long a head")
            self._fill_or_raise()
        taken, self._buffer = self._buffer[:found], self._buffer[found + len(end) :]
        return taken

    def _exactly(self, size: int) -> bytes:
        parts = [self._buffer[:size]]
        self._buffer = self._buffer[size:]
        missing = size - len(parts[0])
        while missing:
            self._fill_or_raise()
            parts.append(self._buffer[:missing])
            self._buffer = self._buffer[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def _fill_or_raise(self) -> None:
        if not self.fill():
            raise Disconnected


def head_of_response(status: int, headers: Iterable[tuple[str, str]], version: str = "HTTP/1.1") -> bytes:
    """Spell out a status line and fields, with the empty line that ends them."""
    lines = [f"{version} {status} {REASONS.get(status, 'Unlisted')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Spell out one chunk (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Spell out the last chunk with its trailer fields."""
    return b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers).encode("latin-1") + b"\r\n"
