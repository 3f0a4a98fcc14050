"""Finds the HTTP calls in a JavaScript or TypeScript file with tree-sitter."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from keepalive_command.audit import javascript_clients as clients
from keepalive_command.audit.findings import BlindSpot, Call
from keepalive_command.audit.javascript_names import Scopes
from keepalive_command.audit.javascript_syntax import (
    base_of,
    called_by,
    fallback,
    given_options,
    identifiers,
    is_called_in_place,
    named_arguments,
    parameters,
    returns,
    stored,
    string,
    text,
)
from keepalive_command.audit.reach import MODULE, UNKNOWN, Function, Reach

_FUNCTIONS = {"function_declaration", "function_expression", "arrow_function", "method_definition"}
_FUNCTIONS |= {"generator_function", "generator_function_declaration"}
_FIELDS = {"field_definition", "public_field_definition"}
_HANDLERS = {"handler", "lambdaHandler", "lambda_handler"}

MINIFIED = 2_000
"""Characters of a line that nobody writes by hand."""

BUNDLERS = (b"__commonJS(", b"__commonJSMin(", b"__webpack_modules__")
"""What esbuild, rolldown and webpack call the packages that they take in."""


@cache
def _parser(suffix: str) -> Parser:
    if suffix == ".tsx":
        return Parser(Language(tree_sitter_typescript.language_tsx()))
    if suffix in (".ts", ".cts", ".mts"):
        return Parser(Language(tree_sitter_typescript.language_typescript()))
    return Parser(Language(tree_sitter_javascript.language()))


def find_javascript_calls(path: str, content: bytes) -> tuple[list[Call], list[BlindSpot]]:
    """The calls in one file, and what could not be seen in it. Never raises for any content."""
    tree = _parser(PurePosixPath(path).suffix.lower()).parse(content)
    finder = _Finder(path)
    try:
        finder.walk(tree.root_node)
    except RecursionError:
        return [], [BlindSpot(path, 0, "nested too deep to be read")]
    if tree.root_node.has_error:
        finder.unseen.append(BlindSpot(path, 0, "does not parse everywhere: calls near the errors may be missing"))
    if any(mark in content for mark in BUNDLERS) or any(len(line) > MINIFIED for line in content.splitlines()):
        finder.unseen.append(BlindSpot(path, 0, "is a bundle or minified: what it took from packages lost its name"))
    return finder.calls(), finder.unseen


class _Finder:
    """Walks once and judges at the end, when all callers of all functions are known."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._scopes = Scopes()
        self._reach = Reach()
        self._functions: list[Function] = [MODULE]
        self._classes: list[str] = []
        self._conditions = 0
        # Names of which a function has returned if they were something already.
        self._settled: list[set[str]] = [set()]
        self._kept: set[int] = set()
        # What each name was given last.
        self._given: dict[str, Node] = {}
        self._seen: list[tuple[Node, str, str, Function]] = []
        self.unseen: list[BlindSpot] = []

    def walk(self, node: Node) -> None:
        """Look at a node and all below it."""
        if node.type in _FUNCTIONS:
            self._function(node)
            return
        if node.type in ("if_statement", "ternary_expression"):
            if "require.main" in text(node.child_by_field_name("condition")):
                return  # never true on Lambda
            self._conditions += 1
            self._children(node)
            self._conditions -= 1
            if returns(node.child_by_field_name("consequence")):
                self._settled[-1] |= set(identifiers(node.child_by_field_name("condition")))
            return
        if node.type in ("class_declaration", "class"):
            self._classes.append(text(node.child_by_field_name("name")))
            if base_of(node):
                self._reach.derived[base_of(node)].add(self._classes[-1])
            self._children(node)
            self._classes.pop()
            return
        if node.type in _FIELDS and not any(child.type == "static" for child in node.children):
            self._field(node)
            return
        if node.type == "import_statement":
            self._scopes.import_(node)
            return
        if node.type == "variable_declarator":
            self._bind(node.child_by_field_name("name"), node.child_by_field_name("value"), assignment=False)
        elif node.type in ("assignment_expression", "augmented_assignment_expression"):
            self._bind(node.child_by_field_name("left"), node.child_by_field_name("right"), assignment=True)
        elif node.type in ("call_expression", "new_expression"):
            self._call(node)
        elif node.type == "pair":
            self._pair(node)
        self._children(node)

    def _children(self, node: Node) -> None:
        for child in node.named_children:
            self.walk(child)

    # Names

    def _bind(self, target: Node | None, value: Node | None, *, assignment: bool) -> None:
        if target is None or value is None:
            return
        made, guarded = fallback(value)
        meaning = self._scopes.resolve(made)
        if target.type in ("object_pattern", "array_pattern"):
            self._scopes.destructure(target, meaning)
            return
        name = text(target)
        self._given[name] = made
        lazy = (
            guarded
            or self._conditions > 0
            or name in self._settled[-1]
            or text(target.parent).startswith((f"{name} ??=", f"{name} ||="))
        )
        if assignment and lazy and self._scopes.declared_outside(name.partition(".")[0].partition("[")[0]):
            self._kept.add(made.id)
        if target.type == "identifier" or name.startswith("this."):
            self._scopes.bind(name, meaning, assignment=assignment)

    # Where the code is

    def _function(self, node: Node) -> None:
        function = node.start_byte
        name = called_by(node)
        if name == "constructor" and self._classes:
            name = self._classes[-1]  # `new` runs it
        self._reach.define(function, name, self._functions[-1])
        if name in _HANDLERS:
            self._reach.repeated.add(function)
        if is_called_in_place(node):
            self._reach.names[function] = f"in place at {function}"
            self._reach.call(self._reach.names[function], self._functions[-1])
        self._functions.append(function)
        self._scopes.enter(identifiers(parameters(node)))
        self._scopes.bind_imported(node)
        self._settled.append(set())
        conditions, self._conditions = self._conditions, 0
        self._children(node)
        self._conditions = conditions
        self._settled.pop()
        self._scopes.leave()
        self._functions.pop()

    def _field(self, node: Node) -> None:
        """`client = new Client()` in a class is a part of its constructor."""
        value = node.child_by_field_name("value")
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        self._scopes.bind(f"this.{text(name)}", self._scopes.resolve(value))
        if value is not None and value.type in _FUNCTIONS:
            self._children(node)
            return
        self._reach.define(node.start_byte, self._classes[-1] if self._classes else "", self._functions[-1])
        self._functions.append(node.start_byte)
        self._children(node)
        self._functions.pop()

    # What is called

    def _call(self, node: Node) -> None:
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if text(function) == "await":
            return
        self._reach.call(text(function).rpartition(".")[2], self._functions[-1])
        for argument in named_arguments(node):
            if argument.type == "identifier":
                self._reach.call(text(argument), UNKNOWN)
            if argument.type in ("identifier", "member_expression"):
                self._handed_over(argument)
        store, value = stored(node)
        if value is not None and self._scopes.declared_outside(store) and self._is_missing_in(store):
            self._kept.add(self._given.get(text(value), value).id)
        meaning = self._scopes.resolve(function)
        if meaning is None:
            self._dynamic(node, function)
            return
        options = given_options(node)
        found = self._new(meaning, options) if node.type == "new_expression" else self._plain(meaning, options)
        if found is not None:
            self._seen.append((node, *found, self._functions[-1]))

    def _is_missing_in(self, store: str) -> bool:
        """Whether it was asked already: `if (!clients.has(key))`, or `if (found) return` with what it had."""
        found = (text(self._given.get(name)) for name in self._settled[-1])
        return self._conditions > 0 or store in self._settled[-1] or any(f.startswith(f"{store}.") for f in found)

    def _handed_over(self, argument: Node) -> None:
        """`urls.map(fetch)`, `Promise.all(urls.map(axios.get))`: somebody else will call it."""
        meaning = self._scopes.resolve(argument) or ""
        if meaning == "fetch" or meaning.rpartition(".")[2] in clients.METHODS:
            found = self._plain(meaning, {})
            if found is not None:
                self._seen.append((argument, *found, self._functions[-1]))

    def _new(self, meaning: str, options: dict[str, str]) -> tuple[str, str] | None:
        """Rule and client of `new Something(options)`."""
        aws = clients.aws_client(meaning)
        if aws is not None:
            return ("agent-without-keepalive" if aws.endswith("v2") else "client-per-invocation"), aws
        if meaning in clients.AGENTS:
            keeps = options.get("keepAlive") == "true" or meaning.startswith("agentkeepalive")
            return ("agent-per-call" if keeps else "agent-without-keepalive"), clients.AGENTS[meaning]
        if meaning in clients.DISPATCHERS:
            return "client-per-invocation", clients.DISPATCHERS[meaning]
        if meaning in clients.FETCH_CLIENTS:
            return "short-idle", clients.FETCH_CLIENTS[meaning]
        if meaning in clients.UNCOVERED:
            return "uncovered-client", clients.UNCOVERED[meaning]
        return None

    def _plain(self, meaning: str, options: dict[str, str]) -> tuple[str, str] | None:
        """Rule and client of `something(options)`."""
        owner, _, last = meaning.rpartition(".")
        if last in clients.CLOSERS and owner.endswith("()"):
            made = self._new(owner.removesuffix("()"), {})
            return ("client-closed", made[1]) if made is not None and made[0] != "uncovered-client" else None
        if meaning in clients.UNCOVERED:
            return "uncovered-client", clients.UNCOVERED[meaning]
        given = set(options) & clients.AGENT_OPTIONS
        if any(options[name] == "false" for name in given):
            return "call-without-client", owner or meaning
        if given:
            return None
        if owner in ("http", "https") and last in ("request", "get"):
            return "short-idle", owner
        if meaning == "fetch" or meaning in clients.FETCH_CLIENTS:
            return "short-idle", clients.FETCH_CLIENTS.get(meaning, "fetch")
        if meaning in clients.FACTORIES or meaning in clients.UNDICI_CALLS:
            return "short-idle", clients.GLOBAL_AGENT[owner]
        called_directly = last in clients.METHODS or meaning == last or not owner
        if owner in clients.GLOBAL_AGENT and owner != "undici" and called_directly:
            return "short-idle", clients.GLOBAL_AGENT[owner]
        if meaning in clients.GLOBAL_AGENT and meaning != "undici":
            return "short-idle", clients.GLOBAL_AGENT[meaning]
        for module in (meaning, owner):
            if module in clients.CLOSING and (module == meaning or called_directly or last == "fetch"):
                return "call-without-client", clients.CLOSING[module]
        return None

    def _pair(self, node: Node) -> None:
        key = text(node.child_by_field_name("key")).strip("'\"").lower()
        if key == "connection" and (string(node.child_by_field_name("value")) or "").lower() == "close":
            self._seen.append((node, "asks-to-close", "any", self._functions[-1]))

    def _dynamic(self, node: Node, function: Node | None) -> None:
        name = text(function)
        first = next(iter(named_arguments(node)), None)
        if name in ("require", "import") and first is not None and first.type != "string":
            self._blind(node, f"{name}() of a name that is known at run time only")
        elif name == "eval":
            self._blind(node, "eval() at run time")

    def _blind(self, node: Node, reason: str) -> None:
        self.unseen.append(BlindSpot(self._path, node.start_point.row + 1, reason))

    # The end

    def calls(self) -> list[Call]:
        """What was seen, judged by how often its function runs."""
        found: list[Call] = []
        for node, rule, client, function in self._seen:
            if node.id in self._kept or self._reach.once(function):
                # Version 2 of the SDK and agents that keep nothing are careless wherever they are made.
                kept = {"client-per-invocation": "kept-client", "agent-per-call": "kept-client", "client-closed": ""}
                rule = kept.get(rule, rule)
            if rule:
                line, column = node.start_point.row + 1, node.start_point.column + 1
                code = text(node).splitlines()[0].strip()[:200]
                found.append(Call(self._path, line, column, rule, client, code))
        return found
