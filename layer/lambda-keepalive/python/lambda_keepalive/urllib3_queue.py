"""The queue in which a urllib3 pool keeps its connections, without the cost of filling and draining it.

A pool puts `maxsize` times None into its queue when it is made, a locked step each, and takes all out again when it
dies: 25 us of a call with requests, whose pools have ten places, for pools that are used once.
"""

import queue
from queue import LifoQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PoolQueue(LifoQueue["Any"]):
    """A `LifoQueue` whose maker may fill it with None without a lock: nobody else has seen it yet."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._vacant = maxsize

    def put(self, item: "Any", block: bool = True, timeout: "float | None" = None) -> None:
        """As `queue.Queue.put`."""
        if item is None and self._vacant > 0:
            self._vacant -= 1
            self.unfinished_tasks += 1
            self.queue.append(None)
        else:
            super().put(item, block, timeout)


IS_PLAIN = getattr(LifoQueue.put, "__globals__", None) is vars(queue)
"""Whether queues are those of the standard library, in Python. gevent puts others there, whose attributes cannot be
set, where it patches the modules before urllib3 is imported."""


def drain(places: "LifoQueue[Any]") -> "list[Any]":
    """Take all out at once, the last one first; blocked `put`s go on."""
    with places.mutex:
        items = places.queue[::-1]
        places.queue.clear()
        places.not_full.notify(len(items))
    return items
