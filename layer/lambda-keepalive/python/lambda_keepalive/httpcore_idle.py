"""The idle connections of live httpcore clients, of either half.

`client` is an `HTTP11Connection` or `AsyncHTTP11Connection`; the mark `_keepalive` on its stream is the `Connection`.
"""

import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


class IdleClients:
    """The clients that live pools hold idle.

    Attributes:
        clients: by what keeps the socket alive for as long as its client: the garbage collector, when it finds a
            forgotten client in a cycle, would otherwise close the socket before it calls the client's finalizer.
    """

    def __init__(self) -> None:
        self.clients: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()

    def idle(self) -> "Iterator[tuple[Any, Connection]]":
        """Each client that is idle at this moment, and its connection."""
        # A list of references is made in one step; the dictionary itself may change meanwhile.
        for reference in self.clients.valuerefs():
            client = reference()
            if client is not None and client.is_idle():
                connection = getattr(client._network_stream, "_keepalive", None)
                if connection is not None:
                    yield client, connection

    def count(self) -> int:
        """How many idle connections live clients hold."""
        return sum(1 for _ in self.idle())
