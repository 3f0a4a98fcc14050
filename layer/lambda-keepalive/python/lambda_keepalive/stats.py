"""Counts what happens to connections, by invocation and by origin. Imports a lock alone, calls nobody but its listener.

Plain ints under one lock; everything that happens between two calls of `take` belongs to one invocation, so requests
made while the module was imported count for the first one.
"""

from lambda_keepalive.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Beyond this many origins the rest is counted under one name: a crawler must not make the process grow.
MAX_ORIGINS = 200
OTHER_ORIGINS = "other"


class Origin:
    """Counters of one origin (scheme://host:port) in one invocation; `connect_ms` is the sum over `opened`."""

    __slots__ = ("connect_ms", "opened", "requests", "reused", "stale")

    def __init__(self) -> None:
        self.requests = 0
        self.opened = 0
        self.reused = 0
        self.stale = 0
        self.connect_ms = 0.0


class Invocation:
    """Counters of one invocation. `saved_ms` is an estimate: each reuse counts as one mean connect of that origin.
    `spared` are connections that mode `observe` saw opened and mode `on` would not have."""

    __slots__ = (
        "announced",
        "connect_errors",
        "discarded",
        "not_reused",
        "origins",
        "replayed",
        "saved_ms",
        "spared",
        "spared_ms",
        "tls_handshakes",
    )

    def __init__(self) -> None:
        self.origins: dict[str, Origin] = {}
        self.discarded: dict[str, int] = {}
        self.not_reused: dict[str, int] = {}
        self.connect_errors = 0
        self.replayed = 0
        self.tls_handshakes = 0
        self.saved_ms = 0.0
        self.spared = 0
        self.spared_ms = 0.0
        # Whether the first request was told to the listener.
        self.announced = False

    def total(self, name: str) -> float:
        """The sum of one counter over all origins."""
        values: list[float] = [getattr(origin, name) for origin in self.origins.values()]
        return sum(values)


class Stats:
    """The counters of the process.

    The lock can be taken again by its holder: the garbage collector may close a forgotten connection, and a signal
    handler may send a request, while this module counts.

    Attributes:
        idle_count: tells how many idle connections there are, once there is somebody who knows.
        idle_limit: tells for how many seconds a connection to an origin may be idle, likewise.
        notable: called after an event worth a checkpoint (the first request of an invocation, a connection opened,
        one found stale).
    """

    def __init__(self) -> None:
        self.notable: Callable[[], None] | None = None
        self.idle_count: Callable[[], int] | None = None
        self.idle_limit: Callable[[str], float] | None = None
        self._lock = Lock()
        self._current = Invocation()
        # Mean connect time per origin over the life of the process: (sum in ms, count).
        self._connects: dict[str, tuple[float, int]] = {}

    def _origin(self, name: str) -> Origin:
        origins = self._current.origins
        origin = origins.get(name)
        if origin is None:
            if len(origins) >= MAX_ORIGINS:
                name = OTHER_ORIGINS
            origin = origins.setdefault(name, Origin())
        return origin

    def request(self, name: str, reused: bool) -> None:
        """A request is sent to the origin, on a connection that carried one before (`reused`) or not."""
        with self._lock:
            first, self._current.announced = not self._current.announced, True
            origin = self._origin(name)
            origin.requests += 1
            if reused:
                origin.reused += 1
                self._current.saved_ms += self.connect_milliseconds(name)
        if first:
            self._tell()

    def opened(self, name: str, milliseconds: float, tls: bool) -> None:
        """A connection to the origin was opened; the time covers name lookup, TCP and TLS."""
        with self._lock:
            origin = self._origin(name)
            origin.opened += 1
            origin.connect_ms += milliseconds
            self._current.tls_handshakes += tls
            if name in self._connects or len(self._connects) < MAX_ORIGINS:
                total, count = self._connects.get(name, (0.0, 0))
                self._connects[name] = total + milliseconds, count + 1
        self._tell()

    def spared(self, milliseconds: float) -> None:
        """The connection that was opened last would have been there already."""
        with self._lock:
            self._current.spared += 1
            self._current.spared_ms += milliseconds

    def connect_error(self, name: str) -> None:
        """A connection could not be opened."""
        with self._lock:
            self._origin(name)
            self._current.connect_errors += 1

    def replayed(self) -> None:
        """A request whose connection was found dead was sent once more. It counts as one request all the same."""
        with self._lock:
            self._current.replayed += 1

    def connect_milliseconds(self, name: str) -> float:
        """The mean time of opening a connection to the origin; 0 if none was opened."""
        total, count = self._connects.get(name, (0.0, 0))
        return total / count if count else 0.0

    def not_reused(self, reason: str) -> None:
        """A connection had to be opened because of `reason`."""
        with self._lock:
            self._current.not_reused[reason] = self._current.not_reused.get(reason, 0) + 1

    def discarded(self, name: str, reason: str) -> None:
        """A connection was closed by us for `reason`; "stale" means that the peer was first."""
        with self._lock:
            self._current.discarded[reason] = self._current.discarded.get(reason, 0) + 1
            if reason == "stale":
                self._origin(name).stale += 1
        if reason == "stale":
            self._tell()

    def _tell(self) -> None:
        if self.notable is not None:
            self.notable()

    def peek(self) -> Invocation:
        """The counters so far; the caller only reads them."""
        return self._current

    def take(self) -> Invocation:
        """The counters since the last call; counting starts again at zero."""
        with self._lock:
            taken, self._current = self._current, Invocation()
        return taken

    def after_fork(self) -> None:
        """In a child: the parent's counts are the parent's to report."""
        self._lock = Lock()
        self._current = Invocation()


stats = Stats()
"""The counters of this process, shared by everything that counts."""
