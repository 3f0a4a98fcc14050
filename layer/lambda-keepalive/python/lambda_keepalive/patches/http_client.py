"""Lets `http.client` connections take an idle connection when they connect and give it back when they close.

Seam: `connect` and `close` of the connection classes, and the moment a response lets go of its file. Why here: at
`connect` every setting has its final value, and everything built on http.client (urllib.request, urllib3, httplib2)
closes through here. Versions: CPython 3.10 to 3.14. Never shared: what `refusal` and `exchange.unfinished` name.
"""

import io
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection

from lambda_keepalive import default_context, exchange, guard, response_head, transport
from lambda_keepalive.http_key import identify
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# What CPython's `connect` sets besides `sock`: the proxy's answer to CONNECT (3.12 and later).
_ATTRIBUTES = ("_raw_proxy_headers",)

# `HTTPResponse._keepalive_end` of a response that is watched and has not ended.
_WATCHED = ""


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        # A subclass that has its own `connect` and calls this one is at the outer one's mercy.
        if type(self).connect is connect:
            transport.connect(self, original, identify, _ATTRIBUTES)
        else:
            original(self)

    return connect


def _close(original: "Any") -> "Any":
    def close(self: "Any") -> None:
        if self._keepalive is not None:
            try:
                transport.retire(self)
            except Exception:  # noqa: BLE001
                guard.fault("close")
        original(self)

    return close


def _endheaders(original: "Any") -> "Any":
    def endheaders(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        connection = self._keepalive
        if connection is not None:
            # Before a byte is sent: another thread may close meanwhile. A new connection is busy from its start.
            connection.busy = True
        head = request_head(self._buffer)
        taint = request_taint(head)
        if taint is not None or connection is None:
            self._keepalive_taint = taint
        body = body_length(head)
        self._keepalive_unsent = None if body is None else len(head) + len(b"\r\n\r\n") + body
        original(self, *args, **kwargs)

    return endheaders


def _send(original: "Any") -> "Any":
    def send(self: "Any", data: "Any") -> None:
        original(self, data)
        # Without a connection this was a proxy's CONNECT, which is no part of the request.
        if self._keepalive_unsent is not None and self._keepalive is not None:
            try:
                self._keepalive_unsent -= len(data) if type(data) is bytes else memoryview(data).nbytes
            except Exception:  # noqa: BLE001
                # A file (botocore): its sender has looked up how long it is.
                self._keepalive_unsent = None

    return send


def request_head(lines: "list[Any]") -> bytes:
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


def request_taint(head: bytes) -> "str | None":
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


def _getresponse(original: "Any") -> "Any":
    def getresponse(self: "Any") -> "Any":
        connection = self._keepalive
        if connection is None:
            return original(self)
        try:
            transport.sending(connection)
            # More or less than announced; botocore, too, sends no body when `Expect: 100-continue` was refused.
            if self._keepalive_unsent:
                self._keepalive_taint = "body-length"
        except Exception:  # noqa: BLE001
            guard.fault("getresponse")
        response = original(self)
        try:
            response._keepalive_end = _WATCHED
        except Exception:  # noqa: BLE001
            guard.fault("getresponse")
        return response

    return getresponse


def _close_conn(original: "Any") -> "Any":
    def _close_conn(self: "Any") -> None:
        if self._keepalive_end == _WATCHED:
            try:
                self._keepalive_end = exchange.end_of(self)
            except Exception:  # noqa: BLE001
                self._keepalive_end = exchange.EARLY
                guard.fault("end of response")
        original(self)
        connection = self._keepalive_connection
        if connection is not None:
            self._keepalive_connection = None
            try:
                transport.response_ended(self, connection)
            except Exception:  # noqa: BLE001
                connection.close()
                guard.fault("end of response")

    return _close_conn


def _begin(original: "Any") -> "Any":
    def begin(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        ordinary = (
            type(self.fp) is io.BufferedReader
            and self.headers is None
            and not self.debuglevel
            # botocore has read the status line already when it waited for `100 Continue`.
            and type(self)._read_status is _read_status
            and not args
            and not any(kwargs.values())
        )
        if not (ordinary and _read_head(self)):
            original(self, *args, **kwargs)

    return begin


def _read_head(response: "Any") -> bool:
    try:
        return response_head.read(response)
    except OSError:
        # Of the connection, a time-out for example: the caller's to know.
        raise
    except Exception:  # noqa: BLE001
        guard.fault("response head")
        return False


_read_status = HTTPResponse._read_status  # type: ignore[attr-defined]


def _delete(self: "Any") -> None:
    """A connection object that nobody closed: its socket goes to the response still being read, or to the pool."""
    try:
        if self._keepalive is not None:
            response = self._HTTPConnection__response
            if response is not None and response.fp is not None:
                transport.hand_over(self, response)
            else:
                transport.retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def _initialize(original: "Any") -> "Any":
    def __init__(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        default_context.initialize(original, self, args, kwargs)

    return __init__


def install(module: "ModuleType") -> None:
    """Patch `http.client`."""
    add(HTTPConnection, "_keepalive", None)
    add(HTTPConnection, "_keepalive_taint", None)
    add(HTTPConnection, "_keepalive_unsent", None)
    add(HTTPConnection, "_keepalive_client", "http.client")
    add(HTTPConnection, "__del__", _delete)
    add(HTTPResponse, "_keepalive_end", None)
    add(HTTPResponse, "_keepalive_connection", None)
    add(HTTPSConnection, "_context", default_context.ContextAttribute())
    replace(HTTPResponse, "begin", _begin)
    replace(HTTPConnection, "connect", _connect)
    replace(HTTPConnection, "close", _close)
    replace(HTTPConnection, "endheaders", _endheaders)
    replace(HTTPConnection, "send", _send)
    replace(HTTPConnection, "getresponse", _getresponse)
    replace(HTTPResponse, "_close_conn", _close_conn)
    replace(HTTPSConnection, "__init__", _initialize)
    replace(HTTPSConnection, "connect", _connect)
