"""The idle connections that live urllib3 pools hold, as a lender of the idle pool.

They stay in their pool, at no cost for hand-written code, and are taken out of it only when nobody else has one.
"""

import sys
from queue import Queue

from lambda_keepalive import transport
from lambda_keepalive.living import Living

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from lambda_keepalive.pool.connection import Connection
    from lambda_keepalive.pool.idle import Judge


class Pools:
    """The live urllib3 pools, as a lender of the idle pool."""

    def __init__(self) -> None:
        self.pools = Living()

    def _take(self, wanted: "Callable[[Connection], bool]", most: int) -> "list[Connection]":
        """Take idle connections out of their pools' queues, leaving the empty place that urllib3 fills by itself.

        Under the queue's own mutex: what is in the queue is in nobody's hands. A queue that is locked is passed over:
        we may stand in a signal handler above the very code that locked it.
        """
        taken: list[Connection] = []
        for pool in self.pools:
            waiting = pool.pool
            if not isinstance(waiting, Queue) or not waiting.mutex.acquire(blocking=False):
                continue
            try:
                for index, client in enumerate(waiting.queue):
                    connection = getattr(client, "_keepalive", None)
                    if connection is None or connection.busy or connection.sock is not client.sock:
                        continue
                    if client._keepalive_taint is None and wanted(connection):
                        waiting.queue[index] = None
                        client._keepalive = client.sock = None
                        taken.append(connection)
                        if len(taken) == most:
                            return taken
            finally:
                waiting.mutex.release()
        return taken

    def lend(self, key: "Hashable") -> "Connection | None":
        """Take one idle connection with this key."""
        taken = self._take(lambda connection: connection.key == key, 1)
        return taken[0] if taken else None

    def review(self, judge: "Judge") -> None:
        """Close the idle connections that went bad."""
        reasons: dict[Connection, str | None] = {}

        def is_bad(connection: "Connection") -> bool:
            reasons[connection] = judge(connection)
            return reasons[connection] is not None

        for connection in self._take(is_bad, sys.maxsize):
            transport.pool.discard(connection, reasons[connection] or "stale")

    def after_fork(self) -> None:
        """In a child: drop the parent's connections, so that not even their own pool uses them."""
        for pool in self.pools:
            for client in list(getattr(pool.pool, "queue", ())):
                connection = getattr(client, "_keepalive", None)
                if connection is not None and connection.sock is client.sock:
                    client._keepalive = client.sock = None
                    connection.close()

    def count(self) -> int:
        """How many idle connections the pools hold."""
        return sum(
            1
            for pool in self.pools
            if isinstance(pool.pool, Queue)
            for client in list(pool.pool.queue)
            if getattr(client, "_keepalive", None) is not None
        )
