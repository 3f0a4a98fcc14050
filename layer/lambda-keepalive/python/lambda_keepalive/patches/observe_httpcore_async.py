"""Counts, in mode `observe`, what httpcore's async connections (hence those of `httpx.AsyncClient`) do, and changes
nothing.

Seam: the same moments as those of `patches.httpcore_async`, at which the original always runs. Versions: httpcore 1.0,
anyio 3.7 to 4.x on asyncio's own loops, from Python 3.11 on.
"""

from httpcore._async.connection import AsyncHTTPConnection
from httpcore._async.connection_pool import AsyncConnectionPool
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._async.http_proxy import AsyncHTTPProxy, AsyncTunnelHTTPConnection

from lambda_keepalive import guard, httpcore_key, observe
from lambda_keepalive.httpcore_async_key import HALF, anyio_stream
from lambda_keepalive.httpcore_observed import Watch
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _is_free(client: "Any") -> bool:
    is_done: bool = anyio_stream().is_done_with(client._network_stream)
    return is_done


_held = observe.Held(_is_free)
_watch = Watch(HALF, _held)


def _connect(original: "Any") -> "Any":
    async def _connect(self: "Any", request: "Any") -> "Any":
        forecast = guard.attempt("httpcore async connect", _watch.foresee, self, request)
        try:
            stream = await original(self, request)
        except BaseException:
            if forecast is not None:
                guard.attempt("httpcore async connect", forecast.failed)
            raise
        if forecast is not None:
            guard.attempt("httpcore async connect", _watch.opened, stream, forecast)
        return stream

    return _connect


def _handle_tunnel(original: "Any") -> "Any":
    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        forecast = guard.attempt("httpcore async tunnel", _watch.foresee_tunnel, self, request)
        try:
            return await original(self, request)
        except BaseException:
            if forecast is not None and not self._connected:
                guard.attempt("httpcore async tunnel", forecast.failed)
            raise

    return handle_async_request


def _handle_request(original: "Any") -> "Any":
    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        connection = guard.attempt("httpcore async request", _watch.carrying, self, request)
        response = await original(self, request)
        if connection is not None:
            guard.attempt("httpcore async response", _watch.answered, self, connection, response)
        return response

    return handle_async_request


def _send_request_headers(original: "Any") -> "Any":
    async def _send_request_headers(self: "Any", request: "Any") -> None:
        guard.attempt("httpcore async request", _watch.sending, self, request)
        await original(self, request)

    return _send_request_headers


def _response_closed(original: "Any") -> "Any":
    async def _response_closed(self: "Any") -> None:
        await original(self)
        guard.attempt("httpcore async response", _watch.rested, self)

    return _response_closed


def _aclose(original: "Any") -> "Any":
    async def aclose(self: "Any") -> None:
        guard.attempt("httpcore async close", _watch.retire, self)
        await original(self)

    return aclose


def _delete(self: "Any") -> None:
    """A connection object that nobody closed."""
    try:
        _watch.retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def install(module: "ModuleType") -> None:
    """Patch the async half of httpcore, unless its version or the Python is unknown."""
    httpcore_key.require_known_version()
    add(AsyncHTTPConnection, "_keepalive_off", False)
    add(AsyncHTTP11Connection, "_keepalive_used", False)
    add(AsyncHTTP11Connection, "__del__", _delete)
    replace(AsyncHTTPConnection, "_connect", _connect)
    replace(AsyncTunnelHTTPConnection, "handle_async_request", _handle_tunnel)
    replace(AsyncHTTP11Connection, "handle_async_request", _handle_request)
    replace(AsyncHTTP11Connection, "_send_request_headers", _send_request_headers)
    replace(AsyncHTTP11Connection, "_response_closed", _response_closed)
    replace(AsyncHTTP11Connection, "aclose", _aclose)
    replace(AsyncConnectionPool, "create_connection", httpcore_key.noting_limits)
    replace(AsyncHTTPProxy, "create_connection", httpcore_key.noting_limits)
    observe.holders.append(_held)
