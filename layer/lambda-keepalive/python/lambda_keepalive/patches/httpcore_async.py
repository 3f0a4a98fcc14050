"""Lets httpcore's async connections (hence `httpx.AsyncClient` and the SDKs that stand on it) use the idle pool, across
clients and across event loops.

Seam: `AsyncHTTPConnection._connect`, which dials, and `AsyncHTTP11Connection.aclose`, as in the sync half; here a
connection also has to leave one loop and enter another. Versions: httpcore 1.0, anyio 3.7 to 4.x on asyncio's own
loops, from Python 3.11 on. Idle connections of live clients stay theirs and are taken only when nobody else has one.
Never shared: HTTP/2, SOCKS proxies, trio, and what `refusal`, `httpcore_key`, `httpcore_exchange` and `event_loop`
name.
"""

import os
import time

from httpcore._async.connection import AsyncHTTPConnection
from httpcore._async.connection_pool import AsyncConnectionPool
from httpcore._async.http11 import AsyncHTTP11Connection, HTTPConnectionState
from httpcore._async.http_proxy import AsyncHTTPProxy, AsyncTunnelHTTPConnection

from lambda_keepalive import guard, httpcore_exchange, httpcore_key, httpcore_replay, transport
from lambda_keepalive.httpcore_async_idle import is_orphan, lender, retire
from lambda_keepalive.httpcore_async_key import HALF, anyio_stream
from lambda_keepalive.patching import add, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

_NEW, _IDLE = HTTPConnectionState.NEW, HTTPConnectionState.IDLE


def _connect(original: "Any") -> "Any":
    async def _connect(self: "Any", request: "Any") -> "Any":
        if request.method == b"CONNECT":
            # A tunnel has an identity of its own, see below.
            return await original(self, request)
        try:
            key, origin, refusal = httpcore_key.identify(self, request, HALF)
            stream = None if httpcore_replay.needs_new(request) else await _adopted(key)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async connect")
            return await original(self, request)
        if stream is not None:
            return stream
        if refusal == "runtime-api":
            return await original(self, request)
        started = time.perf_counter()
        try:
            stream = await original(self, request)
        except BaseException:
            guard.attempt("httpcore async connect", stats.connect_error, origin)
            raise
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            _attach(stream, key, origin, refusal, milliseconds)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async connect")
        return stream

    return _connect


async def _adopted(key: "Hashable") -> "Any":
    """A stream over an idle connection, or None."""
    connection = transport.pool.acquire(key) if key is not None else None
    if connection is None:
        return None
    try:
        stream = await anyio_stream().enter(connection)
    except BaseException:
        transport.discarded(connection, "error")
        raise
    connection.busy = True
    stream._keepalive = connection
    return stream


def _attach(stream: "Any", key: "Hashable", origin: str, refusal: "str | None", milliseconds: float) -> None:
    stream._keepalive = transport.opened(HALF.socket_of(stream), key, origin, refusal, milliseconds)


def _handle_tunnel(original: "Any") -> "Any":
    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        if self._connected:
            return await original(self, request)
        origin = None
        try:
            key, origin, refusal = httpcore_key.identify_tunnel(self, HALF)
            async with self._connect_lock:
                adopts = not self._connected and not httpcore_replay.needs_new(request)
                stream = await _adopted(key) if adopts else None
                if stream is not None:
                    self._connection = AsyncHTTP11Connection(self._remote_origin, stream, self._keepalive_expiry)
                    self._connected = True
            if not self._connected:
                # Until the tunnel stands there is nothing else that will belong to it.
                request._keepalive_tunnel = key, origin, refusal, time.perf_counter()
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async tunnel")
        try:
            return await original(self, request)
        except BaseException:
            if origin is not None and not self._connected:
                guard.attempt("httpcore async connect", stats.connect_error, origin)
            raise

    return handle_async_request


