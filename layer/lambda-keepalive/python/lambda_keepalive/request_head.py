"""Writes the head of an ordinary request in one step, and says what a head means for its connection.

http.client validates and encodes a request line by line: 14 us for three fields against 4 here, a tenth of a whole
call. Only requests that leave nothing to decide are taken: HTTP/1.1 to an ASCII host, no tunnel, a path, fields of
printable ASCII, and no body or one whose length is known. The bytes are those that http.client would have written
(tests/unit/test_request_head.py holds the two together).
"""

import re
from http.client import HTTPConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# RFC 9112, 3 and 5: request line and fields, here without obs-text.
_ORDINARY = re.compile(r"[!-~]+ /[!-~]* HTTP/1\.1(?:\r\n[!-9;-~]+: [\t\x20-\x7e]*)+").fullmatch

# Methods whose requests say that they have no body (Lib/http/client.py, _METHODS_EXPECTING_BODY).
_EXPECTING_BODY = ("PATCH", "POST", "PUT")

# What writes the head in http.client. Tracers replace them to add fields, subclasses to change them.
_WRITERS = ("putrequest", "putheader", "_output", "_encode_request", "_validate_method", "_validate_path")
_writers_in_force = [getattr(HTTPConnection, name) for name in _WRITERS]


def write(client: "Any", method: "Any", url: "Any", body: "Any", headers: "Any") -> bool:
    """Do the work of `HTTPConnection._send_request` up to `endheaders`; False, and nothing written, for any request
    that is not ordinary."""
    if (
        type(method) is not str
        or type(url) is not str
        or type(headers) is not dict
        or not (body is None or type(body) is bytes)
        or client._HTTPConnection__state != "Idle"
        or client._http_vsn_str != "HTTP/1.1"
        or client._tunnel_host
    ):
        return False
    client_class = type(client)
    if [getattr(client_class, name) for name in _WRITERS] != _writers_in_force:
        return False
    lines = [f"{method} {url} HTTP/1.1"]
    names = "\n".join(headers).lower()
    given = names.split("\n")
    if "host" not in given:
        port = client.port
        lines.append(f"Host: {client.host}" if port == client.default_port else f"Host: {client.host}:{port}")
        if ":" in client.host:
            return False
    if "accept-encoding" not in given:
        lines.append("Accept-Encoding: identity")
    if "content-length" not in given:
        if "transfer-encoding" in given:
            return False
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        elif method.upper() in _EXPECTING_BODY:
            lines.append("Content-Length: 0")
    for name, value in headers.items():
        if type(value) is not str:
            return False
        lines.append(f"{name}: {value}")
    head = "\r\n".join(lines)
    # A field that brings a line of its own, or a name that brings a value, is for http.client to refuse.
    if ":" in names or head.count("\n") >= len(lines) or _ORDINARY(head) is None:
        return False

    response = client._HTTPConnection__response
    if response is not None and response.isclosed():
        client._HTTPConnection__response = None
    client._HTTPConnection__state = "Request-started"
    client._method = method
    client._buffer.append(head.encode("ascii"))
    return True


def joined(lines: "list[Any]") -> bytes:
    """The lines of a request head that waits to be sent, in lower case."""
    try:
        return b"\r\n".join(lines).lower()
    except TypeError:
        # botocore and careless callers mix str into the lines.
        encoded = [line.encode("latin-1", "replace") if isinstance(line, str) else bytes(line) for line in lines]
        return b"\r\n".join(encoded).lower()


def body_length(head: bytes) -> "int | None":
    """How many bytes of body a request head announces; None if they are chunked, a negative number if nobody can tell.

    A server takes exactly as many (RFC 9112, 6.3). What a careless caller sends beyond them would be read as the
    beginning of the next request, and what is missing would be taken from it.
    """
    if b"\ntransfer-encoding:" in head:
        return None
    _, found, rest = head.partition(b"\ncontent-length:")
    digits = rest.partition(b"\r")[0].strip()
    if not found:
        return 0
    return int(digits) if digits.isdigit() and b"\ncontent-length:" not in rest else -1


def taint(head: bytes) -> "str | None":
    """The rule by which a request with this head makes its connection unfit for others, or None.

    `asked-close`: it says `Connection: close` (RFC 9112, 9.6); `upgraded`: it asks for another protocol; `credentials`:
    NTLM and Negotiate authenticate the connection, not the request (RFC 4559, 6).
    """
    if b"\nconnection:" in head:
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name == b"connection" and b"close" in value:
                return "asked-close"
            if name == b"connection" and b"upgrade" in value:
                return "upgraded"
    if b"authorization: n" in head and (b"authorization: ntlm" in head or b"authorization: negotiate" in head):
        return "credentials"
    return None
