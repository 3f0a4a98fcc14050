"""The idle connections of live httpcore async clients: how one is taken from its client, and who may take it.

`client` is an `AsyncHTTP11Connection`; the mark `_keepalive` on its stream is the `Connection`.
"""

from httpcore._async.http11 import HTTPConnectionState

from lambda_keepalive import httpcore_exchange, transport
from lambda_keepalive.httpcore_async_key import anyio_stream
from lambda_keepalive.httpcore_idle import IdleClients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge

_IDLE, _CLOSED = HTTPConnectionState.IDLE, HTTPConnectionState.CLOSED


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


class _Clients(IdleClients):
    """The idle connections of live clients, by stream, as a lender of the idle pool.

    Only those which nobody else can be using: of the loop that runs the caller, and of loops that nobody runs.
    """

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key, unless its own client can still use it."""
        for client, connection in self.idle():
            ours = connection.key == key and anyio_stream().is_done_with(client._network_stream)
            if ours and _take(client, connection) is None:
                return connection
        return None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad, also those of a loop that waits to be run again."""
        for client, connection in self.idle():
            reason = judge(connection)
            if reason is not None and _take(client, connection) is None:
                transport.pool.discard(connection, reason)

    def after_fork(self) -> None:
        """In a child: let nobody use the parent's connections. Their transports are left alone: the child shares the
        selector's epoll with the parent, and to unregister here would make the parent deaf (epoll(7))."""
        for client, _ in self.idle():
            client._state = _CLOSED
            vars(client._network_stream).pop("_keepalive", None)


lender = _Clients()
