"""The process-wide idle pool: keeps what a client would have closed, gives it to the next one that asks for the same.

Acquire takes the connection that became idle last (LIFO), so that surplus ones age out. Whoever holds a connection
outside the pool owns it alone. Thread-safe, and never stuck: the garbage collector and signal handlers may come in from
anywhere, also from within this module, so whoever finds the lock held by his own thread goes on without it. It is taken
by `with` alone: a signal handler that raises can get between any `acquire()` and its `try`, and the lock stay taken.
"""

import atexit
import os
from collections import deque

from lambda_keepalive.lock import Lock
from lambda_keepalive.pool import connection as this_process
from lambda_keepalive.pool.addresses import addresses
from lambda_keepalive.pool.connection import now
from lambda_keepalive.pool.limits import Limits, expired
from lambda_keepalive.pool.probe import is_stale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Protocol

    from lambda_keepalive.pool.connection import Connection, Instant

    Judge = Callable[[Connection], str | None]

    class Lender(Protocol):
        """Holds idle connections that belong to live client pools; asked only when the idle pool has none."""

        def lend(self, key: Hashable) -> Connection | None:
            """Give up an idle connection with this key, for good."""

        def review(self, judge: Judge) -> None:
            """Close those of the held connections for which the judge names a reason."""

        def count(self) -> int:
            """How many idle connections are held."""


