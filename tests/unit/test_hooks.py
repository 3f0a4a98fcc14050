from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from lambda_keepalive import guard, hooks


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Make modules that can be imported in this test alone."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(hooks, "_hooks", {})
    monkeypatch.setattr(guard, "_seen", set())
    before = set(sys.modules)

    def write(name: str, source: str = "value = 1\n") -> None:
        path = tmp_path / (name.replace(".", "/") + ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        importlib.invalidate_caches()

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_hook_runs_once_after_the_module_was_executed(write: Callable[..., None]) -> None:
    write("awaited")
    seen: list[int] = []
    hooks.after_import("awaited", lambda module: seen.append(module.value))
    assert seen == []
    importlib.import_module("awaited")
    importlib.import_module("awaited")
    assert seen == [1]


def test_a_hook_for_a_module_that_is_there_runs_at_once(write: Callable[..., None]) -> None:
    write("present")
    importlib.import_module("present")
    seen: list[ModuleType] = []
    hooks.after_import("present", seen.append)
    assert seen == [sys.modules["present"]]


def test_hooks_of_one_module_run_in_the_order_of_their_registration(write: Callable[..., None]) -> None:
    write("ordered")
    seen: list[str] = []
    for name in ("first", "second"):
        hooks.after_import("ordered", lambda module, name=name: seen.append(name))
    importlib.import_module("ordered")
    assert seen == ["first", "second"]


def test_a_hook_that_raises_is_reported_and_stops_neither_the_import_nor_the_next_hook(
    write: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    write("hooked")
    seen: list[ModuleType] = []

    def fail(module: ModuleType) -> None:
        raise RuntimeError("of the hook")

    hooks.after_import("hooked", fail)
    hooks.after_import("hooked", seen.append)
    assert importlib.import_module("hooked").value == 1
    assert len(seen) == 1
    assert "fault in patch of hooked (RuntimeError: of the hook)" in capsys.readouterr().err


def test_a_module_that_raises_is_hooked_when_it_is_imported_well(write: Callable[..., None]) -> None:
    write("flaky", "raise ValueError('of the module')\n")
    seen: list[ModuleType] = []
    hooks.after_import("flaky", seen.append)
    with pytest.raises(ValueError, match="of the module"):
        importlib.import_module("flaky")
    assert seen == []
    write("flaky", "value = 2\nname = 'longer than before'\n")
    assert importlib.import_module("flaky").value == 2
    assert len(seen) == 1


def test_a_module_that_is_missing_is_missing_as_ever(write: Callable[..., None]) -> None:
    hooks.after_import("nowhere_to_be_found", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        importlib.import_module("nowhere_to_be_found")
    assert importlib.util.find_spec("nowhere_to_be_found") is None


def test_hooks_of_a_package_and_its_module_run_inside_out(write: Callable[..., None]) -> None:
    write("package.__init__", "import package.inner\n")
    write("package.inner")
    seen: list[str] = []
    for name in ("package", "package.inner"):
        hooks.after_import(name, lambda module: seen.append(module.__name__))
    importlib.import_module("package")
    assert seen == ["package.inner", "package"]


def test_a_hook_that_imports_another_awaited_module_is_nested(write: Callable[..., None]) -> None:
    write("outer")
    write("nested")
    seen: list[str] = []

    def load_nested(module: ModuleType) -> None:
        importlib.import_module("nested")
        seen.append("outer")

    hooks.after_import("outer", load_nested)
    hooks.after_import("nested", lambda module: seen.append("nested"))
    importlib.import_module("outer")
    assert seen == ["nested", "outer"]


def test_a_hook_that_comes_in_the_middle_of_an_import_waits_for_its_end(
    write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sys.modules` has the module already, but it is not whole; the hook of a module that is never finished waits."""
    write("half", "import registrar\nvalue = 3\n")
    write("registrar", "import sys\nsys.register()\n")
    seen: list[object] = []
    register = lambda: hooks.after_import("half", lambda module: seen.append(module.value))  # noqa: E731
    monkeypatch.setattr(sys, "register", register, raising=False)
    hooks.after_import("half", lambda module: seen.append("awaited before"))
    importlib.import_module("half")
    assert seen == ["awaited before", 3]


def test_an_awaited_module_shows_its_own_loader_and_can_be_reloaded(write: Callable[..., None]) -> None:
    write("visible")
    write("plain")
    hooks.after_import("visible", lambda module: None)
    awaited, plain = importlib.import_module("visible"), importlib.import_module("plain")
    assert type(awaited.__loader__) is type(plain.__loader__)
    assert type(awaited.__spec__.loader) is type(plain.__spec__.loader)
    write("visible", "value = 'reloaded, and longer'\n")
    assert importlib.reload(awaited).value == "reloaded, and longer"


def test_looking_a_module_up_without_importing_it_runs_nothing(write: Callable[..., None]) -> None:
    write("looked_up")
    seen: list[ModuleType] = []
    hooks.after_import("looked_up", seen.append)
    spec = importlib.util.find_spec("looked_up")
    assert spec is not None
    assert spec.origin is not None
    assert spec.origin.endswith("looked_up.py")
    assert seen == []
    importlib.import_module("looked_up")
    assert len(seen) == 1


def test_finders_of_others_have_their_say(write: Callable[..., None]) -> None:
    asked: list[str] = []

    class Finder:
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            asked.append(name)

    write("shared")
    hooks.after_import("shared", lambda module: None)
    sys.meta_path.insert(1, Finder())  # type: ignore[arg-type]
    sys.meta_path.insert(1, object())  # type: ignore[arg-type]  # of before PEP 451, or broken
    importlib.import_module("shared")
    assert "shared" in asked
