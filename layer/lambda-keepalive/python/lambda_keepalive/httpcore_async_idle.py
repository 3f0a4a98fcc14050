"""The idle connections of live httpcore async clients: how one is taken from its client, and who may take it.

`client` is an `AsyncHTTP11Connection`; the mark `_keepalive` on its stream is the `Connection`.
"""

import weakref

from httpcore._async.http11 import HTTPConnectionState

from lambda_keepalive import httpcore_exchange, transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge

_IDLE, _CLOSED = HTTPConnectionState.IDLE, HTTPConnectionState.CLOSED


def anyio_stream() -> "Any":
    """The module that knows streams; imported when there are some, since it needs asyncio."""
    from lambda_keepalive import anyio_stream

    return anyio_stream


def is_orphan(client: "Any") -> bool:
    """Whether the client is idle, and no use any more: its event loop is closed."""
    return client._state is _IDLE and anyio_stream().is_orphan(client._network_stream)


def retire(client: "Any") -> None:
    """The client closes or dies: take its connection away if it is clean, else leave it to be closed."""
    connection = getattr(client._network_stream, "_keepalive", None)
    if connection is None:
        return
    reason = _take(client, connection)
    if reason is None:
        transport.pool.release(connection, connection.idle_since)
    elif vars(client._network_stream).pop("_keepalive", None) is not None:
        transport.discarded(connection, reason)


def _take(client: "Any", connection: "Connection") -> "str | None":
    """Take the connection of an idle client off its loop; returns why that cannot be, or None."""
    stream = client._network_stream
    reason = httpcore_exchange.unfinished(client, connection) or anyio_stream().leave(connection, stream)
    if reason is None:
        vars(stream).pop("_keepalive", None)
        client._state = _CLOSED
        connection.busy = False
    return reason


class _Clients:
    """The idle connections of live clients, as a lender of the idle pool.

    Only those which nobody else can be using: of the loop that runs the caller, and of loops that nobody runs.
    `clients` keeps the streams alive for as long as their client: the garbage collector, when it finds a forgotten
    client in a cycle, would otherwise close the transport before it calls the client's finalizer.
    """

    def __init__(self) -> None:
        self.clients: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()

    def _idle(self) -> "Iterator[tuple[Any, Connection]]":
        # A list of references is made in one step; the dictionary itself may change meanwhile.
        for reference in self.clients.valuerefs():
            client = reference()
            if client is not None and client._state is _IDLE:
                connection = getattr(client._network_stream, "_keepalive", None)
                if connection is not None:
                    yield client, connection

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key, unless its own client can still use it."""
        for client, connection in self._idle():
            ours = connection.key == key and anyio_stream().is_done_with(client._network_stream)
            if ours and _take(client, connection) is None:
                return connection
        return None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad, also those of a loop that waits to be run again."""
        for client, connection in self._idle():
            reason = judge(connection)
            if reason is not None and _take(client, connection) is None:
                transport.pool.discard(connection, reason)

    def after_fork(self) -> None:
        """In a child: let nobody use the parent's connections. Their transports are left alone: the child shares the
        selector's epoll with the parent, and to unregister here would make the parent deaf (epoll(7))."""
        for client, _ in self._idle():
            client._state = _CLOSED
            vars(client._network_stream).pop("_keepalive", None)

    def count(self) -> int:
        """How many idle connections live clients hold."""
        return sum(1 for _ in self._idle())


lender = _Clients()
