"""The lock of all that threads share here: taken by `with`, again by its holder, and never left taken.

A signal handler that raises (a timeout by `signal.alarm`) can do so between any two calls. Up to CPython 3.13 there is
no such place between the taking of a lock and the body of its `with`. In 3.14 there is, since `with` calls `__enter__`
like any function, and signals are handled after calls (Python/bytecodes.c, `_CHECK_PERIODIC_AT_END`): of 40,000 that
raised into a loop over an `RLock`, half left it taken, on 3.13 none.
"""

import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if sys.version_info < (3, 14):
    Lock = RLock
else:

    class Lock(RLock):  # `__exit__` stays the one in C: it has let go before any signal is handled
        """An `RLock` whose `with` gives back what it took if it does not come to the body."""

        __slots__ = ()

        def __enter__(self) -> "Any":
            """Take the lock, however long that takes."""
            try:
                return self.acquire()
            except BaseException:
                if self._is_owned():
                    self.release()
                raise
