"""What mode `observe` knows of connections: those that are open, and those that mode `on` would have kept.

Nothing is kept, handed over or closed here. A connection that its client closes after a proven end of its exchange
leaves a shadow behind: a `Connection` without a socket, in an idle pool of its own with the limits of the real one.
Whoever connects next with the same identity opens his connection as ever, and is counted as one who would have had the
shadow's. It goes on as the same connection, so that ages and requests add up as they would have.

What cannot be known: whether the server would have closed the connection meanwhile (its own announcements,
`Keep-Alive: timeout=`, are obeyed), and whether it would have kept one that it was asked to close (`urlopen` and
`aiohttp.request` ask always; here it is assumed to).
"""

import time
import weakref

from lambda_keepalive import guard, lifecycle, transport
from lambda_keepalive.pool.connection import now
from lambda_keepalive.pool.idle import IdlePool
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection, Instant
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

# Connections that mode `on` would have taken from the live clients that hold them, idle to this day.
_lent: "weakref.WeakSet[Connection]" = weakref.WeakSet()


class Held:
    """The connections that live clients hold idle, from which mode `on` would take one if need be.

    Args:
        is_free: whether who connects at this moment could have the connection of this client.
    """

    def __init__(self, is_free: "Callable[[Any], bool]" = lambda client: True) -> None:
        self.clients: weakref.WeakValueDictionary[Connection, Any] = weakref.WeakValueDictionary()
        self._is_free = is_free

    def hold(self, client: "Any", connection: "Connection") -> None:
        """From now on the client holds its connection idle."""
        connection.busy = False
        connection.idle_since = now()
        self.clients[connection] = client

    def lend(self, key: "Hashable") -> bool:
        """Whether there is an idle connection with this key that is good for another request; it is idle no more."""
        # A list of references is made in one step; the dictionary itself may change meanwhile.
        for reference in self.clients.valuerefs():
            client, connection = reference(), reference.key
            if client is None or connection.key != key or shadows.judge(connection) is not None:
                continue
            if self._is_free(client) and self.clients.pop(connection, None) is not None:
                _lent.add(connection)
                return True
        return False


holders: "list[Held]" = []


class Forecast:
    """What mode `on` would do for a client that connects at this moment.

    Args:
        key, origin, refusal: as the client's module identifies it.
    """

    __slots__ = ("_kept", "_key", "_refusal", "_spared", "_started", "origin")

    def __init__(self, key: "Hashable | None", origin: str, refusal: "str | None") -> None:
        self.origin = origin
        self._key = key
        self._refusal = refusal
        self._kept, lent = (None, False) if key is None else _foretell(key)
        self._spared = self._kept is not None or lent
        self._started = time.perf_counter()

    def failed(self) -> None:
        """It could not connect."""
        stats.connect_error(self.origin)

    def opened(self, sock: "Any") -> "Connection":
        """It has connected: count that as a connection that was foretold or as one more."""
        milliseconds = (time.perf_counter() - self._started) * 1000
        connection = transport.opened(sock, self._key, self.origin, self._refusal, milliseconds, spared=self._spared)
        if connection.key is not None and self._kept is not None:
            connection = self._kept
            connection.busy = True
        connection.sock = _no_socket
        return connection


def _foretell(key: "Hashable") -> "tuple[Connection | None, bool]":
    """What mode `on` would have for this identity: the shadow of a connection, or one that a live client holds idle."""
    kept = shadows.acquire(key)
    return kept, kept is None and any(holder.lend(key) for holder in holders)


def foresee(key: "Hashable | None", origin: str, refusal: "str | None") -> "Forecast | None":
    """A forecast for whoever is about to connect; None for the runtime's own connections, which nobody counts."""
    return None if refusal == "runtime-api" else Forecast(key, origin, refusal)


def connecting_by(keys: "Any") -> "Callable[[Any], Any]":
    """What makes the replacement of `connect` of a class of http.client's connections.

    Args:
        keys: the module whose `identify` looks at a client that is about to connect.
    """

    def replacement(original: "Any") -> "Any":
        def replaced(self: "Any") -> None:
            # A subclass that has its own `connect` and calls this one is at the outer one's mercy.
            if type(self).connect is replaced:
                connect(self, original, keys.identify)
            else:
                original(self)

        return replaced

    return replacement


def connect(client: "Any", original: "Callable[[Any], None]", identify: "Identify") -> None:
    """Let a connection object of http.client connect, and count whether it would have had to.

    Raises:
        whatever `original`, the client's own `connect`, raises.
    """
    forecast = guard.attempt("connect", _foresee_client, client, identify)
    try:
        original(client)
    except BaseException:
        if forecast is not None:
            guard.attempt("connect", forecast.failed)
        raise
    if forecast is not None and client.sock is not None:
        client._keepalive = guard.attempt("connect", forecast.opened, client.sock)
        client._keepalive_used = False


def _foresee_client(client: "Any", identify: "Identify") -> "Forecast | None":
    client._keepalive = None
    return foresee(*identify(client))


def sending(client: "Any", connection: "Connection") -> None:
    """A request goes out; it is reused what the client itself reuses."""
    connection.busy = True
    for holder in holders:
        holder.clients.pop(connection, None)
    if connection in _lent:
        # Mode `on` would have to find the client another one.
        _lent.discard(connection)
        _foretell(connection.key)
    stats.request(connection.origin, client._keepalive_used)
    client._keepalive_used = True
    connection.requests += 1


def leave(connection: "Connection", reason: "str | None", idle_since: "Instant | None" = None) -> None:
    """A connection has ended: keep its shadow, unless there is a reason why mode `on` would not keep it."""
    for holder in holders:
        holder.clients.pop(connection, None)
    if connection in _lent:
        # In mode `on` it lives on with somebody else.
        _lent.discard(connection)
    elif reason is None:
        shadows.release(connection, idle_since)
    else:
        transport.discarded(connection, reason)
