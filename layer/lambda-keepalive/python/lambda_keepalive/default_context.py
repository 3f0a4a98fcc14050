"""The TLS context that `http.client` makes when nobody gives it one: known without being made.

Making one costs 30 ms of CPU (the CA bundle) and is needed only for a handshake. The first connection without a context
makes its own as ever, and what that contains is noted. Later ones get the note in its place; whoever looks at
`_context`, be it the user or the handshake, gets a private context of his own, made then. No context is ever shared
between two connection objects, so nobody can change another one's.
"""

import ssl

from lambda_keepalive import config, guard, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class Note:
    """Stands for the default context of its time.

    Attributes:
        http_version: of the connections it is for: 10 or 11.
        stamp: the environment and CA files of that time.
        identity: what such a context is by content.
    """

    __slots__ = ("http_version", "identity", "stamp")

    def __init__(self, http_version: int, stamp: "Hashable", context_identity: "Hashable") -> None:
        self.http_version = http_version
        self.stamp = stamp
        self.identity = context_identity

    def make_context(self) -> ssl.SSLContext:
        """A context as http.client makes it (Lib/http/client.py, `_create_https_context`), by the factory of the
        note's time: one that was put in its place since might not verify."""
        context = _factory()
        if self.http_version == 11:
            context.set_alpn_protocols(["http/1.1"])
        if context.post_handshake_auth is not None:
            context.post_handshake_auth = True
        return context


_factory = ssl._create_default_https_context
_notes: "dict[int, Note]" = {}


def _stamp() -> "Hashable":
    return identity.of_default_trust(), config.key_log()


class ContextAttribute:
    """`HTTPSConnection._context`: turns a note into a private context at the first look."""

    def __get__(self, client: "Any", owner: "type | None" = None) -> "Any":
        if client is None:
            return self
        try:
            context = vars(client)["_context"]
        except KeyError:
            raise AttributeError("_context") from None
        if type(context) is Note:
            note = context
            context = vars(client)["_context"] = note.make_context()
            try:
                changed = identity.of_context(context) != note.identity
            except Exception:  # noqa: BLE001
                guard.fault("default TLS context")
                changed = True
            if changed:
                # The CA files changed since; the key of a connection being opened still says otherwise.
                client._keepalive_taint = "trust-changed"
        return context

    def __set__(self, client: "Any", context: "Any") -> None:
        vars(client)["_context"] = context

    def __delete__(self, client: "Any") -> None:
        del vars(client)["_context"]


# Host and port apart, what a caller may say about the context: its own one, or what goes into one (until Python 3.11).
_CONTEXT_ARGUMENTS = ("context", "key_file", "cert_file", "check_hostname")


def initialize(
    original: "Callable[..., None]", client: "Any", args: "tuple[Any, ...]", kwargs: "dict[str, Any]"
) -> None:
    """Initialize an `HTTPSConnection`, with a note in place of a context where the default one is known.

    Never where the caller names a context or anything that would be loaded into one, nor under a replaced factory
    (`ssl._create_default_https_context = ssl._create_unverified_context`), which may do anything.
    """
    stamp = note = None
    try:
        if (
            len(args) <= 2
            and not (kwargs and any(kwargs.get(name) is not None for name in _CONTEXT_ARGUMENTS))
            and ssl._create_default_https_context is _factory
        ):
            stamp, note = _stamp(), _notes.get(client._http_vsn)
    except Exception:  # noqa: BLE001
        guard.fault("default TLS context")
    if note is not None and note.stamp == stamp:
        original(client, *args, **{**kwargs, "context": _INERT})
        vars(client)["_context"] = note
        return
    original(client, *args, **kwargs)
    if stamp is not None:
        guard.attempt("default TLS context", _take_note, client, stamp)


def _take_note(client: "Any", stamp: "Hashable") -> None:
    """Remember what the context contains that this client has just made; nothing if that cannot be known."""
    context = vars(client)["_context"]
    context_identity = identity.of_context(context)
    if context_identity is not context:
        _notes[client._http_vsn] = Note(client._http_vsn, stamp, context_identity)


class _Inert:
    """Satisfies what `HTTPSConnection.__init__` reads from and writes to a context (Lib/http/client.py, 3.10 to
    3.14)."""

    verify_mode = ssl.CERT_REQUIRED
    check_hostname = True
    post_handshake_auth = None


_INERT = _Inert()
