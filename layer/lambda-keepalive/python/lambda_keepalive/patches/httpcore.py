"""Lets httpcore's sync connections (hence httpx and the SDKs that stand on it) use the idle pool.

Seam: `HTTPConnection._connect`, which dials, and `HTTP11Connection.close`. Why not the connection pools: one that is
shared imposes the limits of its maker on everybody (docs/decisions/0001). At `_connect` all settings are final, and a
connection that httpcore itself calls IDLE is proven clean but for what `httpcore_exchange` adds. Versions: httpcore
1.0. Idle connections of live clients stay theirs and are taken only when nobody else has one. Never shared: HTTP/2,
SOCKS proxies, what `refusal`, `httpcore_key` and `httpcore_exchange` name.
"""

import os
import time

from httpcore._backends.sync import SyncStream
from httpcore._sync.connection import HTTPConnection
from httpcore._sync.connection_pool import ConnectionPool
from httpcore._sync.http11 import HTTP11Connection, HTTPConnectionState
from httpcore._sync.http_proxy import HTTPProxy, TunnelHTTPConnection

from lambda_keepalive import dialling, guard, httpcore_exchange, httpcore_key, httpcore_replay, transport
from lambda_keepalive.httpcore_clients import Clients, take, vacate
from lambda_keepalive.httpcore_sync_key import HALF
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
    def _connect(self: "Any", request: "Any") -> "Any":
        if request.method == b"CONNECT":
            # A tunnel has an identity of its own, see below.
            return original(self, request)
        try:
            key, origin, refusal = httpcore_key.identify(self, request, HALF)
            stream = None if httpcore_replay.needs_new(request) else _adopted(key)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore connect")
            return original(self, request)
        if stream is not None:
            return stream
        if refusal == "runtime-api":
            return original(self, request)
        started = time.perf_counter()
        try:
            stream = original(self, request)
        except BaseException:
            guard.attempt("httpcore connect", stats.connect_error, origin)
            raise
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            _attach(stream, key, origin, refusal, milliseconds)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore connect")
        return stream

    return _connect


def _adopted(key: "Hashable") -> "Any":
    """A stream over an idle connection, or None. Time-outs need no care: a stream sets its own at each step."""
    connection = transport.pool.acquire(key) if key is not None else None
    if connection is None:
        return None
    connection.busy = True
    stream: Any = SyncStream(connection.sock)
    stream._keepalive = connection
    return stream


def _attach(stream: "Any", key: "Hashable", origin: str, refusal: "str | None", milliseconds: float) -> None:
    sock = HALF.socket_of(stream)
    connection = transport.opened(sock, key, origin, refusal, milliseconds)
    if sock is not None:
        stream._keepalive = connection


def _handle_tunnel(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        if self._connected:
            return original(self, request)
        origin = None
        try:
            key, origin, refusal = httpcore_key.identify_tunnel(self, HALF)
            with self._connect_lock:
                adopts = not self._connected and not httpcore_replay.needs_new(request)
                stream = _adopted(key) if adopts else None
                if stream is not None:
                    self._connection = HTTP11Connection(self._remote_origin, stream, self._keepalive_expiry)
                    self._connected = True
            if not self._connected:
                # Until the tunnel stands there is nothing else that will belong to it.
                request._keepalive_tunnel = key, origin, refusal, time.perf_counter()
        except Exception:  # noqa: BLE001
            guard.fault("httpcore tunnel")
        try:
            return original(self, request)
        except BaseException:
            if origin is not None and not self._connected:
                guard.attempt("httpcore connect", stats.connect_error, origin)
            raise

    return handle_request


def _handle_request(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        connection = attempt = refused = None
        try:
            connection = _connection_for(self, request)
            attempt = httpcore_replay.attempt(connection, request)
            refused = attempt.refuse() if attempt is not None and attempt.unfit else None
        except Exception:  # noqa: BLE001
            guard.fault("httpcore request")
        try:
            if dialling.is_on() and request.method != b"CONNECT":
                # Whatever kept it from being put away.
                raise dialling.Connected(None)
        except Exception:  # noqa: BLE001
            guard.fault("pre-connect")
        if refused is not None:
            self.close()
            raise refused
        if attempt is None:
            response = original(self, request)
        else:
            response = httpcore_replay.response(self, request, attempt, original)
        if connection is not None:
            try:
                httpcore_exchange.answered(connection, response, httpcore_key.own_limit(self))
            except Exception:  # noqa: BLE001
                connection.taint = "error"
                guard.fault("httpcore response")
        return response

    return handle_request


def _send_request_headers(original: "Any") -> "Any":
    """Of requests that were given the same connection one gets here; httpcore sends the others to another one."""

    def _send_request_headers(self: "Any", request: "Any") -> None:
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None:
                httpcore_exchange.begin(connection, request, again=httpcore_replay.needs_new(request))
        except Exception:  # noqa: BLE001
            guard.fault("httpcore request")
        original(self, request)

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
    if connection is not None and dialling.is_on() and request.method != b"CONNECT":
        if connection.refusal is None:
            del stream._keepalive
            vacate(client)
            dialling.park(connection)
        raise dialling.Connected(connection.key)
    return connection


def _response_closed(original: "Any") -> "Any":
    def _response_closed(self: "Any") -> None:
        original(self)
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None and connection.key is not None and self._state is _IDLE:
                connection.idle_since = now()
                _lender.clients[connection] = self
        except Exception:  # noqa: BLE001
            guard.fault("httpcore response")

    return _response_closed


def _has_expired(original: "Any") -> "Any":
    def has_expired(self: "Any") -> bool:
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None and self._state is _IDLE and transport.pool.outdated(connection) is not None:
                return True
        except Exception:  # noqa: BLE001
            guard.fault("httpcore pool")
        expired: bool = original(self)
        return expired

    return has_expired


def _close(original: "Any") -> "Any":
    def close(self: "Any") -> None:
        try:
            _retire(self)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore close")
        original(self)

    return close


def _delete(self: "Any") -> None:
    """A connection object that nobody closed."""
    try:
        _retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def _retire(client: "Any") -> None:
    """The client closes or dies: take its socket away if the connection is clean, else leave it to be closed."""
    connection = getattr(client._network_stream, "_keepalive", None)
    if connection is None:
        return
    reason = httpcore_exchange.unfinished(client, connection)
    if reason is None:
        if take(client, connection):
            transport.pool.release(connection, connection.idle_since)
    elif vars(client._network_stream).pop("_keepalive", None) is not None:
        transport.discarded(connection, reason)


_lender = Clients()


def install(module: "ModuleType") -> None:
    """Patch the sync half of httpcore, unless its version is unknown."""
    httpcore_key.require_known_version()
    add(HTTPConnection, "_keepalive_off", False)
    add(HTTP11Connection, "__del__", _delete)
    replace(HTTPConnection, "_connect", _connect)
    replace(TunnelHTTPConnection, "handle_request", _handle_tunnel)
    replace(HTTP11Connection, "handle_request", _handle_request)
    replace(HTTP11Connection, "_send_request_headers", _send_request_headers)
    replace(HTTP11Connection, "_response_closed", _response_closed)
    replace(HTTP11Connection, "has_expired", _has_expired)
    replace(HTTP11Connection, "close", _close)
    replace(ConnectionPool, "create_connection", httpcore_key.noting_limits)
    replace(ConnectionPool, "handle_request", httpcore_replay.in_pool)
    replace(HTTPProxy, "create_connection", httpcore_key.noting_limits)
    transport.pool.lenders.append(_lender)
    os.register_at_fork(after_in_child=_lender.after_fork)
