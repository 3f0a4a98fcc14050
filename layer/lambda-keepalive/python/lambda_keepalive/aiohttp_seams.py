"""Where an exchange of aiohttp's is followed, whatever its connection comes to, and which aiohttp that holds for.

Each function makes the replacement of a method of `ClientRequest` or `ClientResponse`, at which the original always
runs. Private names are those of aiohttp/client_reqrep.py, 3.9 to 3.14.
"""

import inspect

from aiohttp import __version__
from aiohttp.client_exceptions import ClientOSError, ServerDisconnectedError
from aiohttp.connector import TCPConnector

from lambda_keepalive import aiohttp_exchange, aiohttp_key, guard
from lambda_keepalive.patching import PatchSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def require_known_version() -> None:
    """Raise `PatchSkipped` if this is no aiohttp that we know."""
    major, minor = (int(part) for part in __version__.split(".")[:2])
    if (major, minor) < (3, 9) or major > 3:
        raise PatchSkipped(f"aiohttp {__version__} is not between 3.9 and 3.x")
    if inspect.iscoroutinefunction(TCPConnector._get_ssl_context):
        raise PatchSkipped(f"aiohttp {__version__} makes its TLS contexts in the background")


def write_bytes(original: "Any") -> "Any":
    """The body goes out: until it has, the connection is no one else's."""

    async def write_bytes(self: "Any", writer: "Any", conn: "Any", *args: "Any", **kwargs: "Any") -> None:
        connection = None
        try:
            connection = conn._protocol._keepalive
            if connection is not None and connection.taint is None:
                connection.taint = "sending"
        except Exception:  # noqa: BLE001
            guard.fault("aiohttp body")
        await original(self, writer, conn, *args, **kwargs)
        if connection is not None:
            try:
                aiohttp_exchange.sent(connection)
            except Exception:  # noqa: BLE001
                guard.fault("aiohttp body")

    return write_bytes


def start(original: "Any") -> "Any":
    """The head of the response comes, or the connection is lost under the request."""

    async def start(self: "Any", connection: "Any") -> "Any":
        protocol, connector = connection._protocol, connection._connector
        ours = protocol._keepalive
        try:
            response = await original(self, connection)
        except (ClientOSError, ServerDisconnectedError):
            try:
                aiohttp_exchange.lost(ours)
            except Exception:  # noqa: BLE001
                guard.fault("aiohttp response")
            raise
        try:
            ours = protocol._keepalive
            if ours is not None:
                aiohttp_exchange.answered(ours, self, aiohttp_key.own_limit(connector))
        except Exception:  # noqa: BLE001
            protocol._keepalive = None
            guard.fault("aiohttp response")
        return response

    return start
