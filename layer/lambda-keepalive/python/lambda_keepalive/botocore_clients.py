"""Gives a new botocore client the internals of an equal one that died untouched.

Making a client takes 2 to 10 ms of CPU, nearly all of it for what the last one had, too. When the last reference to a
client goes away, and nobody holds or changed any part of it, its parts wait with their session; the next call of
`create_client` that asks for the very same thing under the very same circumstances gets a new client object with
these parts. Two clients never share a part at the same time, so nothing that is done to one can be seen on another.

Every way to be in doubt is a named rule, counted in `verdicts`; then botocore makes and drops clients as ever.
"""

import sys
import weakref
from collections import Counter

from lambda_keepalive import guard, identity
from lambda_keepalive.botocore_picture import Picture
from lambda_keepalive.botocore_request import WAITING, Circumstances, InDoubt, image, is_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

verdicts: "Counter[str]" = Counter()
"""How often a client was `recycled`, and how often not, by rule; for tests and for people with a debugger."""

_MOST_WAITING = 8
"""Of one session: functions use a handful of services, and a waiting client holds about 100 KiB."""

# The attributes of a client that grow by use and start empty.
_STARTS_EMPTY: "dict[str, Callable[[], Any]]" = {"_cache": dict, "_exceptions": lambda: None}


class Parts:
    """The internals of a client, watched since it was made. Held by the client itself, then by the session.

    Held by nobody else: a client that is in a reference cycle stays collectable.
    """

    def __init__(
        self, session: "Any", waiting: "Waiting", arguments: "Any", configs: "list[Any]", client: "Any"
    ) -> None:
        handlers = _handlers_of(client.meta.events)
        if not all(_module_of(handler).startswith(("botocore.", "boto3.")) for handler in handlers):
            raise InDoubt("foreign-handler")
        if client._request_signer._credentials is None:
            raise InDoubt("no-credentials")
        if client.meta.config.client_cert is not None or client.meta.config.proxies_config is not None:
            raise InDoubt("client-certificate")
        vars(client.meta).pop("_keepalive_asked", None)  # by botocore itself, so far
        self.waiting = waiting
        self.circumstances = waiting.circumstances
        self.arguments = arguments
        self.shell = weakref.ref(client)
        self.region = session._last_client_region_used
        self.client_class = type(client)
        self.class_attributes = dict(vars(self.client_class))
        self.attributes = _lasting(client)
        self.ca = _ca_of(self.attributes)
        self.emitter = client.meta.events._emitter
        self.registrations = self.emitter._lookup_cache
        known = {id(handler) for handler in _handlers_of(session._events)}
        own = [handler for handler in handlers if id(handler) not in known]
        self.picture = Picture([*self.attributes.values(), *own], uncounted=own)
        proxy = weakref.proxy(client)
        self.proxies = [
            (attributes, value, name)
            for value, attributes in self.picture.objects
            for name, item in attributes.items()
            if item is proxy
        ]
        # What creating a client did to the configuration that it was given.
        self.configs = [dict(vars(given)) for given in configs]
        vars(client)["_keepalive"] = self
        self.references = _references(vars(client)), _references(self.client_class)
        self.picture.note_holders()

    def doubt(self, client: "Any") -> "str | None":
        """The rule against using these parts again, now that their client dies; or None."""
        if _lasting(client) != self.attributes or vars(self.client_class) != self.class_attributes:
            return "changed"
        if (_references(vars(client)), _references(self.client_class)) != self.references:
            return "held"
        if not self.picture.unheld():
            return "held"
        if self.emitter._lookup_cache is not self.registrations:
            return "handlers"
        return None if self.picture.unchanged() else "changed"

    def usable(self) -> bool:
        """Whether all is still as it was when the client died: a user may have kept a dict that it was configured
        with, and CA files change."""
        # A client that is still there was brought back to life by a weak reference while it died.
        return self.shell() is None and self.picture.containers_unchanged() and self.ca == _ca_of(self.attributes)

    def revive(self, session: "Any", configs: "list[Any]") -> "Any":
        """A new client with these parts, and everything else as creating one would have left it."""
        client = object.__new__(self.client_class)
        attributes = vars(client)
        attributes.update(self.attributes)
        for name, empty in _STARTS_EMPTY.items():
            attributes[name] = empty()
        attributes["_keepalive"] = self
        self.shell = weakref.ref(client)
        for known, value, name in self.proxies:
            known[name] = weakref.proxy(client)
            setattr(value, name, known[name])
        for given, after in zip(configs, self.configs, strict=True):
            _bring_up_to(given, after)
        session._last_client_region_used = self.region
        return client


def _lasting(client: "Any") -> "dict[str, Any]":
    return {name: value for name, value in vars(client).items() if name not in _STARTS_EMPTY and name != "_keepalive"}


def _ca_of(attributes: "dict[str, Any]") -> "Any":
    verify = attributes["_endpoint"].http_session._verify
    return identity.of_file(verify) if isinstance(verify, str) else verify


