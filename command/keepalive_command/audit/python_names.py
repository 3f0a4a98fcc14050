"""What a name stands for in a Python file: imports, assignments and classes, resolved to dotted paths.

`requests.Session()` stands for the result of a call, so that `session.get` resolves to `requests.Session().get`.
Assignments are taken in the order of the text, by scope; branches are not followed.
"""

from __future__ import annotations

import ast

from keepalive_command.audit.python_syntax import called, dotted

OWN = ("self.", "cls.")
PARTIALS = {"functools.partial", "functools.partialmethod"}
"""What calls its first argument."""


class Scopes:
    """Names by scope, the innermost last. None: the name is something else here, a parameter for example."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str | None]] = [{}]
        # The classes around this place, each with the number of scopes in its body; what the attributes stand for.
        self._classes: list[tuple[str, int]] = []
        self._attributes: dict[str, dict[str, str | None]] = {}
        self._given: dict[str | None, ast.expr] = {}
        # Whether names that have a meaning keep it: in `except ImportError` the first choice was taken already.
        self.fallback = False

    def enter(self, parameters: list[str]) -> None:
        """A function begins; its parameters hide what has the same name outside."""
        self._scopes.append(dict.fromkeys(parameters))

    def leave(self) -> None:
        """A function ends."""
        self._scopes.pop()

    def enter_class(self, name: str, bases: list[str]) -> None:
        """The body of a class begins, which has what its bases have, so far as they stand in this file."""
        self._attributes[name] = {}
        for base in reversed(bases):
            self._attributes[name].update(self._attributes.get(base, {}))
        self.enter([])
        self._classes.append((name, len(self._scopes)))

    def leave_class(self) -> None:
        """The body of a class ends."""
        self._classes.pop()
        self.leave()

    def bind(self, name: str, meaning: str | None, *, outermost: bool = False) -> None:
        """From here on `name` stands for `meaning`. Names of a class's body are attributes, too."""
        scopes = [self._scopes[0 if outermost else -1]]
        around, depth = self._classes[-1] if self._classes else ("", 0)
        if name.startswith(OWN):
            name = name.partition(".")[2]
            scopes = [self._attributes.setdefault(around, {})]
        elif depth == len(self._scopes):
            scopes.append(self._attributes[around])
        for scope in scopes:
            if not (self.fallback and scope.get(name) is not None):
                scope[name] = meaning

    def give(self, name: str | None, value: ast.expr) -> None:
        """`name = value`, whatever the value stands for."""
        if name is not None:
            self._given[name] = value

    def given(self, value: ast.expr) -> ast.expr:
        """What a plain name was given last, or the value itself."""
        return self._given.get(value.id, value) if isinstance(value, ast.Name) else value

    def were_found_in(self, names: set[str | None], store: str | None) -> bool:
        """Whether one of the names is the store, or was given what the store had: `found = clients.get(key)`."""
        sources = (dotted(called(self._given[name])) or "" for name in names if name in self._given)
        return store is not None and (store in names or any(source.startswith(f"{store}.") for source in sources))

    def is_of_the_module(self, name: str) -> bool:
        """Whether a plain name is none of a function around this place."""
        return all(name not in scope for scope in self._scopes[1:])

    def look_up(self, name: str) -> str | None:
        """The dotted path that a name stands for, or None: a plain one, or an attribute of `self`."""
        if name.startswith(OWN):
            around = self._classes[-1][0] if self._classes else ""
            return self._attributes.get(around, {}).get(name.partition(".")[2])
        bodies = {depth for _, depth in self._classes if depth < len(self._scopes)}
        for depth in range(len(self._scopes), 0, -1):
            # A method does not see the names of its class's body.
            if depth not in bodies and name in self._scopes[depth - 1]:
                return self._scopes[depth - 1][name]
        return None

    def import_(self, node: ast.Import) -> None:
        """`import a.b` binds `a`, `import a.b as c` binds `c`."""
        for alias in node.names:
            if alias.asname:
                self.bind(alias.asname, alias.name)
            else:
                top = alias.name.partition(".")[0]
                self.bind(top, top)

    def import_from(self, node: ast.ImportFrom) -> None:
        """`from a.b import c as d` binds `d`; what comes from files of the function itself stays unknown."""
        for alias in node.names:
            if alias.name != "*":
                known = node.module is not None and node.level == 0
                self.bind(alias.asname or alias.name, f"{node.module}.{alias.name}" if known else None)

    def resolve(self, node: ast.expr) -> str | None:
        """The dotted path that an expression stands for, or None."""
        steps: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                own = dotted(node)
                if own is not None and own.startswith(OWN) and (known := self.look_up(own)) is not None:
                    base: str | None = known
                    break
                steps.append(f".{node.attr}")
                node = node.value
            elif isinstance(node, ast.Call):
                if node.args and self.resolve(node.func) in PARTIALS:
                    node = node.args[0]
                    continue
                if dotted(node.func) == "getattr" and len(node.args) > 1:
                    name = node.args[1]
                    # Of a name that is made up at run time: `request` is a method that they all have.
                    given = isinstance(name, ast.Constant) and isinstance(name.value, str)
                    steps.append(f".{ast.literal_eval(name)}" if given else ".request")
                    node = node.args[0]
                    continue
                steps.append("()")
                node = node.func
            elif isinstance(node, ast.Await | ast.NamedExpr):
                node = node.value
            elif isinstance(node, ast.BoolOp):
                node = node.values[-1]  # `client or make()`
            elif isinstance(node, ast.Name):
                base = self.look_up(node.id)
                break
            else:
                return None
        return None if base is None else base + "".join(reversed(steps))
