"""What a call of botocore's `Session.create_client` asks for, and all else that decides what it gets, to compare calls.

Knows what botocore reads while it makes a client: the arguments, the state of the session, the environment, and the
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


class Circumstances:
    """All that decides what `create_client` makes, but its arguments, as it is now.

    Args:
        session: a botocore session that has made a client already, so that its components are there.
        code: the functions and classes that make clients.
    """

    __slots__ = ("_attributes", "_code", "_environment", "_layers", "_registrations")

    def __init__(self, session: "Any", code: "tuple[Any, ...]") -> None:
        self._code = code, identity.functions_in_force()
        self._environment = config.environment_but(_CHANGES_BY_INVOCATION)
        self._attributes = dict(vars(session))
        self._registrations = session._events._emitter._lookup_cache
        self._layers = [_copy(layer) for layer in _layers(session)]

    def hold(self, session: "Any", code: "tuple[Any, ...]") -> bool:
        """Whether they are still the same."""
        attributes = vars(session)
        for name in _SET_BY_CREATION:
            self._attributes[name] = attributes.get(name)
        return (
            attributes == self._attributes
            # A new one at each (un)registration of a handler.
            and session._events._emitter._lookup_cache is self._registrations
            and self._code == (code, identity.functions_in_force())
            and self._environment == config.environment_but(_CHANGES_BY_INVOCATION)
            and self._layers == _layers(session)
        )


def _layers(session: "Any") -> "list[Any]":
    """What can be set on a session: variables, configuration, components and their settings."""
    components, internal = session._components, session._internal_components
    store, loader = components._components["config_store"], components._components["data_loader"]
    agent = components._components.get("user_agent_creator")
    defaults = session._client_config
    return [
        session._session_instance_vars,
        session._config,
        None if defaults is None else vars(defaults),
        components._components,
        components._deferred,
        internal._components,
        internal._deferred,
        store._overrides,
        store._mapping,
        loader.search_paths,
        vars(loader)["file_loader"],
        vars(components._components["response_parser_factory"]),
        None if agent is None else vars(agent),
        session._events._emitter._unique_id_handlers,
    ]


def _copy(value: "Any") -> "Any":
    """A copy as deep as plain dicts and lists go."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def image(value: "Any") -> "Any":
    """An argument by type and content. A `Config` is one by its attributes; anything else is doubtful."""
    if type(value) in _SCALARS:
        return type(value), value
    if isinstance(value, dict) and type(value).__module__ in ("builtins", "collections"):
        return {name: image(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return [image(item) for item in value]
    if is_config(value):
        return image(vars(value))
    if type(value).__module__ == "botocore":  # UNSIGNED, the only one of its kind
        return value
    raise InDoubt("foreign-argument")


def is_config(value: "Any") -> bool:
    """Whether an argument is a `botocore.config.Config`, and no subclass of it."""
    return type(value).__module__ == "botocore.config" and type(value).__name__ == "Config"
