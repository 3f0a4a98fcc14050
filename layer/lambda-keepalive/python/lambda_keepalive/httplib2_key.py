"""The transport identity of a connection object of httplib2, as it stands when it connects; which httplib2 we know.

Its connection classes have a `connect` of their own (httplib2/__init__.py, 0.20 and later 0.x).
"""

import httplib2  # type: ignore[import-untyped]
from httplib2 import HTTPConnectionWithTimeout, HTTPSConnectionWithTimeout

from lambda_keepalive import identity, transport
from lambda_keepalive.patching import PatchSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

CLASSES = (HTTPConnectionWithTimeout, HTTPSConnectionWithTimeout)


def require_known_version() -> None:
    """Raise `PatchSkipped` if this is no httplib2 that we know."""
    major, minor = (int(part) for part in httplib2.__version__.split(".")[:2])
    if major != 0 or minor < 20:
        raise PatchSkipped(f"httplib2 {httplib2.__version__} is not between 0.20 and 0.x")


def identify(client: "Any") -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of a connection object of httplib2 that is about to connect."""
    tls = isinstance(client, HTTPSConnectionWithTimeout)
    origin, refusal = transport.address("https" if tls else "http", client.host, client.port)
    if refusal is None and type(client) not in CLASSES:
        refusal = "foreign-class"
    if refusal is None and _has_proxy(client):
        refusal = "foreign-socket"
    if refusal is not None:
        return None, origin, refusal
    key = (
        "httplib2",
        client.host,
        client.port,
        tls,
        identity.of_context(vars(client)["_context"]) if tls else None,
        identity.functions_in_force(),
    )
    return key, origin, None


def _has_proxy(client: "Any") -> bool:
    """Whether the library's own `connect` would go through a proxy, or raise since it cannot."""
    proxy = client.proxy_info
    return bool(proxy) and (httplib2.socks is None or (proxy.isgood() and proxy.applies_to(client.host)))
