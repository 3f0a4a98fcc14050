"""Runs a function right after a module was imported, without importing it.

A `sys.meta_path` finder and a loader proxy, no `importlib.util` and no wrapt: both cost more than the whole
budget of start-up (docs/decisions/0002). Other finders keep their say: the real spec comes from whoever would have
found it.
"""

import sys

from lambda_keepalive import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Hook = Callable[[ModuleType], None]

_hooks: "dict[str, list[Hook]]" = {}


def after_import(name: str, hook: "Hook") -> None:
    """Call `hook(module)` once, after `name` is imported; at once if it is imported already.

    A hook that raises is reported and forgotten: the import itself never fails because of it.
    """
    module = sys.modules.get(name)
    # A module that is still being executed by someone else is not whole: `__spec__._initializing` says so.
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        _run(hook, module)
        return
    _hooks.setdefault(name, []).append(hook)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _run(hook: "Hook", module: "ModuleType") -> None:
    try:
        hook(module)
    except Exception:  # noqa: BLE001
        guard.fault(f"patch of {module.__name__}")


class _Finder:
    """Finds only the modules that someone waits for, and only by asking the other finders.

    Stays on `sys.meta_path` when nobody waits any more: an import that is going through that list, in another thread or
    further out in this one, would skip a finder if one before it were removed.
    """

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name not in _hooks:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if finder is self or find_spec is None:
                continue
            spec: ModuleSpec | None = find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # it is one by duck typing
                return spec
        return None


class _Loader:
    """Stands in for a module's loader until the module is executed, then steps out of sight."""

    def __init__(self, loader: object) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        create = getattr(self.loader, "create_module", None)
        return create(spec) if create is not None else None

    def exec_module(self, module: "ModuleType") -> None:
        name = module.__name__
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader  # type: ignore[assignment]
        module.__loader__ = self.loader  # type: ignore[assignment]
        self.loader.exec_module(module)  # type: ignore[attr-defined]
        for hook in _hooks.pop(name, []):
            _run(hook, module)


_finder = _Finder()