class IdlePool:
    """Idle connections by transport identity, with limits.

    Args:
        limits: counts and ages.
        discarded: called with (connection, reason) for each connection that the pool closes; must not raise.
        clock: returns an `Instant`.
    """

    def __init__(
        self,
        limits: Limits,
        discarded: "Callable[[Connection, str], None]",
        clock: "Callable[[], Instant]" = now,
    ) -> None:
        self.limits = limits
        self.lenders: list[Lender] = []
        self._discarded = discarded
        self._clock = clock
        # Each list in the order of release.
        self._idle: dict[Hashable, list[Connection]] = {}
        self._count = 0
        self._inbox: deque[Connection] = deque()
        self._lock = Lock()
        self._open = True

    def __len__(self) -> int:
        return self._count + len(self._inbox)

    def __repr__(self) -> str:
        return f"<IdlePool {len(self)} idle, {len(self._idle)} identities>"

    def acquire(self, key: "Hashable") -> "Connection | None":
        """Take the freshest good connection with this key; those found bad on the way are closed.

        Falls back to what live client pools hold idle. The caller owns the result. From within the pool all is a miss.
        """
        # While live pools are looked through, the garbage collector may come by and give back what dead ones held.
        return self._take_kept(key) or self._borrow(key) or self._take_kept(key)

    def _take_kept(self, key: "Hashable") -> "Connection | None":
        while True:
            if self._lock._is_owned():  # type: ignore[attr-defined]
                return None
            with self._lock:
                if self._inbox:
                    self._take_in()
                bucket = self._idle.get(key)
                connection = self._take_out(bucket) if bucket else None
            if connection is None:
                return None
            reason = self.judge(connection)
            if reason is None:
                return connection
            self.discard(connection, reason)

    def _borrow(self, key: "Hashable") -> "Connection | None":
        for lender in self.lenders:
            while (connection := lender.lend(key)) is not None:
                reason = self.judge(connection)
                if reason is None:
                    return connection
                self.discard(connection, reason)
        return None

    def drop(self, key: "Hashable", reason: str) -> None:
        """Close every idle connection with this key, also of live client pools."""
        while (connection := self.acquire(key)) is not None:
            self.discard(connection, reason)

    def release(self, connection: "Connection", idle_since: "Instant | None" = None) -> None:
        """Keep the connection, which must be proven clean, or close it; the caller must not touch it again.

        It is idle from now on, unless its client knows that it has been since `idle_since`.
        Whether the peer has closed it meanwhile is asked when it is acquired, which asks anyway.
        """
        if not self._open or connection.generation != this_process.generation:
            self.discard(connection, "process" if self._open else "exit")
            return
        connection.idle_since = idle_since or self._clock()
        if self._lock._is_owned():  # type: ignore[attr-defined]
            self._inbox.append(connection)
            return
        with self._lock:
            self._put(connection)
            surplus = self._overflow(connection.origin)
        for connection in surplus:
            self.discard(connection, "overflow")

    def _put(self, connection: "Connection") -> None:
        """Put a connection behind its equals. Needs the lock."""
        self._idle.setdefault(connection.key, []).append(connection)
        self._count += 1

    def _take_out(self, bucket: "list[Connection]", index: int = -1) -> "Connection":
        """Take one connection out of a list of equals. Needs the lock.

        A signal handler may raise between any two lines: an empty list must not stay behind.
        """
        connection = bucket[index]
        if len(bucket) == 1:
            del self._idle[connection.key]
        del bucket[index]
        self._count -= 1
        return connection

    def _take_in(self) -> None:
        """Move what was released while the lock was held to its place. Needs the lock."""
        while self._inbox:
            self._put(self._inbox.popleft())

    def _overflow(self, origin: str) -> "list[Connection]":
        """Take out what is over the limits: of this origin, then of all, that which is idle for longest. Needs the
        lock."""
        limits = self.limits
        surplus: list[Connection] = []
        if self._count <= limits.max_idle_per_host and self._count <= limits.max_idle:
            return surplus
        buckets = [bucket for bucket in self._idle.values() if bucket[0].origin == origin]
        too_many = range(sum(map(len, buckets)) - limits.max_idle_per_host)
        surplus.extend(self._take_oldest(buckets) for _ in too_many)
        while self._count > limits.max_idle:
            surplus.append(self._take_oldest(list(self._idle.values())))
        return surplus

    def _take_oldest(self, buckets: "list[list[Connection]]") -> "Connection":
        oldest = min(filter(None, buckets), key=lambda bucket: bucket[0].idle_since)
        return self._take_out(oldest, 0)

    def outdated(self, connection: "Connection") -> "str | None":
        """Why the connection must not be used again whatever its socket says, or None. Costs a look at the clocks."""
        if connection.generation != this_process.generation:
            return "process"
        if addresses and connection.address is not None and addresses.is_gone(connection.host, connection.address):
            return "moved"
        return expired(connection, self._clock(), self.limits)

    def judge(self, connection: "Connection") -> "str | None":
        """Why the connection must not be used again, or None: the clocks first, then the socket."""
        reason = self.outdated(connection)
        if reason is not None:
            return reason
        # Somebody made a file of the socket and kept it: he could read what the next one is sent (Lib/socket.py).
        if connection.sock._io_refs:  # type: ignore[attr-defined]
            return "held"
        return "stale" if is_stale(connection) else None

    def discard(self, connection: "Connection", reason: str) -> None:
        """Close a connection that the caller owns and report why."""
        if reason == "snapshot":
            connection.end()
        else:
            connection.close()
        self._discarded(connection, reason)

    def check(self) -> None:
        """Close every idle connection that went bad: called when an invocation starts, the sandbox may have been
        frozen."""
        held = self._take_all()
        for connection in held:
            reason = self.judge(connection)
            if reason is None:
                self._inbox.append(connection)
            else:
                self.discard(connection, reason)
        for lender in self.lenders:
            lender.review(self.judge)

    def _take_all(self) -> "list[Connection]":
        """Take out all that is held, equals in the order of release; nothing from within the pool."""
        if self._lock._is_owned():  # type: ignore[attr-defined]
            return []
        with self._lock:
            self._take_in()
            held = [connection for bucket in self._idle.values() for connection in bucket]
            self._idle, self._count = {}, 0
        return held

    def idle_count(self) -> int:
        """Idle connections of the process: here and in the live client pools we know."""
        return len(self) + sum(lender.count() for lender in self.lenders)

    def holds(self, key: "Hashable") -> bool:
        """Whether an idle connection with this key is here, not counting those of live client pools."""
        return key in self._idle

    def clear(self, reason: str) -> None:
        """Close all that is held."""
        for connection in self._take_all():
            self.discard(connection, reason)

    def abandon(self, reason: str) -> None:
        """Close all that is held, here and in live client pools, and keep nothing that is in use at the moment."""
        self.clear(reason)
        for lender in self.lenders:
            lender.review(lambda connection: reason)
        this_process.reborn()

    def close(self) -> None:
        """Close all and refuse from now on: the interpreter ends."""
        self._open = False
        self.clear("exit")

    def after_fork(self) -> None:
        """In a child: let go of the parent's connections. Closing a descriptor here leaves the parent's open, and no
        TLS goodbye is sent."""
        self._lock = Lock()
        for connection in self._take_all():
            connection.close()

    def register_for_process(self) -> None:
        """Follow forks and the interpreter's exit."""
        os.register_at_fork(after_in_child=self.after_fork)
        atexit.register(self.close)
