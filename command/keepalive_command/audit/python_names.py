"""What a name stands for in a Python file: imports, assignments and classes, resolved to dotted paths.

`requests.Session()` stands for the result of a call, so that `session.get` resolves to `requests.Session().get`.
Assignments are taken in the order of the text, by scope; branches are not followed.
"""

from __future__ import annotations

import ast


class Scopes:
    """Names by scope, the innermost last. None: the name is something else here, a parameter for example."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str | None]] = [{}]
        # Whether names that have a meaning keep it: in `except ImportError` the first choice was taken already.
        self.fallback = False

    def enter(self, parameters: list[str]) -> None:
        """A function begins; its parameters hide what has the same name outside."""
        self._scopes.append(dict.fromkeys(parameters))

    def leave(self) -> None:
        """A function ends."""
        self._scopes.pop()

    def bind(self, name: str, meaning: str | None, *, outermost: bool = False) -> None:
        """From here on `name` stands for `meaning`."""
        scope = self._scopes[0 if outermost else -1]
        if not (self.fallback and scope.get(name) is not None):
            scope[name] = meaning

    def look_up(self, name: str) -> str | None:
        """The dotted path that a plain name stands for, or None."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
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
                if own is not None and own.startswith(("self.", "cls.")) and (known := self.look_up(own)) is not None:
                    base: str | None = known
                    break
                steps.append(f".{node.attr}")
                node = node.value
            elif isinstance(node, ast.Call):
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


def dotted(node: ast.expr) -> str | None:
    """`self.session` for attributes of names, as it is written; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])
