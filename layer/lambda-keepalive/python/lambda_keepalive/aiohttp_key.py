"""The transport identity of an aiohttp request, as its connector would open a connection for it.

Private names are those of aiohttp/connector.py, 3.9 to 3.14. `connector` is a `TCPConnector`, `request` the
`ClientRequest` for whose sake it connects.
"""

import asyncio
import ssl

from aiohttp import connector as connector_module
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver

from lambda_keepalive import event_loop, identity, transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

DEFAULT_TIMEOUT = 15.0
"""Seconds that a connector keeps an idle connection when nobody said anything (aiohttp/connector.py, BaseConnector)."""

# That, and "never": nobody's wish, so no limit of a shared connection.
_NO_WISH = (DEFAULT_TIMEOUT, None)

# What connects, keeps and closes. All of it must be aiohttp's: of a subclass, or of a test that replaced one, we do not
# know what else goes into a connection.
_METHODS = (
    "connect",
    "close",
    "_close",
    "_get",
    "_release",
    "_create_connection",
    "_create_direct_connection",
    "_create_proxy_connection",
    "_wrap_create_connection",
    "_start_tls_connection",
    "_get_ssl_context",
    "_get_fingerprint",
    "_resolve_host",
)


def identify(connector: "Any", request: "Any") -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of the connection that the request needs."""
    host, port = request.url.raw_host, request.port
    tls = request.is_ssl()
    origin, refusal = transport.address("https" if tls else "http", host, port)
    if refusal is None:
        refusal = _refuse(connector, request)
    if refusal is not None:
        return None, origin, refusal
    fingerprint = connector._get_fingerprint(request)
    key = (
        "aiohttp",
        host,
        port,
        (
            identity.of_context(connector._get_ssl_context(request)),
            None if fingerprint is None else fingerprint.fingerprint,
            request.server_hostname,
        )
        if tls
        else None,
        _of_proxy(request),
        connector._family,
        # Until 3.9 the address as given, later what it resolves to.
        identity.freeze(getattr(connector, "_local_addr_infos", None) or getattr(connector, "_local_addr", None)),
        _of_resolver(connector),
        getattr(connector, "_socket_factory", None),
        own_limit(connector),
        _functions_in_force(connector),
    )
    return key, origin, None


def own_limit(connector: "Any") -> "float | None":
    """Seconds that the user lets his connector keep an idle connection; None where he said nothing.

    A wish is part of the identity: it binds the connections of those who have the same one, and nobody else's.
    """
    timeout: Any = connector._keepalive_timeout
    # With `force_close` older versions keep the marker for "not given".
    return timeout if isinstance(timeout, (int, float)) and timeout not in _NO_WISH else None


def _refuse(connector: "Any", request: "Any") -> "str | None":
    # `aiohttp.request` makes its connector close each connection, for want of a session: nobody's wish, either.
    forced = connector._force_close and not getattr(connector, "_keepalive_asks", False)
    if forced or connector._keepalive_timeout == 0:
        return "keepalive-off"
    methods = [getattr(connector, name, None) for name in _METHODS]
    if any(getattr(method, "__module__", None) != connector_module.__name__ for method in methods):
        return "foreign-class"
    if getattr(connector._factory, "func", None) is not ResponseHandler:
        return "foreign-class"
    if not event_loop.is_known(connector._loop) or connector._loop is not asyncio.get_running_loop():
        return "foreign-loop"
    if request.proxy is not None and request.proxy.scheme != "http":
        # TLS in TLS.
        return "foreign-socket"
    return None


def _of_proxy(request: "Any") -> "Hashable":
    if request.proxy is None:
        return None
    headers = request.proxy_headers
    return (
        request.proxy,
        request.proxy_auth,
        tuple(headers.items()) if headers else None,
    )


def _of_resolver(connector: "Any") -> "Hashable":
    """aiohttp's own by kind, since each connector makes one; the user's by identity."""
    resolver = connector._resolver
    if type(resolver) is ThreadedResolver or getattr(connector, "_resolver_owner", False):
        return type(resolver), type(resolver).resolve
    return identity.freeze(resolver)


def _functions_in_force(connector: "Any") -> "Hashable":
    happy_eyeballs = getattr(connector_module, "aiohappyeyeballs", None)
    return (
        type(connector._loop).create_connection,
        type(connector._loop).start_tls,
        type(connector._loop).getaddrinfo,
        getattr(happy_eyeballs, "start_connection", None),
        ssl.SSLContext.wrap_bio,
        identity.functions_in_force(),
    )
