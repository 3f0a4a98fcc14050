"""What a call of botocore's `Session.create_client` asks for, and all that decides what it gets, to compare two calls.

Knows what botocore reads while it makes a client: its arguments, the state of the session, the environment, and the
functions in force. Files are no part of it: a session reads its configuration once.
"""

from lambda_keepalive import config, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SCALARS = (str, int, float, bool, bytes, type(None))
_CHANGES_BY_INVOCATION = b"_X_AMZN_TRACE_ID"
"""The one variable that the runtime client sets for each invocation; botocore reads it when it sends."""

WAITING = "_keepalive_waiting"
"""The attribute of a session under which the parts of its dead clients wait."""

# What create_client itself sets on its session, to the same values for the same arguments.
_SET_BY_CREATION = ("_last_client_region_used", WAITING)


class InDoubt(Exception):
    """Not to be recycled; the text is the rule."""


class Request:
    """What was asked for and all that decides the answer: equal requests to a session get equal clients."""

    def __init__(self, args: "tuple[Any, ...]", kwargs: "dict[str, Any]", code: "Any") -> None:
        self.configs = [value for value in (*args, *kwargs.values()) if type(value).__name__ == "Config"]
        self.arguments = [_image(value) for value in args], {name: _image(value) for name, value in kwargs.items()}
        self.circumstances = code, identity.functions_in_force(), config.environment_but(_CHANGES_BY_INVOCATION)
        self.session: list[Any] = []

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Request)
            and self.arguments == other.arguments
            and self.circumstances == other.circumstances
            and self.session == other.session
        )

    __hash__ = None  # type: ignore[assignment]


def _image(value: "Any") -> "Any":
    """An argument by type and content. A `Config` is one by its attributes; anything else is doubtful."""
    if type(value) in _SCALARS:
        return type(value), value
    if type(value) is dict:
        return {name: _image(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return [_image(item) for item in value]
    if type(value).__module__ == "botocore.config" and type(value).__name__ in ("Config", "OrderedDict"):
        return _image(dict(vars(value)))
    if type(value).__module__ == "collections" and isinstance(value, dict):
        return _image(dict(value))
    if type(value).__module__ == "botocore":  # UNSIGNED, the only one of its kind
        return value
    raise InDoubt("foreign-argument")


def layers(session: "Any") -> "list[Any]":
    """A session by what can be set on it: variables, configuration, components and their settings."""
    attributes = dict(vars(session))
    for name in _SET_BY_CREATION:
        attributes.pop(name, None)
    components, internal = session._components, session._internal_components
    store, loader = components._components["config_store"], components._components["data_loader"]
    agent = components._components.get("user_agent_creator")
    emitter = session._events._emitter
    return [
        attributes,
        _content(session._session_instance_vars),
        _content(session._config),
        _content(session._client_config and vars(session._client_config)),
        dict(components._components),
        dict(components._deferred),
        dict(internal._components),
        dict(internal._deferred),
        dict(store._overrides),
        dict(store._mapping),
        list(loader.search_paths),
        loader.file_loader,
        dict(vars(components._components["response_parser_factory"])),
        agent and dict(vars(agent)),
        _Same(emitter._lookup_cache),  # a new one at each (un)registration of a handler
        dict(emitter._unique_id_handlers),
    ]


class _Same:
    """Equal only for the very same object."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    __hash__ = None  # type: ignore[assignment]


def _content(value: "Any") -> "Any":
    if isinstance(value, dict):
        return {name: _content(item) for name, item in value.items()}
    return value