def _bring_up_to(given: "Any", after: "dict[str, Any]") -> None:
    """botocore completes the retry settings of a Config that it is given, in place (args.py, _compute_retry_config)."""
    for name, value in after.items():
        current = getattr(given, name)
        if isinstance(current, dict) and current != value:
            current.clear()
            current.update(value)


def _handlers_of(events: "Any") -> "list[Any]":
    """Every handler that is registered with an emitter."""
    handlers: list[Any] = []
    nodes = [events._emitter._handlers._root]
    while nodes:
        node = nodes.pop()
        nodes.extend(node["children"].values())
        for section in node["values"] or ():
            handlers.extend(section)
    return handlers


def _module_of(handler: "Any") -> str:
    return str(getattr(handler, "__module__", None) or type(handler).__module__)


class Waiting:
    """The parts that wait with a session, all of them made under the same circumstances."""

    __slots__ = ("circumstances", "parts", "session")

    def __init__(self, session: "Any") -> None:
        self.session = weakref.ref(session)
        self.circumstances: Circumstances | None = None
        self.parts: list[Parts] = []

    def __deepcopy__(self, memo: "Any") -> "Waiting":
        return self  # of no use to the copy of a session, which is another one

    def enter(self, session: "Any", code: "tuple[Any, ...]") -> bool:
        """Note under which circumstances a client is to be made; False if this is the copy of another session."""
        if self.session() is not session:
            return False
        if self.circumstances is None or not self.circumstances.hold(session, code):
            self.parts.clear()
            self.circumstances = None
        return True

    def take(self, arguments: "Any") -> "Parts | None":
        """Parts of a client that was made with equal arguments."""
        for parts in list(self.parts):
            if parts.arguments != arguments:
                continue
            try:
                self.parts.remove(parts)
            except ValueError:  # another thread took it
                continue
            if parts.circumstances is self.circumstances and parts.usable():
                return parts
        return None

    def put(self, parts: Parts) -> None:
        """Keep the parts of a dead client. Its connections are closed as the end of a client closes them: the idle pool
        takes those that are provably clean."""
        if parts.circumstances is self.circumstances:
            parts.attributes["_endpoint"].http_session.close()
            self.parts.append(parts)
            if len(self.parts) > _MOST_WAITING:
                self.parts.pop(0)


def create(
    original: "Callable[..., Any]", session: "Any", args: "tuple[Any, ...]", kwargs: "dict[str, Any]", code: "Any"
) -> "Any":
    """`Session.create_client`: a client with waiting parts, or a new one. `code` names the functions in force that
    would make it.

    The first client of a session is not watched: who makes one and keeps it pays nothing.
    """
    arguments = configs = None
    try:
        waiting = vars(session).get(WAITING)
        if waiting is not None and waiting.enter(session, code):
            arguments = [image(value) for value in args], {name: image(value) for name, value in kwargs.items()}
            configs = [value for value in (*args, *kwargs.values()) if is_config(value)]
            parts = waiting.take(arguments)
            if parts is not None:
                verdicts["recycled"] += 1
                return parts.revive(session, configs)
    except InDoubt as rule:
        verdicts[str(rule)] += 1
    except Exception:  # noqa: BLE001
        guard.fault("botocore clients")
    client = original(session, *args, **kwargs)
    try:
        if waiting is None:
            vars(session)[WAITING] = Waiting(session)
        elif configs is not None:
            if waiting.circumstances is None:
                waiting.circumstances = Circumstances(session, code)
            Parts(session, waiting, arguments, configs, client)
    except InDoubt as rule:
        verdicts[str(rule)] += 1
    except Exception:  # noqa: BLE001
        guard.fault("botocore clients")
    return client


def release(self: "Any") -> None:
    """`BaseClient.__del__`: let the parts of a dying client wait for the next one, unless there is any doubt."""
    parts = vars(self).get("_keepalive")
    if parts is None or sys.is_finalizing():
        return
    try:
        rule = "in-cycle" if _references(self) != _DYING else parts.doubt(self)
        if rule is not None:
            verdicts[rule] += 1
            return
        parts.waiting.put(parts)
    except Exception:  # noqa: BLE001
        guard.fault("botocore clients")


def _references(value: object) -> int:
    return sys.getrefcount(value)


_DYING = -1


def counts_references() -> bool:
    """Whether this interpreter counts references as this module relies on: one more for each holder, and always the
    same number in `__del__` when the last one lets go. Also learns that number."""
    global _DYING

    class Example:
        def __del__(self) -> None:
            seen.append(_references(self))

    seen: list[int] = []
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    example = Example()
    once = _references(example)
    holder = [example]
    twice = _references(example)
    holder.clear()
    del example
    holder.append(Example())
    holder.clear()
    if twice != once + 1 or len(seen) != 2 or seen[0] != seen[1]:
        return False
    _DYING = seen[0]
    return True