def _handle_request(original: "Any") -> "Any":
    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        connection = attempt = refused = None
        try:
            connection = _connection_for(self, request)
            attempt = httpcore_replay.attempt(connection, request)
            refused = attempt.refuse() if attempt is not None and attempt.unfit else None
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async request")
        if refused is not None:
            await self.aclose()
            raise refused
        if attempt is None:
            response = await original(self, request)
        else:
            response = await httpcore_replay.async_response(self, request, attempt, original)
        if connection is not None:
            try:
                httpcore_exchange.answered(connection, response, httpcore_key.own_limit(self))
            except Exception:  # noqa: BLE001
                connection.taint = "error"
                guard.fault("httpcore async response")
        return response

    return handle_async_request


def _send_request_headers(original: "Any") -> "Any":
    """Of requests that were given the same connection one gets here; httpcore sends the others to another one."""

    async def _send_request_headers(self: "Any", request: "Any") -> None:
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None:
                httpcore_exchange.begin(connection, request, again=httpcore_replay.needs_new(request))
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async request")
        await original(self, request)

    return _send_request_headers


def _connection_for(client: "Any", request: "Any") -> "Connection | None":
    """The connection that is going to carry the request; None if that is not ours, or not free."""
    if client._state is not _NEW and client._state is not _IDLE:
        return None
    stream = client._network_stream
    tunnel = vars(request).pop("_keepalive_tunnel", None)
    if tunnel is not None:
        key, origin, refusal, started = tunnel
        _attach(stream, key, origin, refusal, (time.perf_counter() - started) * 1000)
    connection: Connection | None = getattr(stream, "_keepalive", None)
    return connection


def _response_closed(original: "Any") -> "Any":
    async def _response_closed(self: "Any") -> None:
        await original(self)
        try:
            stream = self._network_stream
            connection = getattr(stream, "_keepalive", None)
            if connection is not None and connection.key is not None and self._state is _IDLE:
                connection.idle_since = now()
                lender.clients[stream] = self
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async response")

    return _response_closed


def _has_expired(original: "Any") -> "Any":
    def has_expired(self: "Any") -> bool:
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None and connection.key is not None and is_orphan(self):
                # The pool closes it, which makes it fit for the loop that is running.
                return True
            if connection is not None and self._state is _IDLE and transport.pool.outdated(connection) is not None:
                return True
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async pool")
        expired: bool = original(self)
        return expired

    return has_expired


def _aclose(original: "Any") -> "Any":
    async def aclose(self: "Any") -> None:
        try:
            retire(self)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore async close")
        await original(self)

    return aclose


def _delete(self: "Any") -> None:
    """A connection object that nobody closed."""
    try:
        retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def install(module: "ModuleType") -> None:
    """Patch the async half of httpcore, unless its version or the Python is unknown."""
    httpcore_key.require_known_version()
    add(AsyncHTTPConnection, "_keepalive_off", False)
    add(AsyncHTTP11Connection, "__del__", _delete)
    replace(AsyncHTTPConnection, "_connect", _connect)
    replace(AsyncTunnelHTTPConnection, "handle_async_request", _handle_tunnel)
    replace(AsyncHTTP11Connection, "handle_async_request", _handle_request)
    replace(AsyncHTTP11Connection, "_send_request_headers", _send_request_headers)
    replace(AsyncHTTP11Connection, "_response_closed", _response_closed)
    replace(AsyncHTTP11Connection, "has_expired", _has_expired)
    replace(AsyncHTTP11Connection, "aclose", _aclose)
    replace(AsyncConnectionPool, "create_connection", httpcore_key.noting_limits)
    replace(AsyncConnectionPool, "handle_async_request", httpcore_replay.in_async_pool)
    replace(AsyncHTTPProxy, "create_connection", httpcore_key.noting_limits)
    transport.pool.lenders.append(lender)
    os.register_at_fork(after_in_child=lender.after_fork)
