"""Counts, in mode `observe`, what aiohttp's client does with its connections, and changes nothing.

Seam: the same moments as those of `patches.aiohttp`, at which the original always runs. Versions: 3.9 to 3.14 on
asyncio's own loops from Python 3.11 on.
"""

from aiohttp.client import _SessionRequestContextManager
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.connector import BaseConnector, TCPConnector

from lambda_keepalive import aiohttp_exchange, aiohttp_key, aiohttp_seams, event_loop, guard, observe
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.observe import Forecast
    from lambda_keepalive.pool.connection import Connection


def _is_free(protocol: "Any") -> bool:
    return event_loop.is_ours(protocol._loop)


_held = observe.Held(_is_free)


def _connect(original: "Any") -> "Any":
    async def connect(self: "Any", req: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        held = await original(self, req, *args, **kwargs)
        guard.attempt("aiohttp request", _sending, held, req)
        return held

    return connect


def _sending(held: "Any", request: "Any") -> None:
    protocol = held._protocol
    connection = protocol._keepalive
    if connection is not None:
        protocol._keepalive_idle = False
        protocol._keepalive_response = None
        observe.sending(protocol, connection)
        aiohttp_exchange.taint(connection, request)


def _create_connection(original: "Any") -> "Any":
    async def _create_connection(self: "Any", req: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        forecast = guard.attempt("aiohttp connect", _foresee, self, req)
        try:
            protocol = await original(self, req, *args, **kwargs)
        except BaseException:
            if forecast is not None:
                guard.attempt("aiohttp connect", forecast.failed)
            raise
        if forecast is not None:
            guard.attempt("aiohttp connect", _opened, self, protocol, forecast)
        return protocol

    return _create_connection


def _foresee(connector: "Any", request: "Any") -> "Forecast | None":
    return observe.foresee(*aiohttp_key.identify(connector, request))


def _opened(connector: "Any", protocol: "Any", forecast: "Forecast") -> None:
    protocol._keepalive = forecast.opened(event_loop.socket_of(protocol.transport))
    protocol._keepalive_asks = connector._keepalive_asks


def _start(original: "Any") -> "Any":
    followed = aiohttp_seams.start(original)

    async def start(self: "Any", connection: "Any") -> "Any":
        protocol = connection._protocol
        try:
            return await followed(self, connection)
        finally:
            guard.attempt("aiohttp response", _answered, protocol, self)

    return start


def _answered(protocol: "Any", response: "Any") -> None:
    if protocol._keepalive_asks and protocol._keepalive is not None:
        protocol._keepalive_response = response
        if protocol.transport is None:
            # The response came as a whole, and aiohttp closed its connection before it handed the head out.
            _leave(protocol)


def _release(original: "Any") -> "Any":
    def _release(self: "Any", key: "Any", protocol: "Any", **kwargs: "Any") -> None:
        original(self, key, protocol, **kwargs)
        guard.attempt("aiohttp release", _rested, self, protocol)

    return _release


def _rested(connector: "Any", protocol: "Any") -> None:
    # The connector keeps it, or it would have been closed.
    if protocol._keepalive is not None and not connector._closed and protocol.is_connected():
        protocol._keepalive_idle = True
        _held.hold(protocol, protocol._keepalive)


def _ending(original: "Any") -> "Any":
    """For `close` and `abort` of a `ResponseHandler`."""

    def close(self: "Any") -> None:
        guard.attempt("aiohttp close", _retire, self)
        original(self)

    return close


def _close_connector(original: "Any") -> "Any":
    def _close(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        if not self._closed and self._loop.is_closed():
            # aiohttp gives up here, and leaves the transports to the garbage collector.
            guard.attempt("aiohttp close", _retire_all, self)
        return original(self, *args, **kwargs)

    return _close


def _retire_all(connector: "Any") -> None:
    for waiting in connector._conns.values():
        for protocol, _ in waiting:
            _retire(protocol)


def _retire(protocol: "Any") -> None:
    """aiohttp ends a connection."""
    connection = protocol._keepalive
    # One that is asked to close may end before its response is handed out, which must be seen first.
    if connection is not None and not (protocol._keepalive_asks and connection.busy):
        _leave(protocol)


def _leave(protocol: "Any") -> None:
    """A connection has ended: would it have been kept?"""
    connection, protocol._keepalive = protocol._keepalive, None
    observe.leave(connection, _unfinished(protocol, connection), connection.idle_since)


def _unfinished(protocol: "Any", connection: "Connection") -> "str | None":
    if protocol._keepalive_asks:
        return aiohttp_exchange.unfinished_if_asked(protocol._keepalive_response, connection)
    if protocol.transport is None:
        return "stale" if protocol._keepalive_idle else "unread"
    return aiohttp_exchange.unfinished(protocol, connection)


def _begin_function(original: "Any") -> "Any":
    """`aiohttp.request` ends here; it asks for a close where nobody else does."""

    def __init__(self: "Any", coro: "Any", session: "Any") -> None:
        original(self, coro, session)
        guard.attempt("aiohttp.request", _note_own_wish, session)

    return __init__


def _note_own_wish(session: "Any") -> None:
    if session._connector_owner:
        session._connector._keepalive_asks = True


def install(module: "ModuleType") -> None:
    """Patch aiohttp's client, unless its version or the Python is unknown."""
    aiohttp_seams.require_known_version()
    add(ResponseHandler, "_keepalive", None)
    add(ResponseHandler, "_keepalive_asks", False)
    add(ResponseHandler, "_keepalive_idle", False)
    add(ResponseHandler, "_keepalive_response", None)
    add(ResponseHandler, "_keepalive_used", False)
    add(BaseConnector, "_keepalive_asks", False)
    replace(_SessionRequestContextManager, "__init__", _begin_function)
    replace(TCPConnector, "connect", _connect)
    replace(TCPConnector, "_create_connection", _create_connection)
    replace(BaseConnector, "_release", _release)
    replace(BaseConnector, "_close", _close_connector)
    replace(ResponseHandler, "close", _ending)
    if hasattr(ResponseHandler, "abort"):
        replace(ResponseHandler, "abort", _ending)
    replace(ClientRequest, "write_bytes", aiohttp_seams.write_bytes)
    replace(ClientResponse, "start", _start)
    observe.holders.append(_held)
