"""Finds the HTTP calls in a Python file with `ast`."""

from __future__ import annotations

import ast
import warnings

from keepalive_command.audit.findings import BlindSpot, Call
from keepalive_command.audit.python_clients import (
    CACHES,
    CALLS,
    CLIENTS,
    KEPT_CALLS,
    PROVIDERS,
    TLS_CONTEXTS,
    UNCOVERED,
)
from keepalive_command.audit.python_names import PARTIALS, Scopes
from keepalive_command.audit.python_syntax import called, constant, dotted, is_main
from keepalive_command.audit.reach import MODULE, UNKNOWN, Function, Reach

_CLOSERS = {"close", "aclose", "clear"}
_DYNAMIC = {"__import__", "importlib.import_module", "exec", "eval"}


def find_python_calls(path: str, content: bytes) -> tuple[list[Call], list[BlindSpot]]:
    """The calls in one file, and what could not be seen in it. Never raises for any content."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the function's string escapes
            tree = ast.parse(content, path)
        visitor = _Visitor(path, content.decode("utf-8", "replace").splitlines())
        visitor.visit(tree)
    except (SyntaxError, ValueError) as error:
        return [], [BlindSpot(path, getattr(error, "lineno", None) or 0, f"does not parse: {error.args[0]}")]
    except (RecursionError, MemoryError):
        return [], [BlindSpot(path, 0, "nested too deep to be read")]
    return visitor.calls(), visitor.unseen


class _Visitor(ast.NodeVisitor):
    """Walks once and judges at the end, when all callers of all functions are known."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = lines
        self._scopes = Scopes()
        self._reach = Reach()
        self._functions: list[Function] = [MODULE]
        self._classes: list[str] = []
        self._globals: list[set[str]] = [set()]
        self._conditions = 0
        # Names of which a function has returned if they were something already.
        self._settled: list[set[str | None]] = [set()]
        # Values that are made only if there is none yet: for the process, or for an object of a class.
        self._kept_values: set[int] = set()
        self._kept_by_object: dict[int, str] = {}
        # Values that are made with each object of a class.
        self._per_object: dict[int, str] = {}
        self._seen: list[tuple[ast.expr, str, str, Function]] = []
        self.unseen: list[BlindSpot] = []

    # Names

    def visit_Import(self, node: ast.Import) -> None:
        self._scopes.import_(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._scopes.import_from(node)
        if any(alias.name == "*" for alias in node.names):
            self._blind(node, f"from {node.module or '.'} import *")

    def visit_Global(self, node: ast.Global) -> None:
        self._globals[-1] |= set(node.names)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assign(node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign([node.target], node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._assign([node.target], node.value)

    def _assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        meaning = self._scopes.resolve(value)
        for target in targets:
            name = dotted(target)
            self._scopes.give(name, value)
            outer = name in self._globals[-1]
            lazy = self._conditions > 0 or name in self._settled[-1]
            if outer and lazy:
                self._kept_values.add(id(value))  # if client is None: client = make()
            if name is not None and (meaning is not None or isinstance(target, ast.Name)):
                self._scopes.bind(name, meaning, outermost=outer or "." in name)
            elif isinstance(target, ast.Subscript):
                self._assign_item(target, value)
            owner = name.partition(".")[0] if name is not None and isinstance(target, ast.Attribute) else ""
            if owner == "self" and lazy and self._classes:
                self._kept_by_object[id(value)] = self._classes[-1]
            elif owner == "cls" or (owner and self._scopes.is_of_the_module(owner)):
                self._kept_values |= {id(value)} if lazy else set()
        self.visit(value)

    def _assign_item(self, target: ast.Subscript, value: ast.expr) -> None:
        if self._conditions or self._scopes.were_found_in(self._settled[-1], dotted(target.value)):
            self._kept_values.add(id(self._scopes.given(value)))  # if key not in clients: clients[key] = make()
        if constant(target.slice) == "connection" and constant(value) == "close":
            self._add(value, "asks-to-close", "any")

    # Where the code is

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            meaning = self._scopes.resolve(base)
            if meaning in CLIENTS:
                self._scopes.bind(node.name, meaning)
                break
        for outside in (*node.bases, *node.keywords, *node.decorator_list):
            self.visit(outside)
        self._classes.append(node.name)
        bases = [base for base in map(dotted, node.bases) if base is not None]
        for name in bases:
            self._reach.derived[name].add(node.name)
        self._scopes.enter_class(node.name, bases)
        for part in node.body:
            self.visit(part)
        self._scopes.leave_class()
        self._classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        parameters = [argument.arg for argument in arguments]
        for default in (*node.args.defaults, *node.args.kw_defaults, *node.decorator_list):
            if default is not None:
                self.visit(default)
        function = node.lineno * 10_000 + node.col_offset
        # Whoever makes an object runs its __init__.
        name = self._classes[-1] if node.name == "__init__" and self._classes else node.name
        self._reach.define(function, name, self._functions[-1])
        decorators = {(dotted(called(each)) or "").rpartition(".")[2] for each in node.decorator_list}
        if decorators & CACHES:
            self._reach.cached.add(function)
        if parameters[:2] == ["event", "context"] or node.name in ("handler", "lambda_handler"):
            self._reach.repeated.add(function)
        self._inside(function, parameters, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        function = node.lineno * 10_000 + node.col_offset
        self._reach.define(function, "", self._functions[-1])
        self._inside(function, [argument.arg for argument in node.args.args], [node.body])

    def _inside(self, function: Function, parameters: list[str], body: list[ast.stmt] | list[ast.expr]) -> None:
        self._functions.append(function)
        self._scopes.enter(parameters)
        self._globals.append(set())
        self._settled.append(set())
        conditions, self._conditions = self._conditions, 0
        for part in body:
            self.visit(part)
        self._conditions = conditions
        self._settled.pop()
        self._globals.pop()
        self._scopes.leave()
        self._functions.pop()

    def visit_If(self, node: ast.If) -> None:
        if is_main(node.test):
            return  # never true on Lambda
        self.visit(node.test)
        self._conditions += 1
        for part in (*node.body, *node.orelse):
            self.visit(part)
        self._conditions -= 1
        if isinstance(node.body[-1], ast.Return):
            self._settled[-1] |= {dotted(part) for part in ast.walk(node.test) if isinstance(part, ast.expr)} - {None}

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        for name in ast.walk(node.target):
            if isinstance(name, ast.Name):
                self._scopes.bind(name.id, None)
        self.generic_visit(node)

    visit_AsyncFor = visit_For

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        before, self._scopes.fallback = self._scopes.fallback, True
        self._conditions += 1
        self.generic_visit(node)
        self._conditions -= 1
        self._scopes.fallback = before

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            meaning = self._scopes.resolve(item.context_expr)
            if isinstance(item.optional_vars, ast.Name):
                self._scopes.bind(item.optional_vars.id, meaning)
            if isinstance(item.context_expr, ast.Name) and (meaning or "").removesuffix("()") in CLIENTS:
                self._add(item.context_expr, "client-closed", CLIENTS[(meaning or "").removesuffix("()")])
            self.visit(item.context_expr)
        for part in node.body:
            self.visit(part)

    visit_AsyncWith = visit_With

    # What is called

    def visit_Call(self, node: ast.Call) -> None:
        self._called_by_name(node)
        meaning = self._scopes.resolve(node.func)
        if meaning is not None:
            self._classify(node, meaning)
        elif isinstance(node.func, ast.Name) and node.func.id in _DYNAMIC:
            self._blind(node, f"{node.func.id}() at run time")
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            reference = self._scopes.resolve(argument) if isinstance(argument, (ast.Name, ast.Attribute)) else None
            if reference is not None and meaning not in PARTIALS:
                self._handed_over(node, meaning or "", argument, reference)
            if isinstance(argument, ast.Name):
                self._reach.call(argument.id, UNKNOWN)
        for keyword in node.keywords:
            if (keyword.arg or "").lower() == "connection" and constant(keyword.value) == "close":
                self._add(keyword.value, "asks-to-close", "any")
        self.generic_visit(node)

    def _handed_over(self, node: ast.Call, to: str, argument: ast.expr, reference: str) -> None:
        """A function or a class is an argument: somebody else will call it."""
        factories = [keyword.value for keyword in node.keywords if keyword.arg == "default_factory"]
        if reference in CALLS:
            self._add(argument, "call-without-client", CALLS[reference])  # executor.map(requests.get, urls)
        elif reference in CLIENTS and to in PROVIDERS:
            if PROVIDERS[to] == "client-per-invocation":
                self._per_object[id(argument)] = ""  # of no class of this file
            self._add(argument, PROVIDERS[to], CLIENTS[reference])
        elif reference in CLIENTS and argument in factories and self._classes:
            self._per_object[id(argument)] = self._classes[-1]  # of a dataclass
            self._add(argument, "client-per-invocation", CLIENTS[reference])

    def _called_by_name(self, node: ast.Call) -> None:
        name = dotted(node.func)
        if name is not None:
            self._reach.call(name.rpartition(".")[2], self._functions[-1])

    def _classify(self, node: ast.Call, meaning: str) -> None:
        owner, _, last = meaning.rpartition(".")
        if meaning in CALLS:
            self._add(node, "call-without-client", CALLS[meaning])
        elif meaning in KEPT_CALLS:
            self._add(node, "kept-client", KEPT_CALLS[meaning])
        elif meaning in CLIENTS:
            self._add(node, "client-per-invocation", CLIENTS[meaning])
        elif meaning in UNCOVERED:
            self._add(node, "uncovered-client", UNCOVERED[meaning])
        elif meaning in TLS_CONTEXTS:
            self._add(node, "tls-context-per-invocation", "ssl")
        elif meaning in _DYNAMIC:
            self._blind(node, f"{meaning}() at run time")
        elif last in _CLOSERS and owner.removesuffix("()") in CLIENTS and owner.endswith("()"):
            self._add(node, "client-closed", CLIENTS[owner.removesuffix("()")])

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if constant(key) == "connection" and constant(value) == "close":
                self._add(key or node, "asks-to-close", "any")
        self.generic_visit(node)

    # The end

    def _add(self, node: ast.expr, rule: str, client: str) -> None:
        self._seen.append((node, rule, client, self._functions[-1]))

    def _blind(self, node: ast.stmt | ast.expr, reason: str) -> None:
        self.unseen.append(BlindSpot(self._path, node.lineno, reason))

    def calls(self) -> list[Call]:
        """What was seen, judged by how often its function runs."""
        return [call for seen in self._seen if (call := self._judge(*seen)) is not None]

    def _judge(self, node: ast.expr, rule: str, client: str, function: Function) -> Call | None:
        if id(node) in self._kept_values and rule in ("client-per-invocation", "tls-context-per-invocation"):
            rule = "kept-client"
        owner = self._per_object.get(id(node), self._kept_by_object.get(id(node)))
        kept = owner is not None and self._reach.made_once(owner)
        if kept or (id(node) not in self._per_object and self._reach.once(function)):
            rule = {
                "call-without-client": "call-at-init",
                "client-per-invocation": "kept-client",
                "tls-context-per-invocation": "",
                "client-closed": "",
            }.get(rule, rule)
        elif rule == "kept-client" and client == "ssl":
            rule = ""
        if not rule:
            return None
        code = self._lines[node.lineno - 1].strip() if node.lineno <= len(self._lines) else ""
        return Call(self._path, node.lineno, node.col_offset + 1, rule, client, code[:200])
