"""The edges of an invocation and of a snapshot, for whoever wants to know them. Knows no runtime and no client.

`waiting` runs when the runtime asks for its first invocation, with the function loaded; `starting` before the handler;
`ending` after its response is on the way and before the sandbox may freeze; `snapshot` before SnapStart's picture is
taken, `restored` in every sandbox that is made from it.
A listener that fails is reported and the others still run.
"""

import time

from lambda_keepalive import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Current:
    """The invocation that is running: its request id, or None between invocations and during init; when the platform
    is going to end it, in Unix seconds, if that is known."""

    request_id: "str | None" = None
    deadline: "float | None" = None
    cold_start = True
    ready = False


current = Current()
on_ready: "list[Callable[[], None]]" = []
on_start: "list[Callable[[], None]]" = []
on_end: "list[Callable[[], None]]" = []
on_snapshot: "list[Callable[[], None]]" = []
on_restore: "list[Callable[[], None]]" = []


def waiting() -> None:
    """The runtime asks for an invocation; the first time, the function is loaded and ready."""
    ready, current.ready = current.ready, True
    if not ready:
        _run(on_ready)


def starting(request_id: str, deadline: "float | None" = None) -> None:
    """An invocation starts."""
    current.request_id = request_id
    current.deadline = deadline
    _run(on_start)


def ending() -> None:
    """The invocation that is running ends; without one nothing happens."""
    if current.request_id is not None:
        _run(on_end)
        current.request_id = current.deadline = None
        current.cold_start = False


def remaining() -> float:
    """Seconds until the platform ends the invocation that is running; infinite without one, or without a word on it."""
    return float("inf") if current.deadline is None else current.deadline - time.time()


def snapshot() -> None:
    """A snapshot is about to be taken."""
    _run(on_snapshot)


def restored() -> None:
    """This process was restored from a snapshot, perhaps as one of many."""
    _run(on_restore)


def _run(listeners: "list[Callable[[], None]]") -> None:
    for listener in listeners:
        try:
            listener()
        except Exception:  # noqa: BLE001
            guard.fault(f"{listener.__module__}.{listener.__qualname__}")
