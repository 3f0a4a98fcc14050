"""Adds the cookies of load balancers to requests of `http.client`, and of all that stands on it (`sticky`).

Seam: `endheaders`, when the head is complete and not sent, and `getresponse`. Only with KEEPALIVE_STICKY_HOSTS. Not for
requests whose target is a whole URL: those go to a proxy. Versions: CPython 3.10 to 3.14.
"""

import re
from http.client import HTTPConnection

from lambda_keepalive import guard, sticky
from lambda_keepalive.patching import add, stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_FIELD = re.compile(rb"(?im)^cookie:[ \t]*([^\r\n]*)")
_WHOLE_URL = re.compile(rb"\S+ [a-z]+://", re.IGNORECASE)
_HTTPS = 443


def _endheaders(original: "Any") -> "Any":
    def endheaders(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        try:
            self._keepalive_sticky = _add(self, self._buffer)
        except Exception:  # noqa: BLE001
            guard.fault("sticky cookies")
        original(self, *args, **kwargs)

    return endheaders


def _add(client: "Any", lines: "list[Any]") -> "str | None":
    """Put the cookies into a head that waits to be sent; returns the origin whose answer may bring others."""
    scheme = "https" if client.default_port == _HTTPS or client._tunnel_host else "http"
    host = client._tunnel_host or client.host
    origin = sticky.origin_of(scheme, host, client._tunnel_port if client._tunnel_host else client.port)
    if origin is None or _WHOLE_URL.match(_bytes(lines[0])):
        return None
    for at, line in enumerate(lines):
        found = _FIELD.search(_bytes(line))
        if found is not None:
            field = sticky.merged(origin, found[1].decode("latin-1"))
            if field is not None:
                head = _bytes(line)
                lines[at] = head[: found.start(1)] + field.encode("latin-1") + head[found.end(1) :]
            return origin
    field = sticky.merged(origin, None)
    if field is not None:
        lines.append(b"Cookie: " + field.encode("latin-1"))
    return origin


def _bytes(line: "Any") -> bytes:
    return line.encode("latin-1") if isinstance(line, str) else bytes(line)


def _getresponse(original: "Any") -> "Any":
    def getresponse(self: "Any") -> "Any":
        response = original(self)
        try:
            if self._keepalive_sticky is not None:
                sticky.store(self._keepalive_sticky, response.headers.get_all("Set-Cookie", ()))
        except Exception:  # noqa: BLE001
            guard.fault("sticky cookies")
        return response

    return getresponse


def install(module: "ModuleType") -> None:
    """Patch `http.client`."""
    add(HTTPConnection, "_keepalive_sticky", None)
    stack(HTTPConnection, "endheaders", _endheaders)
    stack(HTTPConnection, "getresponse", _getresponse)
