"""What the nodes of a Python syntax tree say, without knowing what a name stands for."""

from __future__ import annotations

import ast


def dotted(node: ast.expr) -> str | None:
    """`self.session` for attributes of names, as it is written; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def called(node: ast.expr) -> ast.expr:
    """`lru_cache` of `@lru_cache(maxsize=None)`."""
    return node.func if isinstance(node, ast.Call) else node


def is_main(test: ast.expr) -> bool:
    """Whether it asks `__name__ == "__main__"`."""
    return isinstance(test, ast.Compare) and "__name__" in (dotted(test.left), *map(dotted, test.comparators))


def constant(node: ast.expr | None) -> str | None:
    """A string constant in lower case."""
    return node.value.lower() if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
