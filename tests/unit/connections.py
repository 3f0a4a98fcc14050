"""Connections over socket pairs, for the pool's tests."""

from __future__ import annotations

import socket
from collections.abc import Hashable

from lambda_keepalive.pool.connection import Connection


class Peer:
    """A connection whose other end is in the test's hand."""

    def __init__(self, key: Hashable = "key", **options: object) -> None:
        ours, self.end = socket.socketpair()
        self.connection = Connection(ours, key, "http://host:80")
        for name, value in options.items():
            setattr(self.connection, name, value)

    @property
    def closed(self) -> bool:
        return self.connection.sock.fileno() < 0

    def close(self) -> None:
        self.end.close()
        self.connection.sock.close()
