"""Renders the counters of one invocation as one record: a line of ASCII, small enough to be written atomically.

Format and limits: docs/record.md. A writer to a pipe is never torn up to PIPE_BUF (4096 bytes on Linux, pipe(7)).
"""

import re

from lambda_keepalive import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_keepalive.stats import Invocation

PREFIX = "LKA1"
MAX_BYTES = 4096

_UNSAFE = re.compile(r"[^A-Za-z0-9.:/_\-\[\]%]")


def render(
    kind: str,
    invocation: "Invocation",
    *,
    request_id: str,
    process: int,
    milliseconds: int,
    cold: bool,
    runtime: str,
    initialization: str,
    idle: int,
    observing: bool = False,
    idle_limit: "Callable[[str], float] | None" = None,
) -> bytes:
    """One record of `kind` (`end` or `checkpoint`), newline included; the least busy origins are left out if it gets
    too long.

    Args:
        milliseconds: Unix time of the moment it describes.
        idle: idle connections at that moment.
        observing: whether the mode is `observe`.
        idle_limit: for how many seconds a connection to an origin may be idle.
    """
    total = invocation.total
    parts = [
        PREFIX, kind, f"id={request_id}", f"pid={process}", f"t={milliseconds}", f"cold={int(cold)}",
        f"runtime={runtime}", f"init={initialization}", f"version={__version__}",
        f"RequestsSent={total('requests')}", f"ConnectionsOpened={total('opened')}",
        f"ConnectionsReused={total('reused')}", f"StaleConnections={total('stale')}",
        f"ConnectTime={total('connect_ms'):.3f}", f"ConnectTimeSaved={invocation.saved_ms:.3f}",
        f"ConnectionsIdle={idle}", f"ConnectionsDiscarded={sum(invocation.discarded.values())}",
        f"RequestsReplayed={invocation.replayed}",
        f"ConnectErrors={invocation.connect_errors}", f"TlsHandshakes={invocation.tls_handshakes}",
    ]  # fmt: skip
    if observing:
        parts += ["mode=observe", f"wouldReuse={invocation.spared}", f"wouldSave={invocation.spared_ms:.3f}"]
    parts += [f"discarded={reason}:{count}" for reason, count in invocation.discarded.items()]
    parts += [f"notReused={reason}:{count}" for reason, count in invocation.not_reused.items()]
    length = sum(map(len, parts)) + len(parts)
    busiest = sorted(invocation.origins.items(), key=lambda item: (item[1].requests, item[1].opened), reverse=True)
    for name, origin in busiest:
        counts = f"{origin.requests},{origin.opened},{origin.reused},{origin.stale},{origin.connect_ms:.3f}"
        part = f"host={safe_origin(name)},{counts}"
        if idle_limit is not None:
            part += f",{idle_limit(name):.3f}"
        length += len(part) + 1
        if length > MAX_BYTES:
            break
        parts.append(part)
    return (" ".join(parts) + "\n").encode("ascii", "replace")


def safe_origin(name: str) -> str:
    """The origin in the characters that a record allows, at most 255 of them."""
    return _UNSAFE.sub("_", name)[:255]
