"""Notes which addresses the function's own look-ups give, so that connections to those that went away end.

Seam: `socket.getaddrinfo`, through which http.client, urllib3, httpcore and the event loops look up names. A resolver
of another kind (aiodns) is not heard; there the maximum lifetime alone makes connections follow DNS. Versions: CPython
3.10 to 3.14.
"""

from lambda_keepalive import guard
from lambda_keepalive.patching import replace
from lambda_keepalive.pool.addresses import addresses
from lambda_keepalive.pool.connection import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _getaddrinfo(original: "Any") -> "Any":
    def getaddrinfo(host: "Any", port: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        answer = original(host, port, *args, **kwargs)
        try:
            # asyncio hands the name over as bytes (IDNA).
            name = host.decode("ascii") if isinstance(host, bytes) else host
            if isinstance(name, str):
                addresses.answered(name, [entry[4][0] for entry in answer], now())
        except Exception:  # noqa: BLE001
            guard.fault("look-up")
        return answer

    return getaddrinfo


def install(module: "ModuleType") -> None:
    """Patch `socket`."""
    replace(module, "getaddrinfo", _getaddrinfo)
