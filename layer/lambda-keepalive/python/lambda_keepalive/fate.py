"""Why the last connection with an identity was given up: what explains the next miss.

Identities are known by their hash, since one may hold a whole TLS context (650 KiB). Origins are known likewise, so
that a miss for want of an equal identity can be told from the first connection.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

MOST_REMEMBERED = 1000
"""Ten times the idle limit, then all is forgotten; that costs an explanation or a microsecond, nothing else."""

_reasons: "dict[int, str]" = {}


def remember(key: "Hashable", reason: str) -> None:
    """The last connection with this identity is not there any more because of `reason`, or is "in-use"."""
    if len(_reasons) >= MOST_REMEMBERED:
        _reasons.clear()
    _reasons[hash(key)] = reason


def of(key: "Hashable") -> "str | None":
    """The reason, or "in-use"; None if nothing is known."""
    return _reasons.get(hash(key))
