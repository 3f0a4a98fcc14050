"""Which addresses have gone out of a host's name, as far as the answers show that the function's own look-ups get.

Nobody asks a name server for our sake: what promises that DNS is followed is the maximum lifetime. But whenever a new
connection has to be opened its look-up is a look at the present, and an idle connection to an address that went away is
not used again.

Big services answer with a few of many addresses, each time with others, so absence from one answer means little: an
address is gone if it is missing from an answer and from all those of the minute before.
"""

from lambda_keepalive.pool.connection import elapsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambda_keepalive.pool.connection import Instant

# The time to live of an Elastic Load Balancer's name; those of single services are shorter (5 s). Whatever is still in
# rotation had a chance to be named in that time.
GRACE = 60.0

# As many hosts as the statistics name; forgetting costs nothing but the wait for the maximum lifetime.
MAX_HOSTS = 200


class Addresses:
    """The answers of the process's look-ups."""

    __slots__ = ("_gone", "_seen")

    def __init__(self) -> None:
        # When each address of a host was last named; those that are gone leave it at the next answer.
        self._seen: dict[str, dict[str, Instant]] = {}
        self._gone: dict[str, frozenset[str]] = {}

    def answered(self, host: str, found: "Iterable[str]", now: "Instant") -> None:
        """A look-up of `host` gave these addresses."""
        before = self._seen.get(host, {})
        seen = {address: last for address, last in before.items() if 0 <= elapsed(last, now) <= GRACE}
        seen.update(dict.fromkeys(found, now))
        gone = (self._gone.get(host, frozenset()) | before.keys()) - seen.keys()
        if len(self._seen) >= MAX_HOSTS and host not in self._seen:
            self._seen.clear()
            self._gone.clear()
        self._seen[host] = seen
        if gone:
            self._gone[host] = gone
        else:
            self._gone.pop(host, None)

    def is_gone(self, host: str, address: str) -> bool:
        """Whether the address once was one of the host's, and no longer is."""
        return address in self._gone.get(host, ())

    def __bool__(self) -> bool:
        """Whether any address is gone at all."""
        return bool(self._gone)


addresses = Addresses()
"""The answers that this process got, noted by the patch of `socket`."""
