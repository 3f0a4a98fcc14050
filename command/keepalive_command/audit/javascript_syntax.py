"""What the nodes of a JavaScript syntax tree say, without knowing what a name stands for."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node


def text(node: Node | None) -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def string(node: Node | None) -> str | None:
    """The content of a string literal."""
    return text(node)[1:-1] if node is not None and node.type == "string" else None


def named_arguments(call: Node) -> list[Node]:
    """What a call is given."""
    arguments = call.child_by_field_name("arguments")
    return [] if arguments is None else [each for each in arguments.named_children if each.type != "comment"]


def parameters(function: Node) -> Node | None:
    """The parameters of a function, or the only one of `value => ...`."""
    return function.child_by_field_name("parameters") or function.child_by_field_name("parameter")


def called_by(function: Node) -> str:
    """The name that a function has, or that it is given where it stands; empty if there is none."""
    own, parent = text(function.child_by_field_name("name")), function.parent
    if own or parent is None:
        return own
    if parent.type == "variable_declarator":
        return text(parent.child_by_field_name("name"))
    if parent.type == "assignment_expression":
        return text(parent.child_by_field_name("left")).rpartition(".")[2]
    return text(parent.child_by_field_name("key")) if parent.type == "pair" else ""


def base_of(class_: Node) -> str:
    """The name behind `extends`."""
    heritage = next((child for child in class_.children if child.type == "class_heritage"), None)
    return next((text(each) for each in _below(heritage) if each.type in ("identifier", "member_expression")), "")


def stored(call: Node) -> tuple[str, Node | None]:
    """Where and what `clients.set(key, make())` stores."""
    function, given = call.child_by_field_name("function"), named_arguments(call)
    if function is None or text(function.child_by_field_name("property")) != "set" or len(given) != 2:
        return "", None
    return text(function.child_by_field_name("object")).partition(".")[0], given[1]


def fallback(value: Node) -> tuple[Node, bool]:
    """What is made, and whether only if there is none yet: `client ?? make()`, `client || make()`."""
    if value.type == "binary_expression" and text(value.child_by_field_name("operator")) in ("??", "||"):
        right = value.child_by_field_name("right")
        return (right, True) if right is not None else (value, False)
    return value, False


def is_called_in_place(node: Node) -> bool:
    """`(async () => { ... })()`."""
    outer = node.parent
    while outer is not None and outer.type == "parenthesized_expression":
        node, outer = outer, outer.parent
    if outer is not None and outer.type == "arguments" and outer.parent is not None:
        # The grammar takes `await (...)` of a module for a call of something named await.
        return text(outer.parent.child_by_field_name("function")) == "await"
    return outer is not None and outer.type == "call_expression" and outer.child_by_field_name("function") == node


def returns(statement: Node | None) -> bool:
    """Whether a statement, or a block by its last one, leaves the function."""
    while statement is not None and statement.type == "statement_block":
        statement = statement.named_children[-1] if statement.named_children else None
    return statement is not None and statement.type == "return_statement"


def identifiers(node: Node | None) -> Iterator[str]:
    """The names in a pattern or in a list of parameters."""
    for each in _below(node):
        own = each.type == "member_expression" and text(each).startswith("this.")
        if own or each.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield text(each)


# Where patterns and parameters have what they are if nothing is given: no name in it is one of theirs.
_DEFAULTS = {"assignment_pattern": "right", "object_assignment_pattern": "right"}
_DEFAULTS |= {"required_parameter": "value", "optional_parameter": "value"}


def _below(node: Node | None) -> Iterator[Node]:
    """A node and all below it, but for defaults."""
    waiting = [] if node is None else [node]
    while waiting:
        each = waiting.pop()
        yield each
        default = each.child_by_field_name(_DEFAULTS[each.type]) if each.type in _DEFAULTS else None
        waiting.extend(child for child in reversed(each.named_children) if child != default)


SHORT_FORMS = {"!0": "true", "!1": "false"}
"""How minifiers write these."""


def given_options(call: Node) -> dict[str, str]:
    """Names and values in the object literals among the arguments of a call."""
    found: dict[str, str] = {}
    for argument in named_arguments(call):
        for pair in argument.named_children if argument.type == "object" else []:
            if pair.type == "pair":
                value = text(pair.child_by_field_name("value"))
                found[text(pair.child_by_field_name("key")).strip("'\"")] = SHORT_FORMS.get(value, value)
            elif pair.type == "shorthand_property_identifier":
                found[text(pair)] = text(pair)
    return found
