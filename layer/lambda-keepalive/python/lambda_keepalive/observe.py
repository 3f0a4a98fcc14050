"""What mode `observe` knows of connections: those that are open, and those that mode `on` would have kept.

Nothing is kept, handed over or closed here. A connection that its client closes after a proven end of its exchange
leaves a shadow behind: a `Connection` without a socket, in an idle pool of its own with the limits of the real one.
Whoever connects next with the same identity opens his connection as ever, and is counted as one who would have had the
shadow's. It goes on as the same connection, so that ages and requests add up as they would have.

What cannot be known: whether the server would have closed the connection meanwhile (its own announcements,
`Keep-Alive: timeout=`, are obeyed), and whether it would have kept one that it was asked to close (`urlopen` asks
always; here it is assumed to).
"""

import time

from lambda_keepalive import exchange, guard, lifecycle, transport
from lambda_keepalive.living import Living
from lambda_keepalive.pool.idle import IdlePool
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.transport import Identify


class _NoSocket:
    """In the place of a socket that belongs to its client alone."""

    _io_refs = 0

    def close(self) -> None:
        """There is nothing to close."""


_no_socket: "Any" = _NoSocket()


class Shadows(IdlePool):
    """The connections that mode `on` would hold idle."""

    def judge(self, connection: "Connection") -> "str | None":
        """As the pool's, without a look at the socket: there is none."""
        return self.outdated(connection)


shadows = Shadows(transport.pool.limits, transport.discarded)
shadows.register_for_process()
lifecycle.on_start.append(shadows.check)


class Held:
    """The connections that live clients hold idle, from which mode `on` would take one if need be.

    Args:
        idle_on: gives the connection of a client if that is idle at this moment.

    Attributes:
        clients: those that were idle once and are alive.
    """

    def __init__(self, idle_on: "Callable[[Any], Connection | None]") -> None:
        self.clients = Living()
        self._idle_on = idle_on

    def holds(self, key: "Hashable") -> bool:
        """Whether there is an idle connection with this key that is good for another request."""
        connections = map(self._idle_on, self.clients)
        equal = [connection for connection in connections if connection is not None and connection.key == key]
        return any(shadows.judge(connection) is None for connection in equal)


holders: "list[Held]" = []


def connect(client: "Any", original: "Callable[[Any], None]", identify: "Identify") -> None:
    """Let the client connect, and count whether it would have had to.

    Raises:
        whatever `original`, the client's own `connect`, raises.
    """
    try:
        client._keepalive = None
        key, origin, refusal = identify(client)
        kept, held = foretell(key)
    except Exception:  # noqa: BLE001
        guard.fault("connect")
        original(client)
        return
    if refusal == "runtime-api":
        original(client)
        return
    started = time.perf_counter()
    try:
        original(client)
    except BaseException:
        guard.attempt("observe", stats.connect_error, origin)
        raise
    milliseconds = (time.perf_counter() - started) * 1000
    try:
        if client.sock is not None:
            client._keepalive = opened(client.sock, key, origin, refusal, milliseconds, kept, held)
            client._keepalive_used = False
    except Exception:  # noqa: BLE001
        guard.fault("connect")


def foretell(key: "Hashable | None") -> "tuple[Connection | None, bool]":
    """What mode `on` would have for this identity: the shadow of a connection, or one that a live client holds idle."""
    if key is None:
        return None, False
    kept = shadows.acquire(key)
    return kept, kept is None and any(holder.holds(key) for holder in holders)


def opened(
    sock: "Any",
    key: "Hashable",
    origin: str,
    refusal: "str | None",
    milliseconds: float,
    kept: "Connection | None",
    held: bool,
) -> "Connection":
    """Count a connection that a client has just opened, as one that was foretold or as one more."""
    connection = transport.opened(sock, key, origin, refusal, milliseconds, spared=kept is not None or held)
    if connection.key is not None and kept is not None:
        connection = kept
        connection.busy = True
    connection.sock = _no_socket
    return connection


def sending(client: "Any", connection: "Connection") -> None:
    """A request goes out; it is reused what the client itself reuses."""
    connection.busy = True
    stats.request(connection.origin, client._keepalive_used)
    client._keepalive_used = True
    connection.requests += 1


def answered(client: "Any", connection: "Connection", response: "Any") -> None:
    """The head of the response is here; if it announced a close, the client has let go of the connection."""
    response._keepalive_asked = client._keepalive_asks
    client._keepalive = connection
    if client.sock is None:
        follow(client, response)
        if client._keepalive is not None:
            client._keepalive = None
            connection.taint = client._keepalive_taint
            response_ended(response, connection)


def retire(client: "Any") -> None:
    """The client closes or dies, which ends its connection: would it have been kept?"""
    connection: Connection | None = client._keepalive
    client._keepalive = None
    if connection is not None:
        reason = connection.refusal or client._keepalive_taint
        if reason is None and connection.busy:
            response = client._HTTPConnection__response
            reason = "error" if client._HTTPConnection__state != "Idle" else exchange.unfinished(response)
            if reason is None:
                transport.settle(connection, response)
        leave(connection, reason)
    client._keepalive_taint = None


def follow(client: "Any", response: "Any") -> None:
    """The client is gone and its response is still being read: from here on the response tells."""
    connection: Connection | None = client._keepalive
    if connection is not None and response.fp is not None:
        connection.taint = client._keepalive_taint
        response._keepalive_connection = connection
        client._keepalive = None


def response_ended(response: "Any", connection: "Connection") -> None:
    """A response without a client is over: would its connection have been kept?"""
    taint, seen = connection.taint, response
    if taint == "asked-close" and response._keepalive_asked and response.version == 11:
        # Mode `on` does not send the `Connection: close` of `urlopen`.
        taint, seen = None, _AsIfKept(response)
    reason = connection.refusal or taint or exchange.unfinished(seen)
    if reason is None:
        connection.taint = None
        transport.settle(connection, response)
    leave(connection, reason)


def leave(connection: "Connection", reason: "str | None") -> None:
    """A connection has ended: keep its shadow, unless there is a reason why mode `on` would not keep it."""
    if reason is None:
        shadows.release(connection)
    else:
        transport.discarded(connection, reason)


class _AsIfKept:
    """A response as it would be, had its request not asked for a close: what `exchange.unfinished` reads of one."""

    will_close = False

    def __init__(self, response: "Any") -> None:
        self._response = response
        self.headers = self

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._response, name)

    def raw_items(self) -> "list[tuple[str, str]]":
        """The header fields, without `Connection`."""
        return [(name, value) for name, value in self._response.headers.raw_items() if name.lower() != "connection"]
