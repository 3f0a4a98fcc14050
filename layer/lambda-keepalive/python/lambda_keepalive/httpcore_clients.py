"""The idle connections that live httpcore clients hold, as a lender of the idle pool, and how one is taken from them.
The sync half of httpcore."""

import socket

from httpcore._sync.http11 import HTTPConnectionState

from lambda_keepalive import httpcore_exchange, transport
from lambda_keepalive.httpcore_idle import IdleClients
from lambda_keepalive.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge

_IDLE, _CLOSED = HTTPConnectionState.IDLE, HTTPConnectionState.CLOSED

# What a stream holds after its socket was taken: closed, like the socket of any connection that was closed.
_closed_socket = socket.socket()
_closed_socket.close()

# Held while a socket changes hands, by `with` alone, and never while anything else is waited for.
_taking = Lock()


def take(client: "Any", connection: "Connection") -> bool:
    """Take the socket of an idle client; False if somebody was faster.

    Under the lock by which httpcore itself makes an idle connection busy. Where that is taken the client is passed
    over: we may stand in a finalizer or a signal handler above the very code that took it. Of two takers one gets the
    mark on the stream; ours is the outer lock, so that who comes second finds the stream with its new socket.
    """
    with _taking:
        lock = client._state_lock._lock
        if not lock.acquire(blocking=False):
            return False
        try:
            taken = _take(client, connection)
        finally:
            lock.release()
    if taken:
        connection.busy = False
    return taken


def _take(client: "Any", connection: "Connection") -> bool:
    stream = client._network_stream
    if client._state is not _IDLE or stream._sock is not connection.sock:
        return False
    if vars(stream).pop("_keepalive", None) is None:
        return False
    vacate(client)
    return True


def vacate(client: "Any") -> None:
    """Leave the client as if it had closed its connection, which is somebody else's from now on."""
    client._network_stream._sock = _closed_socket
    client._state = _CLOSED
    # The pools of httpcore 1.0.0 let go of what has expired, not of what is closed.
    client._expire_at = 0.0


class Clients(IdleClients):
    """The idle connections of live clients, by connection, as a lender of the idle pool."""

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key."""
        for client, connection in self.idle():
            if connection.key != key or httpcore_exchange.unfinished(client, connection) is not None:
                continue
            if take(client, connection):
                return connection
        return None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad."""
        for client, connection in self.idle():
            reason = judge(connection)
            if reason is not None and take(client, connection):
                transport.pool.discard(connection, reason)

    def after_fork(self) -> None:
        """In a child: drop the parent's connections, so that not even their own client uses them.

        By force: a child has one thread, and who held a client's lock at the fork is in the parent.
        """
        global _taking
        _taking = Lock()
        for client, connection in self.idle():
            if _take(client, connection):
                connection.close()
