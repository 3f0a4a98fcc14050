"""The named rules by which a connection is never pooled. Each has a test of its name in tests/unit/test_refusal.py.

| rule | when |
| --- | --- |
| runtime-api | the Lambda Runtime API |
| loopback | this machine, unless KEEPALIVE_LOOPBACK=1: single-threaded local servers wait for the client's close |
| excluded | KEEPALIVE_EXCLUDE_HOSTS names it |
| foreign-class | a subclass that overrides connecting or closing in a way we do not know |
| foreign-socket | neither `socket.socket` nor `ssl.SSLSocket` (pyOpenSSL, TLS in TLS, mocks, late gevent) |
"""

import socket
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.config import Config

_SOCKET, _TLS_SOCKET = socket.socket, ssl.SSLSocket

# What a client class may inherit from without surprising us: every one of these methods must come from one of these
# modules.
_METHODS = (
    "connect",
    "close",
    "send",
    "endheaders",
    "putrequest",
    "getresponse",
    "_tunnel",
    "_new_conn",
    "_prepare_conn",
)
_KNOWN_MODULES = ("http.client", "urllib3.connection", "botocore.awsrequest", __name__.partition(".")[0])
_verdicts: "dict[type, bool]" = {}
_MAX_VERDICTS = 100
"""More classes than any program has for its connections; classes made anew for each call must not pile up."""


def refused_address(host: str, port: "int | None", settings: "Config") -> "str | None":
    """The rule against pooling connections to this host (as dialled: a name or an address literal), or None."""
    if settings.runtime_api and f"{host}:{port}" == settings.runtime_api:
        return "runtime-api"
    if not settings.loopback and (host == "localhost" or is_loopback(host)):
        return "loopback"
    if settings.exclude_hosts:
        from fnmatch import fnmatchcase

        if any(fnmatchcase(host.lower(), glob) for glob in settings.exclude_hosts):
            return "excluded"
    return None


def is_loopback(address: str) -> bool:
    """Whether an address literal is this machine (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    return address.startswith(("127.", "::ffff:127.")) or address in ("::1", "[::1]")


def refused_socket(sock: "socket.socket", loopback: bool) -> "str | None":
    """The rule against pooling this socket, which has just been connected, or None. Names that resolve to loopback
    are found here."""
    if type(sock) not in (_SOCKET, _TLS_SOCKET):
        return "foreign-socket"
    if not loopback:
        address = peer_address(sock)
        if address is not None and is_loopback(address):
            return "loopback"
    return None


def peer_address(sock: "socket.socket") -> "str | None":
    """The address literal of the other end; None where there is none, or the peer has gone already."""
    try:
        peer = sock.getpeername()
    except OSError:
        return None
    return peer[0] if isinstance(peer, tuple) else None


def is_known_class(client_class: type) -> bool:
    """Whether connecting and closing objects of this class is all done by code we know. Wrappers that keep
    `__module__` pass."""
    known = _verdicts.get(client_class)
    if known is None:
        methods = [getattr(client_class, name) for name in _METHODS if hasattr(client_class, name)]
        known = all(str(getattr(method, "__module__", "")).startswith(_KNOWN_MODULES) for method in methods)
        if len(_verdicts) >= _MAX_VERDICTS:
            _verdicts.clear()
        _verdicts[client_class] = known
    return known
