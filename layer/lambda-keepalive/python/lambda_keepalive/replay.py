"""Says whether a request that found its connection dead may be sent once more, on a new one. Rules, no sockets.

Asked only about connections that were idle before, and once for each request: what is sent again goes out on
a connection that nobody used. The rules against it; each leaves the caller with the error that he would have had:

| rule | when |
| --- | --- |
| error | anything but the loss of the connection: a time-out is the caller's choice, a TLS alert has its reason |
| answered | a byte of a response came, or may have come |
| expect | the request waited for `100 Continue`: its server may have had the head alone |
| body | what was sent cannot be sent again: a generator, a file without a way back |
| unsafe | sent twice it might be done twice, and nothing proves that it never arrived |
| deadline | the invocation would end before the answer |

docs/decisions/0010 has the measurements.
"""

import ssl

from lambda_keepalive import config, guard, lifecycle
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.pool.connection import Connection

# RFC 9110, 9.2.2. Methods are case-sensitive (9.1).
IDEMPOTENT = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"))

# A request that asks for its connection to be closed may well be sent on another one. Other taints bind it to its own.
NO_MATTER = (None, "asked-close")

LEAST_TIME = 0.5
"""Seconds that an invocation must have left: a new TLS connection to the other side of the world takes three round
trips of 0.15 s."""

MOST_KEPT = 256 * 1024
"""Bytes of a body in pieces that are kept to be sent again. A body in one piece is its caller's, and costs nothing."""

_settings = config.current()


def is_watched(connection: "Connection | None") -> bool:
    """Whether requests on this connection may have to be sent again: it was idle or carried one before, and is ours to
    replace."""
    return (
        connection is not None
        and (connection.requests > 0 or connection.idle_since is not connection.opened)
        and connection.key is not None
        and _settings.replay
    )


LOSSES = (ConnectionError, ssl.SSLError)
"""The classes of the errors among which `is_loss` finds losses. Time-outs, also the kernel's, are of others."""


def is_loss(error: "BaseException | None") -> bool:
    """Whether an error says that the connection is gone.

    Who reads from TLS after a write has failed hears of an end by a reason alone: an `SSLError` of no class of its own
    (CPython 3.14 with OpenSSL 3.6, Modules/_ssl.c, `PySSL_SetError`).
    """
    return isinstance(error, (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)) or (
        isinstance(error, ssl.SSLError) and getattr(error, "reason", None) == "UNEXPECTED_EOF_WHILE_READING"
    )


def refuse(
    error: "BaseException | None", origin: str, *, answered: bool, expects: bool, whole: bool, harmless: bool
) -> "str | None":
    """The rule against sending a request once more, or None; what is decided is also explained, where asked for.

    Args:
        error: what ended the first attempt.
        origin: whom the request is for, by the name in the statistics.
        answered: a byte of a response came, or may have come.
        expects: the request said `Expect`.
        whole: all that was sent can be sent again.
        harmless: it is idempotent, or has a key by which its server knows it again, or never arrived.
    """
    if not is_loss(error):
        rule = "error"
    elif answered:
        rule = "answered"
    elif expects:
        rule = "expect"
    elif not whole:
        rule = "body"
    elif not harmless:
        rule = "unsafe"
    elif lifecycle.remaining() < max(LEAST_TIME, 2 * stats.connect_milliseconds(origin) / 1000):
        rule = "deadline"
    else:
        rule = None
    if _settings.explain:
        guard.say(f"explain: connection to {origin} was lost, " + (f"not replayed: {rule}" if rule else "replayed"))
    return rule
