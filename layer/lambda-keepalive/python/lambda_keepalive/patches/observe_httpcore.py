"""Counts, in mode `observe`, what httpcore's sync connections (hence those of httpx) do, and changes nothing.

Seam: `HTTPConnection._connect`, which dials, and the moments at which an `HTTP11Connection` sends, gets and gives up;
the original always runs. Versions: httpcore 1.0. Tunnels through proxies are not followed.
"""

import time

from httpcore import __version__
from httpcore._backends.sync import SyncStream
from httpcore._sync.connection import HTTPConnection
from httpcore._sync.http11 import HTTP11Connection, HTTPConnectionState

from lambda_keepalive import guard, httpcore_exchange, httpcore_key, observe
from lambda_keepalive.httpcore_sync_key import HALF
from lambda_keepalive.patching import PatchSkipped, add, replace
from lambda_keepalive.pool.connection import now
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

_NEW, _IDLE = HTTPConnectionState.NEW, HTTPConnectionState.IDLE


def _connect(original: "Any") -> "Any":
    def _connect(self: "Any", request: "Any") -> "Any":
        if request.method == b"CONNECT":
            return original(self, request)
        try:
            key, origin, refusal = httpcore_key.identify(self, request, HALF)
            kept, held = observe.foretell(key)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore connect")
            return original(self, request)
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
            if type(stream) is SyncStream:
                opened = observe.opened(stream._sock, key, origin, refusal, milliseconds, kept, held)
                stream._keepalive = opened  # type: ignore[attr-defined]
        except Exception:  # noqa: BLE001
            guard.fault("httpcore connect")
        return stream

    return _connect


def _handle_request(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        connection = None
        try:
            if self._state is _NEW or self._state is _IDLE:
                connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None:
                observe.sending(self, connection)
                httpcore_exchange.taint(connection, request)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore request")
        response = original(self, request)
        if connection is not None:
            try:
                httpcore_exchange.answered(connection, response, httpcore_key.own_limit(self))
            except Exception:  # noqa: BLE001
                connection.taint = "error"
                guard.fault("httpcore response")
        return response

    return handle_request


def _response_closed(original: "Any") -> "Any":
    def _response_closed(self: "Any") -> None:
        original(self)
        try:
            connection = getattr(self._network_stream, "_keepalive", None)
            if connection is not None and self._state is _IDLE:
                connection.busy = False
                connection.idle_since = now()
                _held.clients.add(self)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore response")

    return _response_closed


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
    connection: Connection | None = vars(client._network_stream).pop("_keepalive", None)
    if connection is not None:
        observe.leave(connection, httpcore_exchange.unfinished(client, connection))


def _idle_on(client: "Any") -> "Connection | None":
    connection: Connection | None = getattr(client._network_stream, "_keepalive", None)
    return connection if client._state is _IDLE else None


_held = observe.Held(_idle_on)


def install(module: "ModuleType") -> None:
    """Patch the sync half of httpcore, unless its version is unknown."""
    if not __version__.startswith("1.0."):
        raise PatchSkipped(f"httpcore {__version__} is not 1.0")
    add(HTTPConnection, "_keepalive_off", False)
    add(HTTP11Connection, "_keepalive_used", False)
    add(HTTP11Connection, "__del__", _delete)
    replace(HTTPConnection, "_connect", _connect)
    replace(HTTP11Connection, "handle_request", _handle_request)
    replace(HTTP11Connection, "_response_closed", _response_closed)
    replace(HTTP11Connection, "close", _close)
    observe.holders.append(_held)
