"""Hands out a TLS context again when everybody has let go of it and nobody has changed it.

Even without its CAs a new context costs OpenSSL 0.2 ms, more than all the rest of a careless call that finds its
connection in the pool. What `ssl.create_default_context` made is kept here, too; once nobody else holds it, and it is
by content what it was when it was made, it is as good as a new one for the next call with equal arguments. No context
ever has two owners.
"""

import ssl
import sys
import weakref
from collections import deque

from lambda_keepalive import config, identity, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

_MOST_KINDS = 8
"""Different arguments. A program has one or two; whoever makes up more gains nothing here."""

_MOST_OF_A_KIND = 32
"""httpx's clients end in reference cycles, and so hold their contexts until the garbage collector comes by: with 32
kept one call in 20 makes a new one, with 16 one in 12, with 4 three in 4. Each takes about 20 KiB."""

_spares: "dict[Hashable, deque[tuple[ssl.SSLContext, Hashable]]]" = {}


def kind(cafile: "Any", capath: "Any", cadata: "Any") -> "Hashable":
    """All that decides what `ssl.create_default_context` makes of its arguments (Lib/ssl.py)."""
    given = identity.of_ca(cafile, capath, cadata)
    default = None if cafile or capath or cadata else identity.of_default_trust()
    return given, default, config.key_log(), ssl.SSLContext


def take(wanted: "Hashable") -> "ssl.SSLContext | None":
    """A context of this kind that nobody holds, as good as new; None if there is none."""
    entries = _spares.get(wanted, deque())
    for _ in range(len(entries)):
        # Only one of two threads gets the entry, and nobody else knows of its context then.
        try:
            entry = entries.popleft()
        except IndexError:
            break
        if _holders(entry) > _ALONE:
            entries.append(entry)
        elif _is_untouched(*entry):
            context = entry[0]
            entries.append(entry)
            return context
    return None


def keep(wanted: "Hashable", context: "ssl.SSLContext") -> None:
    """Remember a new context, for the time when its owner has let go of it."""
    image = identity.of_context(context)
    if _ALONE < 0 or image is context:
        return
    if wanted not in _spares and len(_spares) >= _MOST_KINDS:
        _spares.pop(next(iter(_spares)), None)
    entries = _spares.setdefault(wanted, deque())
    if len(entries) < _MOST_OF_A_KIND:
        entries.append((context, image))


def _is_untouched(context: "ssl.SSLContext", image: "Hashable") -> bool:
    """Whether the context is as it was made: by content, known to nobody's weak reference, and never used, since a
    handshake leaves sessions and certificates behind."""
    known = weakref.getweakrefcount(context)
    used = context.session_stats()["connect"]
    return not used and known == trust.has_directory(context) and identity.of_context(context) == image


def _holders(entry: "tuple[Any, Any]") -> int:
    return sys.getrefcount(entry[0])


def _count_alone() -> int:
    """What `_holders` says of an entry that is the only holder; -1 where references are not counted as we need it."""

    class Example:
        pass

    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return -1
    entry = (Example(), None)
    alone = _holders(entry)
    others = [entry[0]]
    return alone if _holders(entry) == alone + len(others) else -1


_ALONE = _count_alone()
