"""The idle connections of live aiohttp connectors: how one is taken from its connector, and who may take it.

`protocol` is a `ResponseHandler`; its attribute `_keepalive` is the `Connection` that it speaks on, `_keepalive_idle`
whether its connector has got it back.
"""

from lambda_keepalive import aiohttp_exchange, event_loop, transport
from lambda_keepalive.living import Living

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge


def end_outdated(waiting: "Any") -> None:
    """Close those of a connector's idle connections that it would take in spite of the idle limit of their origin."""
    for protocol, _ in list(waiting):
        connection = protocol._keepalive
        if connection is not None and transport.pool.outdated(connection) is not None:
            protocol.close()


def retire(protocol: "Any") -> None:
    """aiohttp ends a connection: take it away if it is clean, else leave it to be closed."""
    connection, protocol._keepalive = protocol._keepalive, None
    if protocol.transport is None:
        reason: str | None = "stale" if protocol._keepalive_idle else "unread"
    else:
        reason = _take(protocol, connection)
    if reason is None:
        transport.pool.release(connection, connection.idle_since)
    else:
        transport.discarded(connection, reason)


def _take(protocol: "Any", connection: "Connection") -> "str | None":
    """Take the connection off its loop; returns why that cannot be, or None."""
    reason = aiohttp_exchange.unfinished(protocol, connection)
    if reason is None:
        reason = event_loop.leave(connection, protocol.transport)
    if reason is None:
        protocol._drop_timeout()
        protocol.transport = None
    return reason


def taken(connector: "Any", wanted: "Callable[[Connection], bool]") -> "Iterator[Connection]":
    """Take idle connections out of a connector, one by one."""
    for waiting in list(connector._conns.values()):
        for protocol, since in list(waiting):
            connection = protocol._keepalive
            if connection is None or protocol.transport is None or not wanted(connection):
                continue
            if _take(protocol, connection) is None:
                protocol._keepalive = None
                waiting.remove((protocol, since))
                yield connection


class Connectors:
    """The connectors of live sessions, as a lender of the idle pool.

    Only what this thread may touch: connectors of the running loop, and of loops that nobody runs.
    """

    def __init__(self) -> None:
        self.connectors = Living()

    def _taken(self, wanted: "Callable[[Connection], bool]") -> "Iterator[Connection]":
        for connector in self.connectors:
            if event_loop.is_ours(connector._loop):
                yield from taken(connector, wanted)

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key."""
        return next(self._taken(lambda connection: connection.key == key), None)

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad."""
        for connection in self._taken(lambda connection: judge(connection) is not None):
            transport.pool.discard(connection, judge(connection) or "stale")

    def after_fork(self) -> None:
        """In a child: let nobody use the parent's connections. Their transports are left alone: the child shares the
        selector's epoll with the parent, and to unregister here would make the parent deaf (epoll(7))."""
        for connector in self.connectors:
            connector._conns.clear()

    def count(self) -> int:
        """How many idle connections the connectors hold."""
        held = [connector._conns for connector in self.connectors]
        return sum(len(waiting) for conns in held for waiting in list(conns.values()))


lender = Connectors()
