"""The simplest HTTP clients there are, for tests of the origin itself."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection

from tests.support.certificates import Authority
from tests.support.origin import Origin


def connect(origin: Origin, authority: Authority) -> HTTPConnection:
    """A client of the origin, not connected yet; it reconnects by itself when the server closed."""
    if origin.url.startswith("https"):
        context = ssl.create_default_context(cafile=str(authority.bundle))
        return HTTPSConnection(origin.host, origin.port, timeout=10, context=context)
    return HTTPConnection(origin.host, origin.port, timeout=10)


def get(client: HTTPConnection, path: str, method: str = "GET") -> tuple[int, bytes]:
    client.request(method, path)
    response = client.getresponse()
    return response.status, response.read()


def exchange_bytes(origin: Origin, data: bytes) -> bytes:
    """Send bytes to a plain origin, and return everything it sends until it closes."""
    with closing(socket.create_connection((origin.host, origin.port), timeout=10)) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))
