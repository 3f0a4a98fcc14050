"""Sends the request of an `http.client` connection once more when its connection turns out to be dead.

The patch of http.client calls this where bytes go out and where the answer is read, which serves all that stands on
http.client: urllib.request, urllib3, requests, botocore, httplib2. The new socket takes the place of the dead one in
the same connection object, made by the client's own `connect`, so that every check and setting of the client holds for
it. Where that fails, the caller sees why: it is what he would have seen without a kept connection.
"""

from lambda_keepalive import guard, replay, transport
from lambda_keepalive.http_sent import Sent
from lambda_keepalive.pool import autopsy
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

    Send = Callable[[Any, Any], None]


def note(client: "Any", data: "Any") -> "Sent | None":
    """Remember what is about to be sent; None where the connection is new, or not ours to replace."""
    connection = client._keepalive
    if not replay.is_watched(connection):
        return None
    sent: Sent | None = client._keepalive_sent
    if sent is None:
        sent = client._keepalive_sent = Sent(connection, data)
    sent.add(data)
    return sent


def send(client: "Any", data: "Any", sent: Sent, plain_send: "Send") -> None:
    """Send a part of a request, on a new connection if need be, with all parts before it."""
    if sent.gone:
        _connect_anew(client)
        plain_send(client, data)
        return
    try:
        plain_send(client, data)
        return
    except OSError as error:
        if not guard.attempt("replay", _may_go_again, client, sent, error, None):
            raise
    _send_again(client, sent, plain_send)
    guard.attempt("replay", stats.replayed)


def response(client: "Any", sent: Sent, plain_send: "Send", getresponse: "Callable[[Any], Any]") -> "Any":
    """Read the response; if the connection is lost before its first byte, perhaps that of a second attempt."""
    client._keepalive_sent = None
    own = vars(client)
    if "close" in own:
        return getresponse(client)
    # http.client closes the connection before it says that the peer did. What the kernel knows of it would be gone, and
    # with urllib3 the settings of the tunnel.
    client.close = _not_yet
    try:
        first = getresponse(client)
    except replay.LOSSES as error:
        answered = not getattr(error, "_keepalive_unanswered", False)
        if not guard.attempt("replay", _may_go_again, client, sent, error, answered):
            own.pop("close", None)
            client.close()
            raise
        first = None
    finally:
        own.pop("close", None)
    if first is not None:
        if first.will_close:
            client.close()
        return first
    try:
        _send_again(client, sent, plain_send)
    except BaseException:
        client.close()
        raise
    if client._keepalive is not None:
        # It was counted in the statistics when it went out on the dead connection.
        client._keepalive.requests += 1
    guard.attempt("replay", stats.replayed)
    return getresponse(client)


def _not_yet() -> None:
    """Stands in for `close`."""


def _may_go_again(client: "Any", sent: Sent, error: OSError, answered: "bool | None") -> bool:
    """Asked once for each request. Where nothing of an answer was read yet (None), one may be waiting."""
    client._keepalive_sent = None
    if answered is None:
        answered = autopsy.has_answer(client.sock)
    return sent.may_go_again(client, error, answered)


def _connect_anew(client: "Any") -> None:
    """Put a new connection in the place of a dead one, whose idle equals cannot be trusted any more either."""
    dead: Connection = client._keepalive
    timeout = dead.sock.gettimeout()
    client._keepalive_sent = client._keepalive = client.sock = None
    guard.attempt("replay", transport.given_up, dead)
    client._keepalive_anew = True
    try:
        client.connect()
    finally:
        client._keepalive_anew = False
    client.sock.settimeout(timeout)


def _send_again(client: "Any", sent: Sent, plain_send: "Send") -> None:
    _connect_anew(client)
    for data, position in sent.parts or ():
        if position is not None:
            data.seek(position)
        plain_send(client, data)
