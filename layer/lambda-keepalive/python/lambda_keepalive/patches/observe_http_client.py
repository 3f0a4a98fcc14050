"""Counts, in mode `observe`, what `http.client` connections do, and changes nothing.

Seam: the same moments as those of `patches.http_client`, at which the original always runs. Versions: CPython 3.10 to
3.14.
"""

from http.client import HTTPConnection, HTTPResponse, HTTPSConnection

from lambda_keepalive import guard, http_key, http_observed, observe, request_head, response_end
from lambda_keepalive.patching import add, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _close(original: "Any") -> "Any":
    def close(self: "Any") -> None:
        if self._keepalive is not None:
            try:
                http_observed.retire(self)
            except Exception:  # noqa: BLE001
                guard.fault("close")
        original(self)

    return close


def _endheaders(original: "Any") -> "Any":
    def endheaders(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        connection = self._keepalive
        try:
            taint = request_head.taint(request_head.joined(self._buffer))
            if taint is not None or connection is None:
                self._keepalive_taint = taint
        except Exception:  # noqa: BLE001
            self._keepalive_taint = "error"
            guard.fault("request head")
        original(self, *args, **kwargs)

    return endheaders


def _getresponse(original: "Any") -> "Any":
    def getresponse(self: "Any") -> "Any":
        connection = self._keepalive
        if connection is None:
            return original(self)
        try:
            observe.sending(self, connection)
        except Exception:  # noqa: BLE001
            guard.fault("getresponse")
        # http.client closes here if the response announces a close: that is not yet the end of the exchange.
        self._keepalive = None
        try:
            response = original(self)
        except BaseException:
            self._keepalive = connection
            raise
        try:
            response._keepalive_end = response_end.WATCHED
            http_observed.answered(self, connection, response)
        except Exception:  # noqa: BLE001
            guard.fault("getresponse")
        return response

    return getresponse


def _delete(self: "Any") -> None:
    """A connection object that nobody closed."""
    try:
        if self._keepalive is not None:
            response = self._HTTPConnection__response
            if response is not None and response.fp is not None:
                http_observed.follow(self, response)
            else:
                http_observed.retire(self)
    except Exception:  # noqa: BLE001, S110 - at interpreter exit anything may be gone
        pass


def install(module: "ModuleType") -> None:
    """Patch `http.client`."""
    add(HTTPConnection, "_keepalive", None)
    add(HTTPConnection, "_keepalive_taint", None)
    add(HTTPConnection, "_keepalive_used", False)
    add(HTTPConnection, "_keepalive_client", "http.client")
    add(HTTPConnection, "__del__", _delete)
    add(HTTPResponse, "_keepalive_end", None)
    add(HTTPResponse, "_keepalive_connection", None)
    add(HTTPConnection, "_keepalive_asks", False)
    add(HTTPResponse, "_keepalive_asked", False)
    replace(HTTPConnection, "connect", observe.connecting_by(http_key))
    replace(HTTPConnection, "close", _close)
    replace(HTTPConnection, "endheaders", _endheaders)
    replace(HTTPConnection, "getresponse", _getresponse)
    replace(HTTPResponse, "_close_conn", response_end.reporting_to(http_observed))
    replace(HTTPSConnection, "connect", observe.connecting_by(http_key))
