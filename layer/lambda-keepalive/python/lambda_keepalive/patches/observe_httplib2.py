"""Counts, in mode `observe`, what httplib2's connections do, and changes nothing.

Seam: `connect` of its two connection classes, and `Http._conn_request`, between two calls of which a connection is
idle; the rest is http.client's. Versions: httplib2 0.20 and later 0.x.
"""

from httplib2 import Http  # type: ignore[import-untyped]

from lambda_keepalive import guard, http_observed, httplib2_key, observe
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_held = observe.Held()


def _conn_request(original: "Any") -> "Any":
    def _conn_request(self: "Any", conn: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        answer = original(self, conn, *args, **kwargs)
        guard.attempt("httplib2 response", _rested, conn)
        return answer

    return _conn_request


def _rested(client: "Any") -> None:
    connection = getattr(client, "_keepalive", None)
    if connection is not None and connection.key is not None and http_observed.unsettled(client, connection) is None:
        _held.hold(client, connection)


def install(module: "ModuleType") -> None:
    """Patch httplib2, unless its version is unknown."""
    httplib2_key.require_known_version()
    for connection_class in httplib2_key.CLASSES:
        replace(connection_class, "connect", observe.connecting_by(httplib2_key))
    replace(Http, "_conn_request", _conn_request)
    observe.holders.append(_held)
