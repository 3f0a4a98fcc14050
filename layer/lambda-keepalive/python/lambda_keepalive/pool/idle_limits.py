"""How long each origin lets a connection be idle: by its own word, and by when it was seen to hang up.

A word (`Keep-Alive: timeout=`) holds until the next one. A hang-up is no word: the server may just have been
restarted. So what follows from it fades: the limit doubles after each holding time, and the holding time doubles
with each hang-up that comes before the last one is forgotten. A restart costs two pauses of caution; a server that
really hangs up so early is tried again less and less often, at last once in hours (docs/decisions/0012).

Knows no socket; the time is passed in. All of it is bookkeeping beside the hot path: nothing is written while
connections are reused.
"""

from lambda_keepalive.pool.connection import elapsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.pool.connection import Connection, Instant

# A server that says `Keep-Alive: timeout=5` may close at 5.0 s sharp; the request needs some time to arrive. Of a hint
# of one or two seconds (gunicorn says 2) half is left.
HINT_MARGIN = 1.0

# No server is known to hang up by plan after less (gunicorn's default of 2 s is the shortest); one that does was
# restarted or refuses us. It is also the least that a hang-up leaves of the limit.
SHORTEST = 1.0

# Of the pause after which the connection was found dead: the server hung up somewhere in it, half-way on average. A
# little more than half, so that one doubling allows the same pause again.
SHARE = 0.6

# The limit first holds for two pauses like that one, so that a restart costs two connections more than it must, but for
# a minute at least: whoever calls each second shall not meet a server again that is just being replaced.
PAUSES = 2
FIRST_HOLDING = 60.0
# One connection found dead per some hours is less than the maximum lifetime costs.
LONGEST_HOLDING = 3600.0

# After so many holding times a hang-up is forgotten: the limit has grown a thousandfold, from one second to beyond any.
DOUBLINGS = 10

# As many as the statistics name; forgetting costs one connection found dead.
MAX_ORIGINS = 200


def hinted_timeout(value: "str | None") -> "float | None":
    """Seconds from `Keep-Alive: timeout=5, max=100`; None without a usable hint. (RFC 2068, 19.7.1; still what
    servers send.)"""
    for parameter in (value or "").split(","):
        name, _, seconds = parameter.partition("=")
        seconds = seconds.strip().strip('"')
        if name.strip().lower() == "timeout" and seconds.isascii() and seconds.isdigit() and len(seconds) < 9:
            return float(seconds)
    return None


class HangUp:
    """What follows from the hang-ups of an origin. Never changed, only replaced: threads may read it meanwhile.

    Attributes:
        limit: seconds; what connections may be idle for at first.
        since: when the last one was found.
        holding: seconds until the limit doubles.
    """

    __slots__ = ("holding", "limit", "since")

    def __init__(self, limit: float, since: "Instant", holding: float) -> None:
        self.limit = limit
        self.since = since
        self.holding = holding


class IdleLimits:
    """The idle limits of the process, by origin.

    Args:
        most: seconds that no origin's limit exceeds.
    """

    __slots__ = ("_hang_ups", "_hints", "most")

    def __init__(self, most: float) -> None:
        self.most = most
        self._hints: dict[str, float] = {}
        self._hang_ups: dict[str, HangUp] = {}

    def hinted(self, origin: str, seconds: "float | None") -> None:
        """A server of this origin said how long it keeps idle connections, or (None) did not say."""
        if seconds is None:
            self._hints.pop(origin, None)
            return
        if len(self._hints) >= MAX_ORIGINS and origin not in self._hints:
            self._hints.clear()
        self._hints[origin] = seconds

    def hung_up(self, connection: "Connection", now: "Instant") -> None:
        """An idle connection was found closed by its peer."""
        idle = elapsed(connection.idle_since, now)
        if idle <= SHORTEST:
            return
        origin = connection.origin
        limit = max(SHORTEST, idle * SHARE)
        holding = max(FIRST_HOLDING, idle * PAUSES)
        known = self._hang_ups.get(origin)
        if known is None:
            known = HangUp(limit, now, holding)
        elif elapsed(known.since, connection.opened) < 0:
            # It was open then already: one restart closes many connections, and is one event.
            known = HangUp(min(limit, known.limit), known.since, known.holding)
        elif (doublings := _doublings(known, now)) is None:
            known = HangUp(limit, now, holding)
        else:
            # A client that keeps connections by itself may find one later than the limit allows.
            limit = min(limit, known.limit * 2**doublings)
            known = HangUp(limit, now, min(max(2 * known.holding, holding), LONGEST_HOLDING))
        if len(self._hang_ups) >= MAX_ORIGINS and origin not in self._hang_ups:
            self._hang_ups.clear()
        self._hang_ups[origin] = known

    def of(self, origin: str, now: "Instant") -> float:
        """Seconds that a connection to this origin may be idle, as things stand."""
        return self.lowered(origin, self._hints.get(origin), now)

    def of_connection(self, connection: "Connection", now: "Instant") -> float:
        """Seconds that this connection may be idle: its own server's word counts, or its user's."""
        return self.lowered(connection.origin, connection.idle_timeout, now)

    def lowered(self, origin: str, promised: "float | None", now: "Instant") -> float:
        """The limit where `promised` seconds are the word of the server."""
        limit = self.most
        if promised is not None:
            limit = min(limit, max(promised - HINT_MARGIN, promised / 2))
        known = self._hang_ups.get(origin) if self._hang_ups else None
        if known is not None:
            doublings = _doublings(known, now)
            if doublings is None:
                self._hang_ups.pop(origin, None)
            else:
                limit = min(limit, known.limit * 2**doublings)
        return limit


def _doublings(known: HangUp, now: "Instant") -> "int | None":
    """How often the limit has doubled; None if it is forgotten, as is one that cannot be dated: a clock went backwards,
    and no limit shall hold for ever."""
    age = elapsed(known.since, now)
    doublings = int(age // known.holding)
    return doublings if age >= 0 and doublings < DOUBLINGS else None
