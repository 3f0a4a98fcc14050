"""What the layer knows of one open connection, whoever uses it at the moment.

Client objects come and go; a `Connection` lives as long as its socket and is handed from one to the next.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    import socket
    import ssl
    from collections.abc import Hashable, Mapping
    from typing import Any

# Monotonic and wall clock, in seconds. One of them may lie: see `limits`.
Instant = tuple[float, float]


generation = 0
"""How often this process was forked off: a connection of another generation is the parent's. Not the process id, since
`os.getpid` is a system call and every call of the function would make two."""


def forked() -> None:
    """In a child: everything known so far belongs to the parent."""
    global generation
    generation += 1


os.register_at_fork(after_in_child=forked)


def now() -> Instant:
    """Both clocks, read together."""
    return time.monotonic(), time.time()


class Tls:
    """The TLS half of a connection whose socket is a bare one: an `ssl.SSLObject` and the memory BIOs it works on.

    asyncio and anyio encrypt this way. Between two event loops this and the socket are all there is of a connection.
    """

    __slots__ = ("incoming", "object", "outgoing")

    def __init__(self, ssl_object: "ssl.SSLObject", incoming: "ssl.MemoryBIO", outgoing: "ssl.MemoryBIO") -> None:
        self.object = ssl_object
        self.incoming = incoming
        self.outgoing = outgoing


class Connection:
    """One TCP (and TLS) connection.

    Attributes:
        sock: the connected `socket.socket` or `ssl.SSLSocket`; this object closes it or hands it on, nobody else.
        tls: what encrypts on a bare socket, while the connection is on no event loop; else None.
        key: transport identity; equal keys may share. None: this connection is never pooled (`refusal` says why).
        origin: scheme://host:port as dialled, for statistics only.
        attributes: what the client's own connect() would have set on the client object besides `sock`.
        busy: a client took it or sent a request on it, and no response is proven to be read to its end since then.
        taint: the named rule that keeps the connection out of the pool from now on, or None.
        requests: how many requests were sent on it.
        generation: that of the process that opened it.
        poll: what `probe.is_stale` asks; made once, since making and registering costs more than asking.
        idle_timeout: seconds that the peer promised to keep it open when idle, or None.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "busy",
        "generation",
        "idle_since",
        "idle_timeout",
        "key",
        "opened",
        "origin",
        "poll",
        "refusal",
        "requests",
        "sock",
        "taint",
        "tls",
    )

    def __init__(
        self,
        sock: "socket.socket",
        key: "Hashable | None",
        origin: str,
        *,
        attributes: "Mapping[str, Any] | None" = None,
        refusal: "str | None" = None,
    ) -> None:
        self.sock = sock
        self.tls: Tls | None = None
        self.key = key
        self.origin = origin
        self.attributes = attributes or {}
        self.refusal = refusal
        self.busy = True
        self.taint: str | None = None
        self.poll: select.poll | None = None
        self.requests = 0
        self.idle_timeout: float | None = None
        self.opened: Instant = now()
        self.idle_since: Instant = self.opened
        self.generation = generation

    def close(self) -> None:
        """Close the socket; never raises, a socket that is broken is closed enough."""
        try:
            self.sock.close()
        except Exception:  # noqa: BLE001, S110 - close() of a broken TLS socket may raise anything
            pass

    def __repr__(self) -> str:
        return f"<Connection {self.origin} requests={self.requests}{' busy' if self.busy else ''}>"
