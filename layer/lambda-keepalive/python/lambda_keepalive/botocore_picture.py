"""What an object graph of botocore looks like, to find out later whether anybody changed it or still holds a part.

Nothing is copied but the outermost layer of each object and container: values are compared by identity first (that is
what `==` on dicts does), so that a look costs some ten microseconds. Knows botocore by module names alone.
"""

import sys
import weakref
from types import MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Neither looked into nor counted: shared by the clients of a session, or (a service model) guarded in another way.
SHARED_CLASSES = {
    "ClientCreator",
    "ClientExceptionsFactory",
    "ConfigValueStore",
    "Credentials",
    "DeferredRefreshableCredentials",
    "EndpointProvider",
    "EndpointResolver",
    "Loader",
    "RefreshableCredentials",
    "ResponseParserFactory",
    "ServiceModel",
    "Session",
}
# Attributes that hold what follows from the rest, and grow by use; and long tables that all clients have alike.
CACHES = {
    "_alias_name_cache",
    "_event_aliases",
    "_handlers",
    "_unique_id_handlers",
    "_instance_cache",
    "_lookup_cache",
    "_method_to_api_mapping",
    "_param_definitions",
    "_proxy_managers",
}


class Picture:
    """The objects of botocore's own classes that can be reached from `roots`, as they are when it is taken.

    Args:
        roots: where to start.
        uncounted: objects whose references change by use, such as handlers, which a cache of the emitter holds, too.

    Attributes:
        objects: each with its attributes.
        containers: each with its items.
    """

    __slots__ = ("_holders", "_own", "containers", "objects")

    def __init__(self, roots: "Iterable[Any]", uncounted: "Iterable[Any]" = ()) -> None:
        self.objects: list[tuple[Any, dict[str, Any]]] = []
        self.containers: list[tuple[Any, Any]] = []
        waiting, seen = list(roots), set()
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, dict):
                self.containers.append((value, dict(value)))
                waiting.extend(value.values())
            elif isinstance(value, list):
                self.containers.append((value, list(value)))
                waiting.extend(value)
            elif type(value) is tuple:
                waiting.extend(value)
            elif type(value) is MethodType:
                waiting.append(value.__self__)
            elif _is_botocores(value):
                attributes = dict(vars(value))
                self.objects.append((value, attributes))
                waiting.extend(item for name, item in attributes.items() if name not in CACHES)
        but = {id(value) for value in uncounted}
        self._own = [value for value, _ in self.objects if id(value) not in but]
        self._holders: tuple[list[int], list[int]] = ([], [])

    def note_holders(self) -> None:
        """Take whoever holds an object at this moment for its rightful holder."""
        self._holders = self._count()

    def _count(self) -> "tuple[list[int], list[int]]":
        count, count_weak = sys.getrefcount, weakref.getweakrefcount
        return [count(value) for value in self._own], [count_weak(value) for value in self._own]

    def unchanged(self) -> bool:
        """Whether every object has the very attributes, and every container the items, that it had."""
        for value, attributes in self.objects:
            if vars(value) != attributes:
                return False
        return self.containers_unchanged()

    def containers_unchanged(self) -> bool:
        """Whether every container has the items that it had."""
        for container, items in self.containers:  # noqa: SIM110 - a generator would cost as much as the comparisons
            if container != items:
                return False
        return True

    def unheld(self) -> bool:
        """Whether there are as many holders of each object, weak ones apart, as were noted."""
        return self._count() == self._holders


def _is_botocores(value: "Any") -> bool:
    cls = type(value)
    return (
        cls.__module__.startswith("botocore.")
        and cls.__name__ not in SHARED_CLASSES
        and not isinstance(value, (str, type))
        and hasattr(value, "__dict__")
    )
