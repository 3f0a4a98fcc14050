"""Says what went wrong in our own code, once, and keeps it away from the function.

Every hook of ours is wrapped as `try: ... except Exception: guard.fault("where")` and then goes on as if the
layer were not there. This module owns the log lines; it imports nothing but `sys`.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LEVELS = ("debug", "info", "warning", "off")

_level = LEVELS.index("warning")
_seen: set[str] = set()


def set_level(level: str) -> None:
    """Show messages of `level` (one of `LEVELS`) and above."""
    global _level
    _level = LEVELS.index(level)


def log(level: str, message: str) -> None:
    """Write one line to standard error, in one write, and never fail."""
    if LEVELS.index(level) < _level:
        return
    try:
        sys.stderr.write(f"lambda-keepalive: {message}\n")
    except Exception:  # noqa: BLE001, S110 - a closed stderr is no reason to fail
        pass


def once(message: str) -> None:
    """Log a warning the first time it is said in this process."""
    if message not in _seen:
        _seen.add(message)
        log("warning", message)


def say(message: str) -> None:
    """Write one line that somebody asked for, whatever the level."""
    log("off", message)


def fault(where: str) -> None:
    """Report the exception being handled, once for each `where`; the caller goes on without the layer.

    Never raises an `Exception`: what is handled may be a MemoryError, and then there is none for the report either.
    """
    try:
        error = sys.exc_info()[1]
        if where not in _seen:
            _seen.add(where)
            cause = f"{type(error).__name__}: {error}"
            log("warning", f"fault in {where} ({cause}); going on without the layer; KEEPALIVE_ENABLED=0 turns it off")
    except Exception:  # noqa: BLE001, S110 - the function's call matters more than the report
        pass


def attempt(where: str, function: "Callable[..., Any]", *arguments: "Any") -> "Any":
    """Call something of ours at a point where nothing that it raises may get out; returns None then."""
    try:
        return function(*arguments)
    except Exception:  # noqa: BLE001
        fault(where)
    return None
