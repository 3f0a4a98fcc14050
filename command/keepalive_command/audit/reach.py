"""Which functions of a file run once per execution environment, and which run at each call. Knows no language.

A function runs once if something is sure to call it at import only: every call of it is at module level or in a
function that itself runs once, or a cache stands before it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

Function = int
"""Identity of a function in its file."""

MODULE: Function = -1
"""The code outside of all functions."""

UNKNOWN: Function = -2
"""Whoever a function was handed to: it may call at any time."""


@dataclass
class Reach:
    """Who calls whom, by name."""

    # The function in which another one is defined, its name, and those before which a cache stands.
    parents: dict[Function, Function] = field(default_factory=dict)
    names: dict[Function, str] = field(default_factory=dict)
    cached: set[Function] = field(default_factory=set)
    # What runs at each invocation whoever else calls it: a handler.
    repeated: set[Function] = field(default_factory=set)
    callers: defaultdict[str, set[Function]] = field(default_factory=lambda: defaultdict(set))
    # Classes by their bases: who makes an object of a class runs what it has from these.
    derived: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def define(self, function: Function, name: str, parent: Function) -> None:
        """A function called `name` (empty: nobody can call it by name) is defined inside of `parent`."""
        self.parents[function] = parent
        self.names[function] = name

    def call(self, name: str, caller: Function) -> None:
        """`caller` calls something called `name`."""
        self.callers[name].add(caller)

    def once(self, function: Function) -> bool:
        """Whether the code of the function runs once only."""
        return self._once(function, frozenset())

    def _once(self, function: Function, asking: frozenset[Function]) -> bool:
        if function == MODULE:
            return True
        if function in self.cached:
            return True
        if function in self.repeated or function in asking:
            return False
        name = self.names.get(function, "")
        return self._called_once(name, asking | {function}) if name else False

    def _with_derived(self, name: str) -> set[str]:
        found, waiting = {name}, [name]
        while waiting:
            further = self.derived.get(waiting.pop(), set()) - found
            found |= further
            waiting += further
        return found

    def made_once(self, name: str) -> bool:
        """Whether all calls of `name`, a class for example, run once."""
        return self._called_once(name, frozenset())

    def _called_once(self, name: str, asking: frozenset[Function]) -> bool:
        callers = set().union(*(self.callers.get(each, set()) for each in self._with_derived(name)))
        return bool(callers) and all(self._once(caller, asking) for caller in callers)
