"""Lets urllib3 connections (hence requests, botocore and whatever stands on them) use the idle pool.

Seam: `connect` of the connection classes and `_put_conn` of the pool. Why not the pools themselves: libraries change
a pool's settings after they got it, and a shared pool has accepted a wrong CA that way (docs/decisions/0001). At
`connect` all is final. Closing runs through http.client's patch. Versions: urllib3 1.26 and 2.x. Idle connections in
a live pool stay there, at no cost, and are taken from it only when nobody else has one. Never shared: what `refusal`
and `exchange.unfinished` name, HTTP/2.
"""

import os
import queue
import sys
import weakref

from urllib3 import connection as connection_module
from urllib3._version import __version__
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import connection as socket_factory
from urllib3.util import ssl_ as tls_factory

from lambda_keepalive import config, exchange, guard, identity, transport
from lambda_keepalive.patching import PatchSkipped, add, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.refusal import is_known_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge

# What `connect` sets besides `sock` (urllib3/connection.py, 1.26 and 2.x).
_ATTRIBUTES = ("is_verified", "proxy_is_verified", "_has_connected_to_proxy", "auto_open", "_raw_proxy_headers")

_chosen = config.current().clients
_new_conn = HTTPConnection._new_conn


def identify(client: "Any") -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of a urllib3 connection that is about to connect."""
    tls = isinstance(client, HTTPSConnection)
    host, port = client._dns_host, client.port
    tunnel = client._tunnel_host
    if tunnel:
        origin, refusal = transport.address("https" if tls else "http", tunnel, client._tunnel_port)
    else:
        origin, refusal = transport.address("https" if tls else "http", host, port)
    if refusal is None:
        refusal = _refused_class(type(client))
    if refusal is not None:
        return None, origin, refusal
    key = (
        "urllib3",
        host,
        port,
        identity.freeze(client.source_address),
        identity.freeze(client.socket_options),
        client.proxy,
        _of_proxy(client.proxy_config),
        tunnel,
        client._tunnel_port,
        getattr(client, "_tunnel_scheme", None),
        identity.freeze(client._tunnel_headers) if tunnel else None,
        _of_tls(client) if tls else None,
        _functions_in_force(),
        identity.functions_in_force(),
    )
    return key, origin, None


def _functions_in_force() -> "Hashable":
    """What urllib3 itself would make the connection with, by modules in which people replace it: to force IPv4, other
    ciphers, another TLS library."""
    return (
        socket_factory.create_connection,
        socket_factory.allowed_gai_family,
        socket_factory.HAS_IPV6,
        connection_module.ssl_wrap_socket,  # type: ignore[attr-defined]
        connection_module.create_urllib3_context,  # type: ignore[attr-defined]
        tls_factory.SSLContext,
        getattr(tls_factory, "DEFAULT_CIPHERS", None),
    )


def _refused_class(client_class: type) -> "str | None":
    # The verdict on the class is remembered, and may be older than a replaced method.
    if HTTPConnection._new_conn is not _new_conn or not is_known_class(client_class):
        return "foreign-class"
    name = "botocore" if client_class.__module__.startswith("botocore.") else "urllib3"
    return None if name in _chosen else "not-chosen"


def _of_tls(client: "Any") -> "Hashable":
    """All that decides whom the connection trusts and how it shows itself (urllib3/connection.py,
    HTTPSConnection.connect)."""
    files = client.ca_certs, client.ca_cert_dir, client.ca_cert_data
    ca = identity.of_ca(*files)
    context = client.ssl_context
    return (
        # urllib3 loads these files into the context on each connect.
        identity.of_context(context, ignoring=ca),
        ca if any(files) else identity.of_default_trust(),
        config.key_log(),
        client.cert_reqs,
        identity.of_file(client.cert_file),
        identity.of_file(client.key_file),
        client.key_password,
        client.assert_hostname,
        client.assert_fingerprint,
        client.server_hostname,
        client.ssl_version,
        getattr(client, "ssl_minimum_version", None),
        getattr(client, "ssl_maximum_version", None),
        getattr(client, "tls_in_tls_required", False),
    )


def _of_proxy(settings: "Any") -> "Hashable":
    if settings is None:
        return None
    return tuple(
        identity.of_context(value) if name == "ssl_context" else identity.freeze(value)
        for name, value in settings._asdict().items()
    )


def _connect(original: "Any") -> "Any":
    def connect(self: "Any") -> None:
        if type(self).connect is connect:
            transport.connect(self, original, identify, _ATTRIBUTES)
        else:
            original(self)

    return connect


def _put_conn(original: "Any") -> "Any":
    def _put_conn(self: "Any", conn: "Any") -> None:
        try:
            connection = getattr(conn, "_keepalive", None)
            if connection is not None and connection.key is not None:
                _settle(self, conn, connection)
        except Exception:  # noqa: BLE001
            guard.fault("urllib3 pool")
        original(self, conn)

    return _put_conn


def _settle(pool: "Any", client: "Any", connection: "Connection") -> None:
    """urllib3 puts a connection back: believe that its exchange is over where http.client's own state agrees."""
    if connection.busy:
        response = client._HTTPConnection__response
        if response is None or response.fp is not None:
            return
        # urllib3 reads chunked bodies past http.client (HTTPResponse.read_chunked) and comes here only after the last
        # chunk and trailer; http.client then has no chunk count and saw no more than a close.
        if response._keepalive_end == exchange.DRAINED and response.chunk_left is None:
            response._keepalive_end = exchange.COMPLETE
        if exchange.unfinished(response) is not None:
            return
        transport.settle(connection, response)
    connection.idle_since = now()
    if pool.pool is not None and not pool._keepalive_lends:
        pool._keepalive_lends = True
        _lender.pools.add(pool)


