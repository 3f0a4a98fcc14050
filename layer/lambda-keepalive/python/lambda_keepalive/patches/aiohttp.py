"""Lets aiohttp's client use the idle pool, across sessions and across event loops.

Seam: `TCPConnector.connect`, before which an idle connection of the pool is put among the connector's own, and
`ResponseHandler.close`, by which aiohttp ends a connection for whatever reason. Why so: the library's own way of taking
an idle connection keeps its limits, traces and queue. Versions: 3.9 to 3.14 on asyncio's own loops from Python 3.11 on.
Idle connections of a live session stay there at no cost, and are taken from it only when nobody else has one. Never
shared: HTTPS proxies, what `refusal`, `aiohttp_key`, `aiohttp_exchange` and `event_loop` name.
"""

import os
import time
from collections import deque

from aiohttp.client import _SessionRequestContextManager
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.connector import BaseConnector, TCPConnector

from lambda_keepalive import aiohttp_exchange, aiohttp_key, aiohttp_seams, event_loop, guard, transport
from lambda_keepalive.aiohttp_idle import end_outdated, lender, retire, taken
from lambda_keepalive.patching import add, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _connect(original: "Any") -> "Any":
    async def connect(self: "Any", req: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            waiting = self._conns.get(req.connection_key)
            if waiting:
                end_outdated(waiting)
            else:
                await _stock(self, req)
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp connect")
        while True:
            held = await original(self, req, *args, **kwargs)
            gone = False
            try:
                connection = held._protocol._keepalive
                gone = connection is not None and aiohttp_exchange.is_gone(connection)
                if connection is not None and not gone:
                    held._protocol._keepalive_idle = False
                    aiohttp_exchange.begin(connection, req)
            except Exception:  # noqa: BLE001
                held._protocol._keepalive = None
                guard.fault("aiohttp request")
            if not gone:
                return held
            held.close()

    return connect


async def _stock(connector: "Any", request: "Any") -> None:
    """Put an idle connection among those of a connector that has none for the request.

    Never more than the user's limits have room for: aiohttp takes what it finds idle without asking for them, since
    what it keeps itself was counted before (connector.py, connect).
    """
    place = request.connection_key
    if connector._closed or connector._available_connections(place) < 1:
        return
    key, _, _ = aiohttp_key.identify(connector, request)
    connection = transport.pool.acquire(key) if key is not None else None
    if connection is None:
        return
    protocol = connector._factory()
    try:
        await event_loop.enter(connection, protocol)
    except BaseException:
        transport.discarded(connection, "error")
        raise
    protocol._keepalive = connection
    if connector._closed or connector._available_connections(place) < 1:
        # Meanwhile another task was faster; back to the pool.
        protocol.close()
        return
    if not connector._conns.get(place):
        connector._conns[place] = deque()
    connector._conns[place].append((protocol, time.monotonic()))


def _create_connection(original: "Any") -> "Any":
    async def _create_connection(self: "Any", req: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            key, origin, refusal = aiohttp_key.identify(self, req)
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp connect")
            return await original(self, req, *args, **kwargs)
        if refusal == "runtime-api":
            return await original(self, req, *args, **kwargs)
        started = time.perf_counter()
        try:
            protocol = await original(self, req, *args, **kwargs)
        except BaseException:
            guard.attempt("aiohttp connect", stats.connect_error, origin)
            raise
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            sock = event_loop.socket_of(protocol.transport)
            protocol._keepalive = transport.opened(sock, key, origin, refusal, milliseconds)
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp connect")
        return protocol

    return _create_connection


def _release(original: "Any") -> "Any":
    def _release(self: "Any", key: "Any", protocol: "Any", **kwargs: "Any") -> None:
        original(self, key, protocol, **kwargs)
        try:
            connection = protocol._keepalive
            # The connector keeps it, or it would have been closed.
            if connection is not None and not self._closed and protocol.is_connected():
                connection.idle_since = now()
                protocol._keepalive_idle = True
                if not self._keepalive_lends:
                    self._keepalive_lends = True
                    lender.connectors.add(self)
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp release")

    return _release


def _ending(original: "Any") -> "Any":
    """For `close` and `abort` of a `ResponseHandler`."""

    def close(self: "Any") -> None:
        if self._keepalive is not None:
            try:
                retire(self)
            except Exception:  # noqa: BLE001
                guard.fault("aiohttp close")
        original(self)

    return close


def _close_connector(original: "Any") -> "Any":
    def _close(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            if not self._closed and self._loop.is_closed():
                # aiohttp gives up here, and leaves the transports to the garbage collector.
                for connection in taken(self, lambda connection: True):
                    transport.pool.release(connection, connection.idle_since)
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp close")
        return original(self, *args, **kwargs)

    return _close


def _begin_function(original: "Any") -> "Any":
    """`aiohttp.request` ends here; nobody's wish makes it close each connection, but its own for want of a session."""

    def __init__(self: "Any", coro: "Any", session: "Any") -> None:
        original(self, coro, session)
        try:
            if session._connector_owner:
                session._connector._force_close = False
                session._connector._keepalive_timeout = aiohttp_key.DEFAULT_TIMEOUT
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp.request")

    return __init__


def install(module: "ModuleType") -> None:
    """Patch aiohttp's client, unless its version or the Python is unknown."""
    aiohttp_seams.require_known_version()
    add(ResponseHandler, "_keepalive", None)
    add(ResponseHandler, "_keepalive_idle", False)
    add(BaseConnector, "_keepalive_lends", False)
    replace(_SessionRequestContextManager, "__init__", _begin_function)
    replace(TCPConnector, "connect", _connect)
    replace(TCPConnector, "_create_connection", _create_connection)
    replace(BaseConnector, "_release", _release)
    replace(BaseConnector, "_close", _close_connector)
    replace(ResponseHandler, "close", _ending)
    if hasattr(ResponseHandler, "abort"):
        replace(ResponseHandler, "abort", _ending)
    replace(ClientRequest, "write_bytes", aiohttp_seams.write_bytes)
    replace(ClientResponse, "start", aiohttp_seams.start)
    transport.pool.lenders.append(lender)
    os.register_at_fork(after_in_child=lender.after_fork)
