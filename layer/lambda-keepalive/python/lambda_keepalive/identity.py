"""What makes two connections interchangeable, in pieces that patches put together to a key.

Every function returns something hashable; equal results mean equal in every way that matters on the wire. Where
content cannot be known, the object itself is the result: it equals nothing but itself, so nothing is shared. Opens
no file.
"""

import _ssl
import os
import socket
import ssl

from lambda_keepalive import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

# Set on a context by patches/ssl_context: what was loaded into it, in order; None once something unknown was done to
# it.
FACTS = "_keepalive_facts"

# What can be read back from a context. The C descriptors give plain ints where the Python properties build enums (30
# times slower).
_PROPERTIES = tuple(
    getattr(_ssl._SSLContext, name).__get__
    for name in (
        "protocol",
        "options",
        "verify_flags",
        "check_hostname",
        "_host_flags",
        "minimum_version",
        "maximum_version",
        "post_handshake_auth",
        "keylog_filename",
        "sni_callback",
        "_msg_callback",
        "security_level",
        "num_tickets",
    )
    if hasattr(_ssl._SSLContext, name)
)
_verify_mode = vars(_ssl._SSLContext)["verify_mode"].__get__


def of_file(path: "str | bytes | os.PathLike[str] | None") -> "Hashable":
    """A file by name, inode, times and size: replaced or rewritten means another identity, even if the writer put the
    time back (of modification; nobody sets that of the change). A missing file equals only a missing file."""
    if path is None:
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return os.fspath(path), None
    return os.fspath(path), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def of_default_trust() -> "Hashable":
    """The CAs that OpenSSL loads when nobody names any: SSL_CERT_FILE and SSL_CERT_DIR or the compiled-in paths.

    The directory counts by name alone: OpenSSL looks into it at each verification, so what it holds is no part of a
    context (SSL_CTX_load_verify_locations(3)), and not worth a system call at each connect.
    """
    file, directory = config.trust_environment()
    return "default", of_file(_DEFAULT_FILE if file is None else file), directory


_DEFAULT_FILE = _ssl.get_default_verify_paths()[1]


def of_ca(cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None) -> "Hashable":
    """The fact that `SSLContext.load_verify_locations` was called with these arguments."""
    return "ca", of_file(cafile), of_file(capath), freeze(cadata)


def of_context(context: "Any", ignoring: "tuple[Hashable, ...]" = (), verify_mode: "int | None" = None) -> "Hashable":
    """A TLS context by content, or the context itself. `ignoring` are facts that its user adds anyway on each connect,
    `verify_mode` is what its user sets then.

    Opaque are subclasses (truststore), contexts made before the layer saw `ssl`, and contexts with attributes of their
    own or with anything done to them that `patches.ssl_context` does not know.
    """
    if context is None:
        return None
    facts = getattr(context, FACTS, None)
    if facts is None or type(context) is not ssl.SSLContext or len(context.__dict__) != 1:
        opaque: Hashable = context
        return opaque
    if ignoring:
        facts = tuple([fact for fact in facts if fact not in ignoring])
    mode = _verify_mode(context) if verify_mode is None else verify_mode
    return mode, tuple([get(context) for get in _PROPERTIES]), facts


def functions_in_force() -> "Hashable":
    """The functions that would make the connection: whoever replaces one (mocks, resolvers, gevent) gets connections
    of his own."""
    return socket.socket, socket.create_connection, socket.getaddrinfo, ssl.SSLContext.wrap_socket


def freeze(value: "Any") -> "Hashable":
    """A hashable image of plain data (headers, socket options, URLs); what cannot be imaged stands for itself, by
    identity."""
    if value is None:
        return None
    if isinstance(value, dict):
        return tuple((name, freeze(item)) for name, item in value.items())
    if isinstance(value, bytearray):
        return bytes(value)
    image: Hashable = tuple(value) if isinstance(value, (list, tuple)) else value
    try:
        hash(image)
    except TypeError:
        return tuple(freeze(item) for item in value) if isinstance(value, (list, tuple)) else _ByIdentity(value)
    return image


class _ByIdentity:
    """Equal to another one only for the very same object."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)
