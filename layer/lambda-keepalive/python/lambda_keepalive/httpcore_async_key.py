"""The async half of httpcore, as `httpcore_key` wants it described: over anyio, on asyncio's own loops."""

import sys

from httpcore._async import connection as connection_module
from httpcore._async.connection import AsyncHTTPConnection
from httpcore._backends.auto import AutoBackend

from lambda_keepalive import httpcore_key, identity
from lambda_keepalive.patching import PatchSkipped

if sys.version_info < (3, 11):
    raise PatchSkipped("asyncio's TLS until Python 3.10 is not one we know")
try:
    from httpcore._backends.anyio import AnyIOBackend, AnyIOStream
except ImportError:
    raise PatchSkipped("its async half needs anyio on asyncio, and that is not installed") from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any


def anyio_stream() -> "Any":
    """The module that knows streams; imported when there are some, since it needs asyncio."""
    from lambda_keepalive import anyio_stream

    return anyio_stream


def _functions_in_force() -> "Hashable":
    return (
        AutoBackend.connect_tcp,
        AnyIOBackend.connect_tcp,
        AnyIOBackend.connect_unix_socket,
        AnyIOStream.start_tls,
        connection_module.default_ssl_context,  # type: ignore[attr-defined]
        anyio_stream().functions_in_force(),
        identity.functions_in_force(),
    )


def _refuse_loop() -> "str | None":
    # Without a loop it is trio, which shall not have to import asyncio for us.
    asyncio = sys.modules.get("asyncio")
    known = asyncio is not None and asyncio._get_running_loop() is not None and anyio_stream().is_known_loop()
    return None if known else "foreign-loop"


def _socket_of(stream: "Any") -> "Any":
    return None if _refuse_loop() is not None else anyio_stream().socket_of(stream)


HALF = httpcore_key.Half(
    "httpcore async", AsyncHTTPConnection, (AutoBackend, AnyIOBackend), _functions_in_force, _socket_of, _refuse_loop
)
