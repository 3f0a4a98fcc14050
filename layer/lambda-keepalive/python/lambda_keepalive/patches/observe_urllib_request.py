"""Counts, in mode `observe`, what `urllib.request.urlopen` does with its connections, and changes nothing.

Seam: the connection class that `AbstractHTTPHandler.do_open` is given; in its place comes a subclass that says that the
request to close is urlopen's own, and nothing else. Versions: CPython 3.10 to 3.14.
"""

from http.client import HTTPConnection, HTTPSConnection
from urllib.request import AbstractHTTPHandler

from lambda_keepalive import guard
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class _Noting:
    """Mixed into a connection class."""

    _keepalive_client = "urllib.request"
    _keepalive_asks = True


class _HTTPConnection(_Noting, HTTPConnection):
    pass


class _HTTPSConnection(_Noting, HTTPSConnection):
    pass


_NOTING = {HTTPConnection: _HTTPConnection, HTTPSConnection: _HTTPSConnection}


def _do_open(original: "Any") -> "Any":
    def do_open(self: "Any", http_class: "Any", req: "Any", **http_conn_args: "Any") -> "Any":
        try:
            if not req.has_header("Connection"):
                http_class = _NOTING.get(http_class, http_class)
        except Exception:  # noqa: BLE001
            guard.fault("urlopen")
        return original(self, http_class, req, **http_conn_args)

    return do_open


def install(module: "ModuleType") -> None:
    """Patch `urllib.request`."""
    replace(AbstractHTTPHandler, "do_open", _do_open)
