"""The transport identity of an httpcore connection object, sync or async, as it stands when it connects.

Both halves of httpcore are generated from one source and keep the same private attributes (httpcore/_sync/connection.py
and http_proxy.py, 1.0.0 to 1.0.9). What they differ in is a `Half`. `client` is an `HTTPConnection` or a
`TunnelHTTPConnection`, `request` the `httpcore.Request` for whose sake it connects.
"""

import certifi
from httpcore import __version__

from lambda_keepalive import config, guard, identity, transport
from lambda_keepalive.patching import PatchSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

_settings = config.current()

# httpx's default (httpx/_config.py, Limits) and httpcore's own: nobody's wish, so no limit of a shared connection.
_NO_WISH = (5.0, None)

# What httpcore tells its contexts at each connect without HTTP/2.
_PROTOCOLS = ("alpn", ("http/1.1",))

_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}


class Half:
    """The sync or the async half of httpcore.

    Args:
        name: kept apart by it, since a connection of one half is no use to the other.
        connection_class: the only class whose connecting we know.
        backends: the only network backends whose streams we know.
        functions: the functions in force that would make the connection.
        socket_of: gives the `socket.socket` under a stream, which still owns it; None if the stream is of another kind.
        refuse: the rule against all connections that are opened here and now, if there is one.
    """

    __slots__ = ("backends", "connection_class", "functions", "name", "refuse", "socket_of")

    def __init__(
        self,
        name: str,
        connection_class: "Any",
        backends: "tuple[type, ...]",
        functions: "Callable[[], Hashable]",
        socket_of: "Callable[[Any], Any]",
        refuse: "Callable[[], str | None]" = lambda: None,
    ) -> None:
        self.name = name
        self.connection_class = connection_class
        self.backends = backends
        self.functions = functions
        self.socket_of = socket_of
        self.refuse = refuse


def require_known_version() -> None:
    """Raise `PatchSkipped` if this is no httpcore that we know."""
    if not __version__.startswith("1.0."):
        raise PatchSkipped(f"httpcore {__version__} is not 1.0")


def noting_limits(original: "Any") -> "Any":
    """What makes the replacement of a pool's `create_connection`: who keeps no idle connection wants none kept."""

    def create_connection(self: "Any", origin: "Any") -> "Any":
        connection = original(self, origin)
        try:
            if self._max_keepalive_connections == 0:
                # Of a proxy's connection objects the inner one dials.
                (getattr(connection, "_connection", None) or connection)._keepalive_off = True
        except Exception:  # noqa: BLE001
            guard.fault("httpcore connection")
        return connection

    return create_connection


def identify(client: "Any", request: "Any", half: Half) -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of a connection object that is about to dial its origin, or a proxy that forwards."""
    origin, refusal = _refuse(client, client._origin, client, half)
    if refusal is not None:
        return None, origin, refusal
    dialled = client._origin
    tls = dialled.scheme in (b"https", b"wss")
    # To a proxy the target is a whole URL (RFC 9112, 3.2.2).
    forwarded = request.url.target[:4] == b"http"
    key = (
        half.name,
        dialled.scheme,
        dialled.host,
        dialled.port,
        client._uds,
        client._local_address,
        identity.freeze(client._socket_options),
        client._http1,
        own_limit(client),
        (of_tls(client._ssl_context), request.extensions.get("sni_hostname")) if tls else None,
        _proxy_headers(request.headers) if forwarded else None,
        half.functions(),
    )
    return key, origin, None


def identify_tunnel(client: "Any", half: Half) -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of a `TunnelHTTPConnection` that has no tunnel yet."""
    to_proxy = client._connection
    origin, refusal = _refuse(client, client._remote_origin, to_proxy, half)
    if refusal is not None:
        return None, origin, refusal
    proxy, remote = client._proxy_origin, client._remote_origin
    key = (
        half.name,
        "tunnel",
        remote.host,
        remote.port,
        proxy.scheme,
        proxy.host,
        proxy.port,
        identity.freeze(client._proxy_headers),
        of_tls(client._proxy_ssl_context) if proxy.scheme == b"https" else None,
        identity.freeze(to_proxy._socket_options),
        client._http1,
        own_limit(client),
        of_tls(client._ssl_context),
        half.functions(),
    )
    return key, origin, None


def own_limit(client: "Any") -> "float | None":
    """Seconds that the user lets his client keep an idle connection; None where he said nothing.

    A wish is part of the identity: it binds the connections of those who have the same one, and nobody else's.
    """
    expiry: float | None = client._keepalive_expiry
    return None if expiry in _NO_WISH else expiry


def of_tls(context: "Any") -> "Hashable":
    """A TLS context by content, as httpcore is going to use it; without one it makes its own (httpcore/_ssl.py)."""
    if context is None:
        return "default", identity.of_default_trust(), identity.of_file(certifi.where()), config.key_log()
    return identity.of_context(context, ignoring=(_PROTOCOLS,))


def _refuse(client: "Any", dialled: "Any", dialler: "Any", half: Half) -> "tuple[str, str | None]":
    """Origin for statistics, and the rule that keeps the connection out of the pool, or None."""
    origin, refusal = transport.address(_SCHEMES[dialled.scheme], dialled.host.decode("ascii"), dialled.port)
    if refusal is None:
        if type(dialler) is not half.connection_class or type(dialler._network_backend) not in half.backends:
            refusal = "foreign-class"
        elif client._http2:
            refusal = "http2"
        elif dialler._keepalive_off or client._keepalive_expiry == 0:
            refusal = "keepalive-off"
        elif dialler._uds is not None and not _settings.loopback:
            refusal = "loopback"
        else:
            refusal = half.refuse()
    return origin, refusal


def _proxy_headers(headers: "Any") -> "Hashable":
    return tuple([(name, value) for name, value in headers if name[:6].lower() == b"proxy-"])
