"""Counts, in mode `observe`, what httpcore's sync connections (hence those of httpx) do, and changes nothing.

Seam: the same moments as those of `patches.httpcore`, at which the original always runs. Versions: httpcore 1.0.
"""

from httpcore._sync.connection import HTTPConnection
from httpcore._sync.connection_pool import ConnectionPool
from httpcore._sync.http11 import HTTP11Connection
from httpcore._sync.http_proxy import HTTPProxy, TunnelHTTPConnection

from lambda_keepalive import guard, httpcore_key, observe
from lambda_keepalive.httpcore_observed import Watch
from lambda_keepalive.httpcore_sync_key import HALF
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_held = observe.Held()
_watch = Watch(HALF, _held)


def _connect(original: "Any") -> "Any":
    def _connect(self: "Any", request: "Any") -> "Any":
        forecast = guard.attempt("httpcore connect", _watch.foresee, self, request)
        try:
            stream = original(self, request)
        except BaseException:
            if forecast is not None:
                guard.attempt("httpcore connect", forecast.failed)
            raise
        if forecast is not None:
            guard.attempt("httpcore connect", _watch.opened, stream, forecast)
        return stream

    return _connect


def _handle_tunnel(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        forecast = guard.attempt("httpcore tunnel", _watch.foresee_tunnel, self, request)
        try:
            return original(self, request)
        except BaseException:
            if forecast is not None and not self._connected:
                guard.attempt("httpcore tunnel", forecast.failed)
            raise

    return handle_request


def _handle_request(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        connection = guard.attempt("httpcore request", _watch.carrying, self, request)
        response = original(self, request)
        if connection is not None:
            guard.attempt("httpcore response", _watch.answered, self, connection, response)
        return response

    return handle_request


def _send_request_headers(original: "Any") -> "Any":
    def _send_request_headers(self: "Any", request: "Any") -> None:
        guard.attempt("httpcore request", _watch.sending, self, request)
        original(self, request)

    return _send_request_headers


def _response_closed(original: "Any") -> "Any":
    def _response_closed(self: "Any") -> None:
        original(self)
        guard.attempt("httpcore response", _watch.rested, self)

    return _response_closed


def _close(original: "Any") -> "Any":
    def close(self: "Any") -> None:
        guard.attempt("httpcore close", _watch.retire, self)
        original(self)

    return close


def _delete(self: "Any") -> None:
    """A connection object that nobody closed."""
    try:
        _watch.retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def install(module: "ModuleType") -> None:
    """Patch the sync half of httpcore, unless its version is unknown."""
    httpcore_key.require_known_version()
    add(HTTPConnection, "_keepalive_off", False)
    add(HTTP11Connection, "_keepalive_used", False)
    add(HTTP11Connection, "__del__", _delete)
    replace(HTTPConnection, "_connect", _connect)
    replace(TunnelHTTPConnection, "handle_request", _handle_tunnel)
    replace(HTTP11Connection, "handle_request", _handle_request)
    replace(HTTP11Connection, "_send_request_headers", _send_request_headers)
    replace(HTTP11Connection, "_response_closed", _response_closed)
    replace(HTTP11Connection, "close", _close)
    replace(ConnectionPool, "create_connection", httpcore_key.noting_limits)
    replace(HTTPProxy, "create_connection", httpcore_key.noting_limits)
    observe.holders.append(_held)
