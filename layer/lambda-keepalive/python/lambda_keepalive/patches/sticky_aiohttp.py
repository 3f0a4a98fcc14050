"""Adds the cookies of load balancers to requests of aiohttp (`sticky`).

Seam: `ClientRequest.send`, when the fields are complete, and `ClientResponse.start`. Only with KEEPALIVE_STICKY_HOSTS.
Versions: 3.9 to 3.14.
"""

from aiohttp import __version__
from aiohttp.client_reqrep import ClientRequest, ClientResponse

from lambda_keepalive import guard, sticky
from lambda_keepalive.patching import PatchSkipped, stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _origin(url: "Any") -> "str | None":
    return sticky.origin_of(url.scheme, url.raw_host, url.port) if url.raw_host and url.port else None


def _send(original: "Any") -> "Any":
    async def send(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            origin = _origin(self.url)
            if origin is not None:
                field = sticky.merged(origin, "; ".join(self.headers.getall("Cookie", ())) or None)
                if field is not None:
                    self.headers["Cookie"] = field
        except Exception:  # noqa: BLE001
            guard.fault("sticky cookies")
        return await original(self, *args, **kwargs)

    return send


def _start(original: "Any") -> "Any":
    async def start(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        result = await original(self, *args, **kwargs)
        try:
            origin = _origin(self.url)
            if origin is not None:
                sticky.store(origin, self.headers.getall("Set-Cookie", ()))
        except Exception:  # noqa: BLE001
            guard.fault("sticky cookies")
        return result

    return start


def install(module: "ModuleType") -> None:
    """Patch aiohttp, unless its version is unknown."""
    if not (3, 9) <= tuple(int(part) for part in __version__.split(".")[:2]) < (4, 0):
        raise PatchSkipped(f"aiohttp {__version__} is not between 3.9 and 3.x")
    stack(ClientRequest, "send", _send)
    stack(ClientResponse, "start", _start)
