"""The start: read the settings, then wait for the clients to be imported. Nothing else happens before the handler.

Called by `sitecustomize` (exec wrapper) and by `lambda-keepalive.pth` or `.start`; whoever comes second finds the
work done. Budget: 2 ms and 1 MB over a bare interpreter, and none of ssl, http.client, asyncio, logging, inspect,
typing (tests/startup).
"""

import sys

from lambda_keepalive import config, guard, hooks
from lambda_keepalive.patches import PATCHES

_started = False


def start() -> None:
    """Register the import hooks once; do nothing when the layer is switched off. Never raises."""
    global _started
    _leave_path()
    if _started:
        return
    _started = True
    try:
        settings = config.load()
        if not settings.active:
            return
        for patch in PATCHES:
            needed = patch.needs is None or getattr(settings, patch.needs)
            if needed and patch.wanted(settings.clients) and settings.mode in patch.modes:
                hooks.after_import(patch.module, patch.apply)
        doing = "observing" if settings.observing else "started with"
        guard.log("info", f"{doing} {', '.join(sorted(settings.clients))}")
    except Exception:  # noqa: BLE001
        guard.fault("start")


def _leave_path() -> None:
    """Take the directory that the .pth file appended off `sys.path` again: the package is found by `__path__` from
    here on."""
    here = __file__.rsplit("/", 2)[0]
    sys.path[:] = [entry for entry in sys.path if entry != here]
