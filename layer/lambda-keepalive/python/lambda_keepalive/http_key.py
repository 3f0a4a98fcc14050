"""The transport identity of an `http.client` connection object, as it stands when it connects."""

from http.client import HTTPSConnection

from lambda_keepalive import config, identity, transport
from lambda_keepalive.default_context import Note
from lambda_keepalive.refusal import is_known_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

_chosen = config.current().clients


def refuse(client: "Any") -> "tuple[str, str | None]":
    """Origin of an `http.client` connection object, and the rule that keeps it out of the pool, or None."""
    scheme = "https" if isinstance(client, HTTPSConnection) else "http"
    if client._tunnel_host:
        origin, refusal = transport.address(scheme, client._tunnel_host, client._tunnel_port)
    else:
        origin, refusal = transport.address(scheme, client.host, client.port)
    if refusal is None and client._keepalive_client not in _chosen:
        refusal = "not-chosen"
    if refusal is None and not is_known_class(type(client)):
        refusal = "foreign-class"
    return origin, refusal


def identify(client: "Any") -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of an `http.client.HTTPConnection` or `HTTPSConnection` that is about to connect."""
    origin, refusal = refuse(client)
    if refusal is not None:
        return None, origin, refusal
    tls = isinstance(client, HTTPSConnection)
    context = None
    if tls:
        context = vars(client)["_context"]
        context = context.identity if type(context) is Note else identity.of_context(context)
    key = (
        "http.client",
        client.host,
        client.port,
        identity.freeze(client.source_address),
        client._tunnel_host,
        client._tunnel_port,
        identity.freeze(client._tunnel_headers),
        tls,
        context,
        client._create_connection,
        identity.functions_in_force(),
    )
    return key, origin, None
