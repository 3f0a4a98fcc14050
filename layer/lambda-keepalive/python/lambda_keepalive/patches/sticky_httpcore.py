"""Adds the cookies of load balancers to requests of httpcore, hence of httpx (`sticky`).

Seam: what HTTP/1.1 connections do with a request, sync and async. Only with KEEPALIVE_STICKY_HOSTS. Not for requests
whose target is a whole URL: those go to a proxy. Versions: httpcore 1.0.
"""

from httpcore import __version__
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._sync.http11 import HTTP11Connection

from lambda_keepalive import guard, sticky
from lambda_keepalive.patching import PatchSkipped, stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_PORTS = {b"http": 80, b"https": 443}


def _add(request: "Any") -> "str | None":
    """Put the cookies into a request; returns the origin whose answer may bring others."""
    url = request.url
    if url.scheme not in _PORTS or not url.target.startswith(b"/"):
        return None
    origin = sticky.origin_of(url.scheme.decode(), url.host.decode("latin-1"), url.port or _PORTS[url.scheme])
    if origin is None:
        return None
    given = [value for name, value in request.headers if name.lower() == b"cookie"]
    field = sticky.merged(origin, b"; ".join(given).decode("latin-1") or None)
    if field is not None:
        others = [pair for pair in request.headers if pair[0].lower() != b"cookie"]
        request.headers = [*others, (b"Cookie", field.encode("latin-1"))]
    return origin


def _before(request: "Any") -> "str | None":
    try:
        return _add(request)
    except Exception:  # noqa: BLE001
        guard.fault("sticky cookies")
        return None


def _after(origin: "str | None", response: "Any") -> "Any":
    try:
        if origin is not None:
            fields = (value.decode("latin-1") for name, value in response.headers if name.lower() == b"set-cookie")
            sticky.store(origin, fields)
    except Exception:  # noqa: BLE001
        guard.fault("sticky cookies")
    return response


def _handle(original: "Any") -> "Any":
    def handle_request(self: "Any", request: "Any") -> "Any":
        origin = _before(request)
        return _after(origin, original(self, request))

    return handle_request


def _handle_async(original: "Any") -> "Any":
    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        origin = _before(request)
        return _after(origin, await original(self, request))

    return handle_async_request


def install(module: "ModuleType") -> None:
    """Patch httpcore, unless its version is unknown."""
    if not __version__.startswith("1."):
        raise PatchSkipped(f"httpcore {__version__} is not 1.x")
    stack(HTTP11Connection, "handle_request", _handle)
    stack(AsyncHTTP11Connection, "handle_async_request", _handle_async)
