"""Decides by clocks and counters alone whether an idle connection may carry another request.

Pure functions: sockets are `probe`'s business, and the time is passed in.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.pool.connection import Connection, Instant

# NTP steps the wall clock by less than this in ordinary operation (it slews below 128 ms); more is a clock to distrust.
CLOCK_TOLERANCE = 1.0

# A server that says `Keep-Alive: timeout=5` may close at 5.0 s sharp; the request needs some time to arrive. Of a hint
# of one or two seconds (gunicorn says 2) half is left.
HINT_MARGIN = 1.0


class Limits:
    """The limits of the pool, in seconds and counts; each default has its reason in `config.SETTINGS`."""

    __slots__ = ("idle_timeout", "max_idle", "max_idle_per_host", "max_lifetime", "max_requests")

    def __init__(
        self,
        *,
        idle_timeout: float = 345.0,
        max_lifetime: float = 600.0,
        max_requests: int = 1000,
        max_idle_per_host: int = 10,
        max_idle: int = 100,
    ) -> None:
        self.idle_timeout = idle_timeout
        self.max_lifetime = max_lifetime
        self.max_requests = max_requests
        self.max_idle_per_host = max_idle_per_host
        self.max_idle = max_idle


def elapsed(since: "Instant", until: "Instant") -> float:
    """Seconds between two instants: the larger of what both clocks say, or -1 if one of them went backwards.

    Timers do not run while a sandbox is frozen, and after a SnapStart restore the monotonic clock lies; the wall clock
    can be set. Neither is trusted alone (reference: aws-lambda-web-adapter #830 and #671).
    """
    monotonic = until[0] - since[0]
    wall = until[1] - since[1]
    if monotonic < 0 or wall < -CLOCK_TOLERANCE:
        return -1.0
    return max(monotonic, wall)


def expired(connection: "Connection", now: "Instant", limits: Limits) -> "str | None":
    """Why the connection is too old, idle too long or used too often; None if it is not.

    The lifetime gets up to 10 % jitter, by the object's address, so that connections opened together do not all end
    together.
    """
    idle = elapsed(connection.idle_since, now)
    age = elapsed(connection.opened, now)
    if idle < 0 or age < 0:
        return "clock"
    idle_timeout = limits.idle_timeout
    if connection.idle_timeout is not None:
        hint = connection.idle_timeout
        idle_timeout = min(idle_timeout, max(hint - HINT_MARGIN, hint / 2))
    if idle >= idle_timeout:
        return "idle"
    if age >= limits.max_lifetime * (1 - (id(connection) >> 6) % 64 / 640):
        return "lifetime"
    if connection.requests >= limits.max_requests:
        return "requests"
    return None