def _close_pool_connections(original: "Any") -> "Any":
    """Closing a pool drains its queue item by item, ten locked steps for one connection; all at once is 8 us less."""

    def _close_pool_connections(pool: "Any") -> None:
        if type(pool) is not queue.LifoQueue:
            original(pool)
            return
        with pool.mutex:
            clients = pool.queue[::-1]
            pool.queue.clear()
            pool.not_full.notify(len(clients))
        for client in clients:
            if client:
                client.close()

    return _close_pool_connections


class _Pools:
    """The live urllib3 pools, as a lender of the idle pool."""

    def __init__(self) -> None:
        self.pools: weakref.WeakSet[Any] = weakref.WeakSet()

    def _take(self, wanted: "Callable[[Connection], bool]", most: int) -> "list[Connection]":
        """Take idle connections out of their pools' queues, leaving the empty place that urllib3 fills by itself.

        Under the queue's own mutex: what is in the queue is in nobody's hands. A queue that is locked is passed over:
        we may stand in a signal handler above the very code that locked it.
        """
        taken: list[Connection] = []
        for pool in list(self.pools):
            waiting = pool.pool
            if not isinstance(waiting, queue.Queue) or not waiting.mutex.acquire(blocking=False):
                continue
            try:
                for index, client in enumerate(waiting.queue):
                    connection = getattr(client, "_keepalive", None)
                    if connection is None or connection.busy or connection.sock is not client.sock:
                        continue
                    if client._keepalive_taint is None and wanted(connection):
                        waiting.queue[index] = None
                        client._keepalive = client.sock = None
                        taken.append(connection)
                        if len(taken) == most:
                            return taken
            finally:
                waiting.mutex.release()
        return taken

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key."""
        taken = self._take(lambda connection: connection.key == key, 1)
        return taken[0] if taken else None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad."""
        reasons: dict[Connection, str | None] = {}

        def is_bad(connection: "Connection") -> bool:
            reasons[connection] = judge(connection)
            return reasons[connection] is not None

        for connection in self._take(is_bad, sys.maxsize):
            transport.pool.discard(connection, reasons[connection] or "stale")

    def after_fork(self) -> None:
        """In a child: drop the parent's connections, so that not even their own pool uses them."""
        for pool in list(self.pools):
            for client in list(getattr(pool.pool, "queue", ())):
                connection = getattr(client, "_keepalive", None)
                if connection is not None and connection.sock is client.sock:
                    client._keepalive = client.sock = None
                    connection.close()

    def count(self) -> int:
        """How many idle connections the pools hold."""
        return sum(
            1
            for pool in list(self.pools)
            if isinstance(pool.pool, queue.Queue)
            for client in list(pool.pool.queue)
            if getattr(client, "_keepalive", None) is not None
        )


_lender = _Pools()


def install(module: "ModuleType") -> None:
    """Patch urllib3, unless its version is unknown."""
    major, minor = (int(part) for part in __version__.split(".")[:2])
    if (major, minor) < (1, 26) or major > 2:
        raise PatchSkipped(f"urllib3 {__version__} is not between 1.26 and 2.x")
    add(HTTPConnectionPool, "_keepalive_lends", False)
    replace(HTTPConnection, "connect", _connect)
    replace(HTTPSConnection, "connect", _connect)
    replace(HTTPConnectionPool, "_put_conn", _put_conn)
    if hasattr(module, "_close_pool_connections"):
        replace(module, "_close_pool_connections", _close_pool_connections)
    transport.pool.lenders.append(_lender)
    os.register_at_fork(after_in_child=_lender.after_fork)
