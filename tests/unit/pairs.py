"""Both ends of a connection in one thread."""

from __future__ import annotations

import socket
import ssl

from tests.support.certificates import Authority

Pair = tuple[socket.socket, socket.socket]


def connected() -> Pair:
    """A client and its server over TCP on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    return client, server


def handshaken(pair: Pair, authority: Authority, newest: ssl.TLSVersion) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """The same over TLS, of this version at most."""
    client, server = pair
    context = ssl.create_default_context(cafile=str(authority.bundle))
    # In one thread: each side moves on until it wants what the other has not sent.
    client_end = context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
    server_context = authority.issue("localhost").server_context(maximum=newest)
    server_end = server_context.wrap_socket(server, server_side=True, do_handshake_on_connect=False)
    client_end.setblocking(False)
    server_end.setblocking(False)
    for _ in range(10):
        for end in (client_end, server_end):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    client_end.settimeout(7)
    server_end.settimeout(7)
    assert client_end.version() == server_end.version()
    return client_end, server_end
