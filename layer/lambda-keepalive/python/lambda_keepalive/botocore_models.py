"""Spares each new botocore session the reading of what an earlier one has read: models, directories, event names.

What a user can reach is his own. A model is decoded again for each session, from a pickle of what was parsed the first
time, which takes a third of the time of parsing; only what no public interface gives away is one object for all
sessions. Everything is bound to the state of the files: a changed one is read again.
"""

import os
import pickle

from lambda_keepalive import guard, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

_MOST_BYTES = 16 << 20
"""Of pickles: five times the largest model (ec2, 3.2 MB), so that what a function uses fits."""

_MOST_NAMES = 2000
"""Of events: 150 that every session registers, and about fifteen for each operation that is called."""


class Files:
    """Parsed files by path, as pickles, from the second time on that somebody loads one: functions with one session
    pay neither time nor memory."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Hashable, bytes | None]] = {}
        self._bytes = 0

    def load(self, original: "Callable[[str], Any]", path: str, extensions: "tuple[str, ...]") -> "Any":
        """What `original(path)` returns, which tries `path` with each of the extensions."""
        stamp = known = blob = None
        try:
            stamp = tuple(identity.of_file(path + extension) for extension in extensions)
            known, blob = self._known.get(path, (None, None))
            if blob is not None and known == stamp:
                return pickle.loads(blob)
        except Exception:  # noqa: BLE001
            guard.fault("botocore files")
        data = original(path)
        if data is not None and stamp is not None:
            self._note(path, stamp, pickle.dumps(data, pickle.HIGHEST_PROTOCOL) if known == stamp else None)
        return data

    def _note(self, path: str, stamp: "Hashable", blob: "bytes | None") -> None:
        self._bytes += len(blob or b"") - len(self._known.pop(path, (None, None))[1] or b"")
        self._known[path] = stamp, blob
        if self._bytes > _MOST_BYTES:
            self._known.clear()
            self._bytes = 0


class Services:
    """Which services the data directories offer, by kind of file. Finding out takes 1000 system calls."""

    def __init__(self, package_directories: "tuple[str, ...]") -> None:
        self._packages = package_directories
        self._known: dict[Hashable, tuple[Hashable, list[str]]] = {}

    def list(self, original: "Callable[..., list[str]]", loader: "Any", args: "Any", kwargs: "Any") -> "list[str]":
        """What `loader.list_available_services` returns; a list of the caller's own."""
        key = stamp = None
        try:
            # As botocore's own cache on each loader calls it (loaders.py, instance_cache).
            cached = ("list_available_services", *args, *(part for pair in sorted(kwargs.items()) for part in pair))
            if cached in loader._cache:
                return original(loader, *args, **kwargs)
            key = tuple(loader.search_paths), type(loader.file_loader), (*args, *kwargs.values())
            stamp = tuple(self._stamp(path) for path in loader.search_paths)
            known, names = self._known.get(key, (None, []))
            if known is not None and known == stamp:
                loader._cache[cached] = list(names)
                return loader._cache[cached]  # type: ignore[no-any-return]
        except Exception:  # noqa: BLE001
            guard.fault("botocore services")
        services = original(loader, *args, **kwargs)
        if key is not None and stamp is not None:
            if len(self._known) >= 100:  # kinds of files times search paths; nobody has as many
                self._known.clear()
            self._known[key] = stamp, list(services)
        return services

    def _stamp(self, path: str) -> "Hashable":
        """A directory of models. A package's own changes only with its topmost directory, which names the services;
        a directory of the user's counts with all that is in it."""
        if path in self._packages:
            return identity.of_file(path)
        return tuple(identity.of_file(directory) for directory, _, _ in os.walk(path, followlinks=True))


class EventNames:
    """The names that events really have, for emitters with botocore's own aliases; working one out takes 30 us."""

    def __init__(self, aliases: "dict[str, str]") -> None:
        self._aliases = dict(aliases)
        self._known: dict[str, str] = {}

    def resolve(self, original: "Callable[[Any, str], str]", emitter: "Any", name: str) -> str:
        """What `emitter._alias_event_name(name)` returns."""
        own: dict[str, str] = emitter._alias_name_cache
        if name in own:
            return own[name]
        if emitter._event_aliases != self._aliases:
            return original(emitter, name)
        known = self._known.get(name)
        if known is None:
            known = original(emitter, name)
            if len(self._known) < _MOST_NAMES:
                self._known[name] = known
        own[name] = known
        return known


class Endpoints:
    """The table of all endpoints, 20 ms to parse, one for all sessions that did not ask for it themselves.

    Private to a session's resolver, which completes entries in place, in a way that depends on the entry alone
    (regions.py, _resolve). Who asks the loader or the session for it gets one of his own, and the resolver with him.
    """

    def __init__(self) -> None:
        self._known: tuple[Hashable, Any] = None, None

    def share(self, loader: "Any", extensions: "tuple[str, ...]", parse: "Callable[[str], Any]") -> "Any":
        """The table and its path, or None where it is not botocore's own file or the loader has read it already."""
        if any(key[0] == "load_data_with_path" and "endpoints" in key for key in loader._cache):
            return None
        for directory in loader.search_paths:
            path = os.path.join(directory, "endpoints")
            stamp = tuple(identity.of_file(path + extension) for extension in extensions)
            if any(file[1:] != (None,) for file in stamp):  # type: ignore[index]
                break
        else:
            return None
        if not loader.is_builtin_path(path):
            return None
        known, table = self._known
        if known != stamp:
            table = parse(path)
            self._known = stamp, table
        return table, path
