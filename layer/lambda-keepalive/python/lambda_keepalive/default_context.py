"""The TLS context that `http.client` makes when nobody gives it one: known without being made.

Making one costs 30 ms of CPU (the CA bundle) and is needed only for a handshake. So a connection made without a context
gets a note in its place; whoever looks at `_context`, be it the user or the handshake, gets a private context of his
own, made then. No context is ever shared between two connection objects, so nobody can change another one's.
"""

import ssl

from lambda_keepalive import config, guard, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    # Returns the context of a new connection with this HTTP version (10 or 11), as http.client makes it.
    Make = Callable[[int], ssl.SSLContext]


class Note:
    """Stands for the default context of its time; `identity` is what such a context is by content."""

    __slots__ = ("identity", "stamp")

    def __init__(self, stamp: "Hashable", context_identity: "Hashable") -> None:
        self.stamp = stamp
        self.identity = context_identity


_factory = ssl._create_default_https_context
_notes: "dict[int, Note]" = {}


def note(http_version: int, make: "Make") -> "Note | None":
    """The note for a default context as it would be made now, or None where it cannot be known.

    Valid as long as the environment, the CA files and the factory are the same. A replaced factory
    (`ssl._create_default_https_context = ssl._create_unverified_context`) may do anything, so it gets no note.
    """
    if ssl._create_default_https_context is not _factory:
        return None
    stamp = identity.of_default_trust(), config.key_log()
    known = _notes.get(http_version)
    if known is not None and known.stamp == stamp:
        return known
    context = make(http_version)
    context_identity = identity.of_context(context)
    if context_identity is context:
        return None
    known = _notes[http_version] = Note(stamp, context_identity)
    return known


class ContextAttribute:
    """`HTTPSConnection._context`: turns a note into a private context at the first look."""

    def __init__(self, make: "Make") -> None:
        self._make = make

    def __get__(self, client: "Any", owner: "type | None" = None) -> "Any":
        if client is None:
            return self
        try:
            context = vars(client)["_context"]
        except KeyError:
            raise AttributeError("_context") from None
        if type(context) is Note:
            context = vars(client)["_context"] = self._make(client._http_vsn)
        return context

    def __set__(self, client: "Any", context: "Any") -> None:
        vars(client)["_context"] = context

    def __delete__(self, client: "Any") -> None:
        del vars(client)["_context"]


# Host and port apart, what a caller may say about the context: its own one, or what goes into one (until Python 3.11).
_CONTEXT_ARGUMENTS = ("context", "key_file", "cert_file", "check_hostname")


def initialize(original: "Any", client: "Any", make: "Make", args: "tuple[Any, ...]", kwargs: "dict[str, Any]") -> bool:
    """Initialize an `HTTPSConnection` with a note in place of a context; False: not done, nothing happened.

    Declines whenever the caller named a context or anything that would be loaded into one.
    """
    if len(args) > 2 or (kwargs and any(kwargs.get(name) is not None for name in _CONTEXT_ARGUMENTS)):
        return False
    try:
        default = note(client._http_vsn, make)
        if default is None:
            return False
    except Exception:  # noqa: BLE001
        guard.fault("default TLS context")
        return False
    kwargs = {**kwargs, "context": _INERT}
    original(client, *args, **kwargs)
    vars(client)["_context"] = default
    return True


class _Inert:
    """Satisfies what `HTTPSConnection.__init__` reads from and writes to a context (Lib/http/client.py, 3.10 to
    3.14)."""

    verify_mode = ssl.CERT_REQUIRED
    check_hostname = True
    post_handshake_auth = None


_INERT = _Inert()
