"""Makes OpenSSL forget the errors of this thread, so that those of one connection are not taken for another one's.

OpenSSL keeps errors in a queue of the thread, and whoever uses it has to empty that before the next operation
(SSL_get_error(3)). Since CPython raises what the kernel said as `OSError` (gh-127257: 3.14, and 3.13 by 3.13.15), that
leaves the queue as it is: a write fails on one connection, and the next read that has to wait, on any other, reports
the same error, though its answer is on its way. New connections are safe, since making one empties the queue
(Modules/_ssl.c, `newPySSLSocket`); so programs that keep none never met this.
"""

import ssl
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_make: "Callable[..., Any] | None" = None
_nowhere = ssl.MemoryBIO()


def forget() -> None:
    """Empty the queue, where Python may leave something in it; never raises. Makes and drops what a TLS connection
    begins with, for 2 to 3 us."""
    global _make
    if sys.version_info < (3, 12):
        return
    try:
        if _make is None:
            # The class below `ssl.SSLContext`, which others patch, and so do we.
            _make = ssl.SSLContext.__base__(ssl.PROTOCOL_TLS_CLIENT)._wrap_bio
        _make(_nowhere, _nowhere, False)
    except Exception:  # noqa: BLE001, S110 - it is a precaution
        pass
