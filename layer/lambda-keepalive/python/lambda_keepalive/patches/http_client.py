"""Lets `http.client` connections take an idle connection when they connect and give it back when they close.

Seam: `connect` and `close` of the connection classes, and the moment a response lets go of its file. Why here: at
`connect` every setting has its final value, and everything built on http.client (urllib.request, urllib3, httplib2)
closes through here. Versions: CPython 3.10 to 3.14. Never shared: what `refusal` and `exchange.unfinished` name.
"""

import io
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection

from lambda_keepalive import (
    default_context,
    dialling,
    guard,
    http_replay,
    replay,
    request_head,
    response_end,
    response_head,
    transport,
)
from lambda_keepalive.http_key import identify
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# What CPython's `connect` sets besides `sock`: the proxy's answer to CONNECT (3.12 and later).
_ATTRIBUTES = ("_raw_proxy_headers",)


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        # A subclass that has its own `connect` and calls this one is at the outer one's mercy.
        if type(self).connect is connect:
            transport.connect(self, original, identify, _ATTRIBUTES)
            try:
                dialling.stop_here(self)
            except Exception:  # noqa: BLE001
                guard.fault("pre-connect")
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


def _send_request(original: "Any") -> "Any":
    def _send_request(
        self: "Any", method: "Any", url: "Any", body: "Any", headers: "Any", encode_chunked: "Any"
    ) -> None:
        try:
            written = request_head.write(self, method, url, body, headers)
        except Exception:  # noqa: BLE001
            written = False
            guard.fault("request head")
        if written:
            self.endheaders(body, encode_chunked=False)
        else:
            original(self, method, url, body, headers, encode_chunked)

    return _send_request


def _endheaders(original: "Any") -> "Any":
    def endheaders(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        connection = self._keepalive
        if connection is not None:
            # Before a byte is sent: another thread may close meanwhile. A new connection is busy from its start.
            connection.busy = True
        self._keepalive_sent = None
        try:
            head = request_head.joined(self._buffer)
            taint = request_head.taint(head)
            if taint is not None or connection is None:
                self._keepalive_taint = taint
            body = request_head.body_length(head)
            self._keepalive_unsent = None if body is None else len(head) + len(b"\r\n\r\n") + body
        except Exception:  # noqa: BLE001
            self._keepalive_taint = "error"
            guard.fault("request head")
        original(self, *args, **kwargs)

    return endheaders


def _send(original: "Any") -> "Any":
    def send(self: "Any", data: "Any") -> None:
        if self.sock is None and self.auto_open:
            # As the original begins; here so that it is known on which connection the request goes out.
            self.connect()
        sent = None
        try:
            sent = http_replay.note(self, data)
        except Exception:  # noqa: BLE001
            guard.fault("replay")
        if sent is None:
            original(self, data)
        else:
            http_replay.send(self, data, sent, original)
        # Without a connection this was a proxy's CONNECT, which is no part of the request.
        if self._keepalive_unsent is not None and self._keepalive is not None:
            try:
                self._keepalive_unsent -= len(data) if type(data) is bytes else memoryview(data).nbytes
            except Exception:  # noqa: BLE001
                # A file (botocore): its sender has looked up how long it is.
                self._keepalive_unsent = None

    return send


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
        sent = self._keepalive_sent
        response = original(self) if sent is None else http_replay.response(self, sent, _plain_send, original)
        try:
            response._keepalive_end = response_end.WATCHED
        except Exception:  # noqa: BLE001
            guard.fault("getresponse")
        return response

    return getresponse


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
        if not ordinary:
            original(self, *args, **kwargs)
        elif not _read_head(self):
            unanswered = not self.fp.peek()
            try:
                original(self, *args, **kwargs)
            except replay.LOSSES as error:
                error._keepalive_unanswered = unanswered  # type: ignore[union-attr]
                raise

    return begin


def _read_head(response: "Any") -> bool:
    try:
        return response_head.read(response)
    except replay.LOSSES as error:
        # It reads once, and once only.
        error._keepalive_unanswered = True  # type: ignore[union-attr]
        raise
    except OSError:
        # Of the connection, a time-out for example: the caller's to know.
        raise
    except Exception:  # noqa: BLE001
        guard.fault("response head")
        return False


_read_status = HTTPResponse._read_status  # type: ignore[attr-defined]
_plain_send = HTTPConnection.send


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
    add(HTTPConnection, "_keepalive_sent", None)
    add(HTTPConnection, "_keepalive_anew", False)
    add(HTTPConnection, "_keepalive_client", "http.client")
    add(HTTPConnection, "__del__", _delete)
    add(HTTPResponse, "_keepalive_end", None)
    add(HTTPResponse, "_keepalive_connection", None)
    add(HTTPSConnection, "_context", default_context.ContextAttribute())
    replace(HTTPResponse, "begin", _begin)
    replace(HTTPConnection, "connect", _connect)
    replace(HTTPConnection, "close", _close)
    replace(HTTPConnection, "_send_request", _send_request)
    replace(HTTPConnection, "endheaders", _endheaders)
    replace(HTTPConnection, "send", _send)
    replace(HTTPConnection, "getresponse", _getresponse)
    replace(HTTPResponse, "_close_conn", response_end.reporting_to(transport))
    replace(HTTPSConnection, "__init__", _initialize)
    replace(HTTPSConnection, "connect", _connect)
