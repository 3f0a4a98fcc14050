"""What a name stands for in a JavaScript or TypeScript file: imports, requires and assignments, as dotted paths."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from keepalive_command.audit.javascript_syntax import named_arguments, parameters, string, text

# Node's own module is the same with and without its prefix.
_PREFIX = "node:"

_TRANSPARENT = {"parenthesized_expression", "await_expression", "as_expression", "non_null_expression"}
_TRANSPARENT |= {"satisfies_expression", "type_assertion"}

# What compilers put around `require` (TypeScript, Babel, esbuild): the result is the module or has it as `default`.
_INTEROP = {"__importDefault", "__importStar", "__toESM", "_interopRequireDefault", "_interopRequireWildcard"}


class Scopes:
    """Names by scope, the innermost last. None: the name is something else here."""

    def __init__(self) -> None:
        # What is there without an import.
        self._scopes: list[dict[str, str | None]] = [{"fetch": "fetch", "WebSocket": "WebSocket", "globalThis": ""}]

    def enter(self, parameters: Iterator[str]) -> None:
        """A function begins; its parameters hide what has the same name outside."""
        self._scopes.append(dict.fromkeys(parameters))

    def leave(self) -> None:
        """A function ends."""
        self._scopes.pop()

    @property
    def outermost(self) -> bool:
        """Whether this is the module's own scope."""
        return len(self._scopes) == 1

    def declared_outside(self, name: str) -> bool:
        """Whether a name belongs to the module and not to this function."""
        return not any(name in scope for scope in self._scopes[1:])

    def bind(self, name: str, meaning: str | None, *, assignment: bool = False) -> None:
        """From here on `name` stands for `meaning`; an assignment changes the scope that has the name."""
        for scope in reversed(self._scopes) if assignment else self._scopes[-1:]:
            if name in scope or scope is self._scopes[0] or not assignment:
                scope[name] = meaning
                return

    def look_up(self, name: str) -> str | None:
        """The path that a plain name stands for, or None."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def import_(self, node: Node) -> None:
        """All forms of `import ... from "module"`."""
        module = (string(node.child_by_field_name("source")) or "").removeprefix(_PREFIX)
        for child in _descendants(node):
            if child.type == "namespace_import" or (
                child.type == "identifier" and child.parent is not None and child.parent.type == "import_clause"
            ):
                self.bind(text(child).rpartition(" ")[2], module)
            elif child.type == "import_require_clause":  # TypeScript's `import name = require("module")`
                module = (string(child.child_by_field_name("source")) or "").removeprefix(_PREFIX)
                self.bind(text(child.named_children[0]), module)
            elif child.type == "import_specifier":
                name = text(child.child_by_field_name("name"))
                alias = text(child.child_by_field_name("alias")) or name
                self.bind(alias, module if name == "default" else f"{module}.{name}")

    def bind_imported(self, function: Node) -> None:
        """In `import("module").then((module) => ...)` the parameter is the module."""
        call = function.parent.parent if function.parent is not None and function.parent.type == "arguments" else None
        then = call.child_by_field_name("function") if call is not None else None
        given = parameters(function)
        if then is None or given is None or text(then.child_by_field_name("property")) != "then":
            return
        meaning = self.resolve(then.child_by_field_name("object"))
        first = given.named_children[0] if given.type == "formal_parameters" and given.named_children else given
        first = first.child_by_field_name("pattern") or first
        if meaning is None or meaning.endswith(")"):
            return  # what a call came to
        if first.type == "object_pattern":
            self.destructure(first, meaning)
        elif first.type == "identifier":
            self.bind(text(first), meaning)

    def destructure(self, pattern: Node, meaning: str | None) -> None:
        """`const { request: ask } = ...` and `const [a] = ...`."""
        for child in pattern.named_children:
            if child.type == "shorthand_property_identifier_pattern":
                self.bind(text(child), _member(meaning, text(child)))
            elif child.type == "pair_pattern":
                value = child.child_by_field_name("value")
                if value is not None and value.type == "identifier":
                    self.bind(text(value), _member(meaning, text(child.child_by_field_name("key"))))

    def resolve(self, node: Node | None) -> str | None:
        """The path that an expression stands for, or None."""
        steps: list[str] = []
        while node is not None:
            if node.type in _TRANSPARENT:
                node = node.named_children[0] if node.named_children else None
            elif node.type == "sequence_expression":
                node = node.named_children[-1]  # `(0, https.get)(url)`, as compilers write it
            elif node.type == "member_expression":
                path = text(node)
                if path.startswith("this.") and self.look_up(path) is not None:
                    return str(self.look_up(path)) + "".join(reversed(steps))
                name = text(node.child_by_field_name("property"))
                if name != "default":
                    steps.append(f".{name}")
                node = node.child_by_field_name("object")
            elif node.type == "subscript_expression" and string(node.child_by_field_name("index")) is not None:
                if string(node.child_by_field_name("index")) != "default":
                    steps.append(f".{string(node.child_by_field_name('index'))}")
                node = node.child_by_field_name("object")
            elif node.type == "call_expression":
                function = node.child_by_field_name("function")
                module = self._required(node, function)
                if module is not None:
                    return module + "".join(reversed(steps))
                given = named_arguments(node)
                if given and text(function) == "await":
                    node = given[-1]  # the grammar takes `await (0, get)` for a call of something named await
                    continue
                if given and (text(function).rpartition(".")[2] in _INTEROP or self._wraps_require(function, given[0])):
                    node = given[0]
                    continue
                steps.append("()")
                node = function
            elif node.type == "new_expression":
                steps.append("()")
                node = node.child_by_field_name("constructor")
            elif node.type == "identifier":
                base = self.look_up(text(node))
                return None if base is None else (base + "".join(reversed(steps))).lstrip(".")
            else:
                return None
        return None

    def _wraps_require(self, function: Node | None, given: Node) -> bool:
        """Whether it is what a minifier leaves of `__toESM(require("module"))`: any function of the file."""
        of_the_file = function is not None and function.type == "identifier" and self.look_up(text(function)) is None
        inner = given.child_by_field_name("function") if given.type == "call_expression" else None
        return of_the_file and self._required(given, inner) is not None

    def _required(self, call: Node, function: Node | None) -> str | None:
        """The module of `require("module")` and `import("module")`; webpack's names its file in node_modules."""
        if function is None or not (text(function) in ("require", "__webpack_require__") or function.type == "import"):
            return None
        module = string(next(iter(named_arguments(call)), None))
        if module is not None and "/node_modules/" in module:
            scope, _, rest = module.rpartition("/node_modules/")[2].partition("/")
            module = f"{scope}/{rest.partition('/')[0]}" if scope.startswith("@") else scope
        return None if module is None else module.removeprefix(_PREFIX)


def _member(meaning: str | None, name: str) -> str | None:
    return None if meaning is None else (meaning if name == "default" else f"{meaning}.{name}")


def _descendants(node: Node) -> Iterator[Node]:
    waiting = list(node.children)
    while waiting:
        child = waiting.pop()
        yield child
        waiting.extend(child.children)
