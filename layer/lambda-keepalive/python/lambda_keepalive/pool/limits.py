"""Decides by clocks and counters alone whether an idle connection may carry another request.

Pure functions: sockets are `probe`'s business, and the time is passed in.
"""

from lambda_keepalive.pool.connection import elapsed
from lambda_keepalive.pool.idle_limits import IdleLimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.pool.connection import Connection, Instant

# Connections that were opened together, by the threads of one sandbox or by a hundred sandboxes at once, shall not all
# end together. A tenth spreads a herd of the default lifetime over a minute, and what only shortens breaks no promise.
LIFETIME_JITTER = 0.1


class Limits:
    """The limits of the pool, in seconds and counts; each default has its reason in `config.SETTINGS`.

    Attributes:
        idle: what is known of how long each origin keeps idle connections; at most the idle time-out.
    """

    __slots__ = ("idle", "max_idle", "max_idle_per_host", "max_lifetime", "max_requests")

    def __init__(
        self,
        *,
        idle_timeout: float = 345.0,
        max_lifetime: float = 600.0,
        max_requests: int = 1000,
        max_idle_per_host: int = 10,
        max_idle: int = 100,
    ) -> None:
        self.idle = IdleLimits(idle_timeout)
        self.max_lifetime = max_lifetime
        self.max_requests = max_requests
        self.max_idle_per_host = max_idle_per_host
        self.max_idle = max_idle


def expired(connection: "Connection", now: "Instant", limits: Limits) -> "str | None":
    """Why the connection is too old, idle too long or used too often; None if it is not."""
    idle = elapsed(connection.idle_since, now)
    age = elapsed(connection.opened, now)
    if idle < 0 or age < 0:
        return "clock"
    if idle >= limits.idle.of_connection(connection, now):
        return "idle"
    if age >= limits.max_lifetime * (1 - LIFETIME_JITTER * connection.jitter):
        return "lifetime"
    if connection.requests >= limits.max_requests:
        return "requests"
    return None
