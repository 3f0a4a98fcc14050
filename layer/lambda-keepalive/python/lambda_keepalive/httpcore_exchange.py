"""Says whether the exchange on an httpcore connection is provably over. Reads state, changes no client.

h11 keeps the state of both sides and does most of the proof: `DONE` on both means that the response was read to its end
and that nobody announced a close (h11/_state.py, RFC 9112, 9.3). What it lets pass, such as two framings that agree or
bytes beyond the end, is found here. `client` is an `HTTP11Connection` or `AsyncHTTP11Connection`; both keep the same
private attributes (httpcore/_sync/http11.py, 1.0.0 to 1.0.9).
"""

import h11

from lambda_keepalive import transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def begin(connection: "Connection", request: "Any", again: bool = False) -> None:
    """A request is about to be sent: count it, and see whether it makes the connection unfit for others."""
    transport.sending(connection, again)
    taint(connection, request)


def taint(connection: "Connection", request: "Any") -> None:
    """See whether a request makes the connection unfit for others."""
    for name, value in request.headers:
        length = len(name)
        # By length first: of ten fields nine need no more.
        if length == 10 and name.lower() == b"connection":
            if b"close" in value.lower():
                connection.taint = "asked-close"
        elif length == 7 and name.lower() == b"upgrade":
            connection.taint = "upgraded"
        elif length in (13, 19) and name[-13:].lower() == b"authorization":
            # Some schemes authenticate the connection, not the request (RFC 4559, 6).
            scheme = value[:9].lower()
            if scheme == b"negotiate" or scheme[:4] == b"ntlm":
                connection.taint = "credentials"


def answered(connection: "Connection", response: "Any", own_limit: "float | None") -> None:
    """The head of the response is here: see whether everybody on the way agrees where the response ends (RFC 9112,
    6.3), and how long the connection may stay idle, by the peer's word or by its user's `own_limit`."""
    framing = hint = None
    for name, value in response.headers:
        length = len(name)
        if (length == 14 and name.lower() == b"content-length") or (
            length == 17 and name.lower() == b"transfer-encoding"
        ):
            # h11 takes `5, 5` for 5, and a transfer coding before a length.
            if framing is not None or (length == 14 and not value.isdigit()):
                connection.taint = "framing"
            framing = value
        elif length == 10 and connection.requests == 1 and name.lower() == b"keep-alive":
            hint = value.decode("latin-1")
    if connection.requests == 1:
        transport.hinted(connection, hint)
    if response.status == 204 and framing not in (None, b"0"):
        # A 204 has no content; a server that frames some may send it yet.
        connection.taint = "framing"
    if own_limit is not None:
        connection.idle_timeout = min(own_limit, connection.idle_timeout or own_limit)


def unfinished(client: "Any", connection: "Connection") -> "str | None":
    """Why the connection must not carry another request, or None.

    Returns a rule of before, or one of: `surplus`, `close` (one side ends it, or HTTP/1.0 does), `upgraded`, `error`,
    `unread`.
    """
    reason = connection.refusal or connection.taint
    if reason is not None:
        return reason
    state = client._h11_state
    if client.is_idle():
        return "surplus" if state.trailing_data != (b"", False) else None
    states = state.our_state, state.their_state
    if h11.ERROR in states:
        return "error"
    if h11.MUST_CLOSE in states or h11.CLOSED in states:
        return "close"
    if h11.SWITCHED_PROTOCOL in states:
        return "upgraded"
    return "unread" if state.their_state in (h11.SEND_BODY, h11.DONE) else "error"
