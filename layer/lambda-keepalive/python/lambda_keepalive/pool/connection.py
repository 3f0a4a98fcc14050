"""What the layer knows of one open connection, whoever uses it at the moment.

Client objects come and go; a `Connection` lives as long as its socket and is handed from one to the next.
"""

import os
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    import ssl
    from collections.abc import Hashable, Mapping
    from typing import Any

# Monotonic and wall clock, in seconds. One of them may lie: see `limits`.
Instant = tuple[float, float]


# NTP steps the wall clock by less than this in ordinary operation (it slews below 128 ms); more is a clock to distrust.
CLOCK_TOLERANCE = 1.0

generation = 0
"""How often this process was forked off or restored: a connection of another generation is the parent's, or that of the
sandbox from which the snapshot was taken. Not the process id, since `os.getpid` is a system call and every call of the
function would make two."""


def reborn() -> None:
    """In a forked child, around a snapshot: everything known so far belongs to somebody else."""
    global generation
    generation += 1


os.register_at_fork(after_in_child=reborn)


def now() -> Instant:
    """Both clocks, read together."""
    return time.monotonic(), time.time()


def elapsed(since: Instant, until: Instant) -> float:
    """Seconds between two instants: the larger of what both clocks say, or -1 if one of them went backwards.

    Timers do not run while a sandbox is frozen, and after a SnapStart restore the monotonic clock lies; the wall clock
    can be set. Neither is trusted alone (reference: aws-lambda-web-adapter #830 and #671).
    """
    monotonic = until[0] - since[0]
    wall = until[1] - since[1]
    if monotonic < 0 or wall < -CLOCK_TOLERANCE:
        return -1.0
    return max(monotonic, wall)


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
        idle_timeout: seconds that the peer promised to keep it open when idle, or its user wants to, or None.
        jitter: from 0 to 1; how much of the leeway of the maximum lifetime it loses.
        host: the name that was dialled, as far as it is known.
        address: where that led; None where nobody can tell.
    """

    __slots__ = (
        "__weakref__",
        "address",
        "attributes",
        "busy",
        "generation",
        "host",
        "idle_since",
        "idle_timeout",
        "jitter",
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
        # From the kernel: clones that are restored from one snapshot have every other source in common.
        self.jitter = os.urandom(1)[0] / 255
        self.host = origin.partition("://")[2].rpartition(":")[0]
        self.address: str | None = None
        self.opened: Instant = now()
        self.idle_since: Instant = self.opened
        self.generation = generation

    def close(self) -> None:
        """Close the socket; never raises, a socket that is broken is closed enough."""
        try:
            self.sock.close()
        except Exception:  # noqa: BLE001, S110 - close() of a broken TLS socket may raise anything
            pass

    def end(self) -> None:
        """Close the connection itself, whoever else holds a descriptor of it: an event loop that does not run, too."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except Exception:  # noqa: BLE001, S110 - as for close()
            pass
        self.close()

    def __repr__(self) -> str:
        return f"<Connection {self.origin} requests={self.requests}{' busy' if self.busy else ''}>"
