"""The sync half of httpcore, as `httpcore_key` wants it described."""

from httpcore._backends.sync import SyncBackend, SyncStream
from httpcore._sync import connection as connection_module
from httpcore._sync.connection import HTTPConnection

from lambda_keepalive import httpcore_key, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any


def _functions_in_force() -> "Hashable":
    return (
        SyncBackend.connect_tcp,
        SyncBackend.connect_unix_socket,
        SyncStream.start_tls,
        connection_module.default_ssl_context,  # type: ignore[attr-defined]
        identity.functions_in_force(),
    )


def _socket_of(stream: "Any") -> "Any":
    # Streams of other kinds are those of the user's network backend, or TLS in TLS.
    return stream._sock if type(stream) is SyncStream else None


HALF = httpcore_key.Half("httpcore", HTTPConnection, (SyncBackend,), _functions_in_force, _socket_of)
