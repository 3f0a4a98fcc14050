"""The objects of a kind that are alive, for several threads at once."""

import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Living:
    """Hashable objects that were added and that somebody still has.

    Not a `weakref.WeakSet`: to look through one raises "Set changed size during iteration" when another thread adds to
    it meanwhile (CPython's Lib/_weakrefset.py; the soak has met it).
    """

    def __init__(self) -> None:
        self._references: set[weakref.ref[Any]] = set()

    def add(self, item: "Any") -> None:
        """Know it as long as it lives."""
        self._references.add(weakref.ref(item, self._references.discard))

    def __iter__(self) -> "Iterator[Any]":
        """Those that are alive, of those that had been added when this began."""
        # A set of references is copied in one step.
        for reference in list(self._references):
            item = reference()
            if item is not None:
                yield item
