"""Counts, in mode `observe`, what urllib3 connections (hence those of requests and botocore) do, and changes nothing.

Seam: `connect` of the connection classes and `_put_conn` of the pool, at which the original always runs; the rest is
http.client's. Versions: urllib3 1.26 and 2.x.
"""

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from lambda_keepalive import guard, observe, urllib3_exchange, urllib3_key
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _put_conn(original: "Any") -> "Any":
    def _put_conn(self: "Any", conn: "Any") -> None:
        try:
            connection = getattr(conn, "_keepalive", None)
            if connection is not None and connection.key is not None and urllib3_exchange.is_over(conn, connection):
                _held.hold(conn, connection)
        except Exception:  # noqa: BLE001
            guard.fault("urllib3 pool")
        original(self, conn)

    return _put_conn


_held = observe.Held()


def install(module: "ModuleType") -> None:
    """Patch urllib3, unless its version is unknown."""
    urllib3_exchange.require_known_version()
    replace(HTTPConnection, "connect", observe.connecting_by(urllib3_key))
    replace(HTTPSConnection, "connect", observe.connecting_by(urllib3_key))
    replace(HTTPConnectionPool, "_put_conn", _put_conn)
    observe.holders.append(_held)
