"""Says whether the exchange on an aiohttp connection is provably over. Reads state, changes no client.

aiohttp's `ResponseHandler` knows whether the response was read to its end and whether the peer announced a close; what
it lets pass is found here. Private names are those of aiohttp/client_proto.py, 3.9 to 3.14. `protocol` is a
`ResponseHandler`, `request` a `ClientRequest`, `response` a `ClientResponse`.
"""

import asyncio

from aiohttp.http_exceptions import PayloadEncodingError

from lambda_keepalive import replay, transport
from lambda_keepalive.pool import autopsy
from lambda_keepalive.pool.connection import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def is_gone(connection: "Connection") -> bool:
    """Whether the peer has closed a connection that carried requests before, of which the event loop may not have heard
    yet."""
    if not replay.is_watched(connection):
        return False
    state = autopsy.tcp(connection.sock)
    if state is None or state.state == autopsy.ESTABLISHED:
        return False
    connection.taint = "stale"
    return True


def lost(connection: "Connection | None") -> None:
    """A connection was lost under a request, which aiohttp itself sends once more if it is idempotent (from 3.10 on):
    close the idle equals, lest it take one of them."""
    if connection is not None and connection.requests > 1 and connection.key is not None:
        transport.pool.drop(connection.key, "suspect")


def begin(connection: "Connection", request: "Any") -> None:
    """A request is about to be sent: count it, and see whether it makes the connection unfit for others."""
    transport.sending(connection)
    taint(connection, request)


def taint(connection: "Connection", request: "Any") -> None:
    """See whether a request makes the connection unfit for others."""
    headers = request.headers
    if "Connection" in headers:
        value = headers["Connection"].lower()
        if "close" in value:
            connection.taint = "asked-close"
        elif "upgrade" in value:
            connection.taint = "upgraded"
    if "Authorization" in headers and headers["Authorization"][:9].lower().startswith(("negotiate", "ntlm")):
        # These authenticate the connection, not the request (RFC 4559, 6).
        connection.taint = "credentials"
    if request.method == "CONNECT":
        connection.taint = "upgraded"
    if "Content-Length" in headers and not _has_length(request.body, headers.getall("Content-Length")):
        connection.taint = "body-length"
    if "Expect" in headers:
        # Refused, it leaves the server waiting for the body (RFC 9110, 10.1.1), and aiohttp sends none.
        connection.taint = "body-length"


def _has_length(body: "Any", announced: "list[str]") -> bool:
    """Whether a body is as long as a server is told; what is missing would be taken from the next request."""
    size = getattr(body, "size", None) if body else 0
    if isinstance(body, (bytes, bytearray)):
        size = len(body)
    return announced == [str(size)]


def sent(connection: "Connection") -> None:
    """The body went out to its end: the taint that stood for what is missing goes.

    Until aiohttp 3.11 writing also returns, and ends the body in time, when it was cancelled half-way (`write_bytes`).
    """
    task = asyncio.current_task()
    if connection.taint == "sending" and not (task is not None and task.cancelling()):
        connection.taint = None


def answered(connection: "Connection", response: "Any", own_limit: "float | None") -> None:
    """The head of the response is here: see whether everybody on the way agrees where the response ends (RFC 9112,
    6.3), and how long the connection may stay idle, by the peer's word or by its user's `own_limit`.

    From here on the protocol's payload is that of this response and tells when it is read. aiohttp may give the
    connection back to its connector later than that, and after the session was closed (`_release_connection`, 3.9).
    """
    connection.busy = False
    connection.idle_since = now()
    headers = response.headers
    lengths = headers.getall("Content-Length", ())
    codings = headers.getall("Transfer-Encoding", ())
    if len(lengths) + len(codings) > 1 or (codings and codings[0].strip().lower() != "chunked"):
        connection.taint = "framing"
    elif response.status == 204 and (codings or (lengths and lengths[0].strip() != "0")):
        # A 204 has no content; a server that frames some may send it yet.
        connection.taint = "framing"
    if connection.requests == 1:
        transport.hinted(connection, headers.get("Keep-Alive"))
        if own_limit is not None:
            connection.idle_timeout = min(own_limit, connection.idle_timeout or own_limit)


def unfinished(protocol: "Any", connection: "Connection") -> "str | None":
    """Why the connection must not carry another request, or None.

    Returns a rule of before, or one of: `upgraded`, `error`, `unread`, `close` (the peer ends it), `surplus`.
    """
    reason = connection.refusal or connection.taint
    if reason is not None:
        return reason
    if protocol.upgraded:
        return "upgraded"
    if protocol.exception() is not None:
        return "error"
    payload = protocol._payload
    if payload is not None and not payload.is_eof():
        return "unread"
    if protocol._should_close:
        return "close"
    if connection.busy:
        return "error"
    if len(protocol._buffer) or protocol._tail or _has_begun(protocol._parser):
        return "surplus"
    return "close" if protocol.should_close else None


def unfinished_if_asked(response: "Any", connection: "Connection") -> "str | None":
    """As `unfinished`, of a connection that ends with its response because the library itself asked for a close.

    Whether the peer would have kept it is taken for granted, unless the response is of HTTP/1.0 or ends with its
    connection (RFC 9112, 6.3 and 9.3).
    """
    reason = connection.refusal or connection.taint
    if reason is not None:
        return reason
    if connection.busy:
        return "error"
    content, headers = response.content, response.headers
    if content.exception() is not None or not content.is_eof():
        return "unread"
    empty = response.method == "HEAD" or response.status in (204, 304)
    framed = empty or "Content-Length" in headers or "Transfer-Encoding" in headers
    return None if framed and response.version >= (1, 1) else "close"


def _has_begun(parser: "Any") -> bool:
    """Whether the parser holds the beginning of a message that nobody asked for, or would not notice one. Spoils the
    parser."""
    if parser is None:
        return False
    if hasattr(parser, "_lines"):
        # The one in Python, which aiohttp falls back on.
        return bool(parser._lines or parser._tail)
    try:
        return parser.feed_eof() is not None
    except PayloadEncodingError:
        # The one in C waits for the content of a HEAD response that announces its length (3.9 and 3.10, and not 3.14),
        # so that bytes which came too early are taken for that.
        return True
