"""Counts, in mode `observe`, what urllib3 connections (hence those of requests and botocore) do, and changes nothing.

Seam: `connect` of the connection classes and `_put_conn` of the pool, at which the original always runs; the rest is
http.client's. Versions: urllib3 1.26 and 2.x.
"""

import http.client
import weakref

from urllib3._version import __version__
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from lambda_keepalive import exchange, guard, observe, transport
from lambda_keepalive.patching import PatchSkipped, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.urllib3_key import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        if type(self).connect is connect:
            observe.connect(self, original, identify)
        else:
            original(self)

    return connect


def _put_conn(original: "Any") -> "Any":
    def _put_conn(self: "Any", conn: "Any") -> None:
        try:
            connection = getattr(conn, "_keepalive", None)
            if connection is not None and connection.key is not None:
                _settle(conn, connection)
        except Exception:  # noqa: BLE001
            guard.fault("urllib3 pool")
        original(self, conn)

    return _put_conn


def _settle(client: "Any", connection: "Connection") -> None:
    """urllib3 puts a connection back: believe that its exchange is over where http.client's own state agrees."""
    if connection.busy:
        response = client._HTTPConnection__response
        if response is None or response.fp is not None:
            return
        # As in mode `on`: urllib3 reads chunked bodies past http.client.
        if response._keepalive_end == exchange.DRAINED and response.chunk_left is None:
            response._keepalive_end = exchange.COMPLETE
        if exchange.unfinished(response) is not None:
            return
        transport.settle(connection, response)
    connection.idle_since = now()
    _idle.clients.add(client)


class _Idle:
    """The connection objects that live pools hold idle."""

    def __init__(self) -> None:
        self.clients: weakref.WeakSet[Any] = weakref.WeakSet()

    def holds(self, key: "Hashable") -> bool:
        """Whether one of them is good for a request with this key."""
        for client in list(self.clients):
            connection = client._keepalive
            if connection is not None and connection.key == key and not connection.busy:
                return observe.shadows.judge(connection) is None
        return False


_idle = _Idle()


def install(module: "ModuleType") -> None:
    """Patch urllib3, unless its version is unknown."""
    major, minor = (int(part) for part in __version__.split(".")[:2])
    if (major, minor) < (1, 26) or major > 2:
        raise PatchSkipped(f"urllib3 {__version__} is not between 1.26 and 2.x")
    if not issubclass(HTTPConnection, http.client.HTTPConnection):
        raise PatchSkipped(f"urllib3 {__version__} does not stand on http.client")
    replace(HTTPConnection, "connect", _connect)
    replace(HTTPSConnection, "connect", _connect)
    replace(HTTPConnectionPool, "_put_conn", _put_conn)
    observe.holders.append(_idle)
