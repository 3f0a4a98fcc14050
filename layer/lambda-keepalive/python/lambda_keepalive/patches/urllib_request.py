"""Lets `urllib.request.urlopen` use kept connections; the response is the same genuine `HTTPResponse`.

Seam: the connection class that `AbstractHTTPHandler.do_open` is given. Why: do_open forces `Connection: close` and
closes the socket under the response (Lib/urllib/request.py; bugs.python.org/issue9740), so no later moment is left
to keep it. The original do_open still runs, with a subclass that leaves the forced header out and hands its
connection over to the response. Versions: CPython 3.10 to 3.14. Never shared: what http.client's patch refuses,
requests that ask for `Connection` themselves, and handlers that bring a connection class of their own.
"""

from http.client import HTTPConnection, HTTPSConnection
from urllib.request import AbstractHTTPHandler

from lambda_keepalive import config, guard, transport
from lambda_keepalive.http_key import refuse
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class _HandingOver:
    """Mixed into a connection class: the request keeps the connection open, the response gets it."""

    _keepalive_client = "urllib.request"

    def request(self: "Any", method: str, url: str, body: "Any" = None, headers: "Any" = {}, **options: "Any") -> None:  # noqa: B006 - the signature of http.client
        try:
            _, refusal = refuse(self)
            if refusal is None and headers.get("Connection") == "close":
                # do_open made this dict for this call.
                del headers["Connection"]
        except Exception:  # noqa: BLE001
            guard.fault("urlopen")
        super().request(method, url, body, headers, **options)  # type: ignore[misc]

    def getresponse(self: "Any") -> "Any":
        response = super().getresponse()  # type: ignore[misc]
        try:
            transport.hand_over(self, response)
        except Exception:  # noqa: BLE001
            guard.fault("urlopen")
        return response


class _HTTPConnection(_HandingOver, HTTPConnection):
    pass


class _HTTPSConnection(_HandingOver, HTTPSConnection):
    pass


_HANDING_OVER = {HTTPConnection: _HTTPConnection, HTTPSConnection: _HTTPSConnection}


def _do_open(original: "Any") -> "Any":
    def do_open(self: "Any", http_class: "Any", req: "Any", **http_conn_args: "Any") -> "Any":
        try:
            if not req.has_header("Connection"):
                http_class = _HANDING_OVER.get(http_class, http_class)
        except Exception:  # noqa: BLE001
            guard.fault("urlopen")
        return original(self, http_class, req, **http_conn_args)

    return do_open


def _getproxies_environment(original: "Any") -> "Any":
    """requests and urllib.request look for proxies twice a call, decoding every variable; most functions have none."""

    def getproxies_environment() -> "Any":
        try:
            if not config.may_have_proxies():
                return {}
        except Exception:  # noqa: BLE001
            guard.fault("urllib.request getproxies_environment")
        return original()

    return getproxies_environment


def install(module: "ModuleType") -> None:
    """Patch `urllib.request`."""
    replace(module, "getproxies_environment", _getproxies_environment)
    if module.getproxies is module.getproxies_environment.__wrapped__:
        replace(module, "getproxies", lambda _: module.getproxies_environment)
    replace(AbstractHTTPHandler, "do_open", _do_open)
