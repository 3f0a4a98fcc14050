"""Lets httplib2 (hence google-api-python-client) use the idle pool.

Seam: `connect` of its two connection classes, which they do not inherit; closing, sending and reading run through
http.client's patch. A client that googleapiclient makes sits in a reference cycle and nobody closes it, so what an
`Http` holds idle is lent to others, between two calls of `Http._conn_request`, the only user of its connections.
Versions: httplib2 0.20 and later 0.x. Never shared: what `refusal` and `exchange.unfinished` name, and whatever goes
through a proxy, which PySocks connects.
"""

import os
import socket
import weakref

from httplib2 import Http  # type: ignore[import-untyped]

from lambda_keepalive import guard, transport
from lambda_keepalive.httplib2_key import CLASSES, identify, require_known_version
from lambda_keepalive.lock import Lock
from lambda_keepalive.patching import replace
from lambda_keepalive.pool.connection import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        if type(self).connect is not connect:
            original(self)
            return
        transport.connect(self, original, identify, ())
        try:
            if self.timeout is None:
                # In httplib2 that is the default of the process.
                transport.set_timeout(self.sock, socket._GLOBAL_DEFAULT_TIMEOUT)  # type: ignore[attr-defined]
        except Exception:  # noqa: BLE001
            guard.fault("httplib2 connect")

    return connect


def _conn_request(original: "Any") -> "Any":
    def _conn_request(self: "Any", conn: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            _lender.withdraw(conn)
        except Exception:  # noqa: BLE001
            guard.fault("httplib2 request")
        answer = original(self, conn, *args, **kwargs)
        try:
            _lender.offer(conn)
        except Exception:  # noqa: BLE001
            guard.fault("httplib2 response")
        return answer

    return _conn_request


class _Connections:
    """The connection objects that live `Http` objects hold idle, as a lender of the idle pool.

    Whoever takes a connection out of `idle` has it; under the lock, so that its owner finds it either as it was or
    without a socket, and then connects anew.
    """

    def __init__(self) -> None:
        self.idle: weakref.WeakValueDictionary[Connection, Any] = weakref.WeakValueDictionary()
        self._lock = Lock()

    def offer(self, client: "Any") -> None:
        """Note that nobody uses the client at the moment, if its exchange is proven over."""
        connection = getattr(client, "_keepalive", None)
        if connection is None or connection.key is None or connection.sock is not client.sock:
            return
        if transport.unsettled(client, connection) is None:
            connection.idle_since = now()
            self.idle[connection] = client

    def withdraw(self, client: "Any") -> None:
        """Note that its owner uses the client from now on."""
        connection = getattr(client, "_keepalive", None)
        if connection is not None:
            with self._lock:
                self.idle.pop(connection, None)

    def _take(self, connection: "Connection") -> bool:
        """Take the socket of an idle client; False if somebody was faster."""
        with self._lock:
            client = self.idle.pop(connection, None)
            if client is None or client._keepalive is not connection or connection.sock is not client.sock:
                return False
            client._keepalive = client.sock = None
        return True

    def _connections(self) -> "list[Connection]":
        # A list of references is made in one step; the dictionary itself may change meanwhile.
        clients = [reference() for reference in self.idle.valuerefs()]
        held = [getattr(client, "_keepalive", None) for client in clients]
        return [connection for connection in held if connection is not None]

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key."""
        for connection in self._connections():
            if connection.key == key and self._take(connection):
                return connection
        return None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad."""
        for connection in self._connections():
            reason = judge(connection)
            if reason is not None and self._take(connection):
                transport.pool.discard(connection, reason)

    def after_fork(self) -> None:
        """In a child: drop the parent's connections, so that not even their own client uses them."""
        self._lock = Lock()
        for connection in self._connections():
            if self._take(connection):
                connection.close()

    def count(self) -> int:
        """How many idle connections live clients hold."""
        return len(self.idle)


_lender = _Connections()


def install(module: "ModuleType") -> None:
    """Patch httplib2, unless its version is unknown."""
    require_known_version()
    for connection_class in CLASSES:
        replace(connection_class, "connect", _connect)
    replace(Http, "_conn_request", _conn_request)
    transport.pool.lenders.append(_lender)
    os.register_at_fork(after_in_child=_lender.after_fork)
