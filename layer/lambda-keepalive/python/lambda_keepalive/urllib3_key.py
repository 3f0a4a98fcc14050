"""The transport identity of a urllib3 connection object, as it stands when it connects. Versions: 1.26 and 2.x."""

from urllib3 import connection as connection_module
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import connection as socket_factory
from urllib3.util import ssl_ as tls_factory

from lambda_keepalive import config, identity, transport
from lambda_keepalive.refusal import is_known_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

_chosen = config.current().clients
_new_conn = getattr(HTTPConnection, "_new_conn", None)  # a fork of urllib3 has none, and is not patched


def identify(client: "Any") -> "tuple[Hashable | None, str, str | None]":
    """Key, origin and refusal of a urllib3 connection that is about to connect."""
    tls = isinstance(client, HTTPSConnection)
    host, port = client._dns_host, client.port
    tunnel = client._tunnel_host
    if tunnel:
        origin, refusal = transport.address("https" if tls else "http", tunnel, client._tunnel_port)
    else:
        origin, refusal = transport.address("https" if tls else "http", host, port)
    if refusal is None:
        refusal = _refused_class(type(client))
    if refusal is not None:
        return None, origin, refusal
    key = (
        "urllib3",
        host,
        port,
        identity.freeze(client.source_address),
        identity.freeze(client.socket_options),
        client.proxy,
        _of_proxy(client.proxy_config),
        tunnel,
        client._tunnel_port,
        getattr(client, "_tunnel_scheme", None),
        identity.freeze(client._tunnel_headers) if tunnel else None,
        _of_tls(client) if tls else None,
        _functions_in_force(),
        identity.functions_in_force(),
    )
    return key, origin, None


def _functions_in_force() -> "Hashable":
    """What urllib3 itself would make the connection with, by modules in which people replace it: to force IPv4, other
    ciphers, another TLS library."""
    return (
        socket_factory.create_connection,
        socket_factory.allowed_gai_family,
        socket_factory.HAS_IPV6,
        connection_module.ssl_wrap_socket,  # type: ignore[attr-defined]
        connection_module.create_urllib3_context,  # type: ignore[attr-defined]
        tls_factory.SSLContext,
        getattr(tls_factory, "DEFAULT_CIPHERS", None),
    )


def _refused_class(client_class: type) -> "str | None":
    # The verdict on the class is remembered, and may be older than a replaced method.
    if HTTPConnection._new_conn is not _new_conn or not is_known_class(client_class):
        return "foreign-class"
    name = "botocore" if client_class.__module__.startswith("botocore.") else "urllib3"
    return None if name in _chosen else "not-chosen"


def _of_tls(client: "Any") -> "Hashable":
    """All that decides whom the connection trusts and how it shows itself (urllib3/connection.py,
    HTTPSConnection.connect)."""
    files = client.ca_certs, client.ca_cert_dir, client.ca_cert_data
    ca = identity.of_ca(*files)
    protocols = tuple(tls_factory.ALPN_PROTOCOLS)
    verify_mode = tls_factory.resolve_cert_reqs(client.cert_reqs)
    return (
        # urllib3 sets this mode, loads these files and names these protocols on each connect (connection.py,
        # _ssl_wrap_socket_and_match_hostname; util/ssl_.py, ssl_wrap_socket): the first time makes no difference to the
        # second.
        identity.of_context(client.ssl_context, (ca, ("alpn", protocols)), verify_mode),
        protocols,
        ca if any(files) else identity.of_default_trust(),
        config.key_log(),
        verify_mode,
        identity.of_file(client.cert_file),
        identity.of_file(client.key_file),
        client.key_password,
        client.assert_hostname,
        client.assert_fingerprint,
        client.server_hostname,
        client.ssl_version,
        getattr(client, "ssl_minimum_version", None),
        getattr(client, "ssl_maximum_version", None),
        getattr(client, "tls_in_tls_required", False),
    )


def _of_proxy(settings: "Any") -> "Hashable":
    if settings is None:
        return None
    return tuple(
        identity.of_context(value) if name == "ssl_context" else identity.freeze(value)
        for name, value in settings._asdict().items()
    )
