"""Lets urllib3 connections (hence requests, botocore and whatever stands on them) use the idle pool.

Seam: `connect` of the connection classes and `_put_conn` of the pool. Why not the pools themselves: libraries change
a pool's settings after they got it, and a shared pool has accepted a wrong CA that way (docs/decisions/0001). At
`connect` all is final. Closing and replay run through http.client's patch. Versions: urllib3 1.26 and 2.x. Idle
connections in a live pool stay there, at no cost, and are taken from it only when nobody else has one. Never shared:
what `refusal` and `exchange.unfinished` name, HTTP/2.
"""

import os
import queue

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from lambda_keepalive import dialling, guard, transport, urllib3_exchange, urllib3_queue
from lambda_keepalive.patching import add, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.urllib3_key import identify
from lambda_keepalive.urllib3_pools import Pools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# What `connect` sets besides `sock` (urllib3/connection.py, 1.26 and 2.x).
_ATTRIBUTES = ("is_verified", "proxy_is_verified", "_has_connected_to_proxy", "auto_open", "_raw_proxy_headers")


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        if type(self).connect is connect:
            transport.connect(self, original, identify, _ATTRIBUTES)
            try:
                dialling.stop_here(self)
            except Exception:  # noqa: BLE001
                guard.fault("pre-connect")
        else:
            original(self)

    return connect


def _getresponse(original: "Any") -> "Any":
    """The response's `shutdown` is that of the connection's socket before the request may have been sent again."""

    def getresponse(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        before = self.sock
        response = original(self, *args, **kwargs)
        after = self.sock
        if after is not before and after is not None:
            response._sock_shutdown = after.shutdown
        return response

    return getresponse


def _put_conn(original: "Any") -> "Any":
    def _put_conn(self: "Any", conn: "Any") -> None:
        try:
            connection = getattr(conn, "_keepalive", None)
            if connection is not None and connection.key is not None and urllib3_exchange.is_over(conn, connection):
                connection.idle_since = now()
                if self.pool is not None and not self._keepalive_lends:
                    self._keepalive_lends = True
                    _lender.pools.add(self)
        except Exception:  # noqa: BLE001
            guard.fault("urllib3 pool")
        original(self, conn)

    return _put_conn


def _new_pool_queue(original: "Any") -> "Any":
    def _new_pool_queue(self: "Any", maxsize: int) -> "Any":
        # Whoever replaced the queue class (gevent, a subclass) wants that one.
        if queue.LifoQueue is _QUEUE_CLASS and self.QueueCls is _QUEUE_CLASS:
            return urllib3_queue.PoolQueue(maxsize)
        return original(self, maxsize)

    return _new_pool_queue


def _close_pool_connections(original: "Any") -> "Any":
    def _close_pool_connections(pool: "Any") -> None:
        clients = None
        try:
            if type(pool) is urllib3_queue.PoolQueue or type(pool) is _QUEUE_CLASS:
                clients = urllib3_queue.drain(pool)
        except Exception:  # noqa: BLE001
            guard.fault("urllib3 pool")
        if clients is None:
            original(pool)
            return
        for client in clients:
            if client:
                client.close()

    return _close_pool_connections


_QUEUE_CLASS = queue.LifoQueue
_lender = Pools()


def install(module: "ModuleType") -> None:
    """Patch urllib3, unless its version is unknown."""
    urllib3_exchange.require_known_version()
    # Of urllib3-future there is no such module.
    from urllib3.response import HTTPResponse

    add(HTTPConnectionPool, "_keepalive_lends", False)
    replace(HTTPConnection, "connect", _connect)
    replace(HTTPSConnection, "connect", _connect)
    if hasattr(HTTPResponse, "shutdown"):  # urllib3 2.3 and newer
        replace(HTTPConnection, "getresponse", _getresponse)
    replace(HTTPConnectionPool, "_put_conn", _put_conn)
    if urllib3_queue.IS_PLAIN:
        if hasattr(HTTPConnectionPool, "_new_pool_queue"):
            replace(HTTPConnectionPool, "_new_pool_queue", _new_pool_queue)
        if hasattr(module, "_close_pool_connections"):
            replace(module, "_close_pool_connections", _close_pool_connections)
    transport.pool.lenders.append(_lender)
    os.register_at_fork(after_in_child=_lender.after_fork)
