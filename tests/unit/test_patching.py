from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from lambda_keepalive import patching


@pytest.fixture(autouse=True)
def undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(patching, "_applied", [])
    yield
    patching.undo()


@pytest.fixture
def owner() -> type:
    class Base:
        def inherited(self) -> str:
            """Of the base."""
            return "base"

    class Owner(Base):
        def method(self) -> str:
            """Of the owner."""
            return "original"

    return Owner


def louder(original: Callable[..., str]) -> Callable[..., str]:
    def hook(self: Any) -> str:
        return original(self) + "!"

    return hook


def test_a_replacement_looks_like_the_original(owner: Any) -> None:
    original = owner.method
    patching.replace(owner, "method", louder)
    assert owner().method() == "original!"
    assert owner.method.__name__ == "method"
    assert owner.method.__qualname__ == original.__qualname__
    assert owner.method.__module__ == original.__module__
    assert owner.method.__doc__ == "Of the owner."
    assert owner.method.__wrapped__ is original


def test_replacing_twice_replaces_once(owner: Any) -> None:
    patching.replace(owner, "method", louder)
    patching.replace(owner, "method", louder)
    assert owner().method() == "original!"
    assert len(patching.applied()) == 1


def test_what_is_replaced_has_a_name_in_modules_and_in_classes(owner: Any) -> None:
    module = ModuleType("package.module")
    module.function = lambda: "original"  # type: ignore[attr-defined]
    patching.replace(module, "function", louder)
    patching.replace(owner, "method", louder)
    assert patching.applied() == ["package.module.function", f"{__name__}.{owner.__qualname__}.method"]


def test_undo_puts_back_the_very_original_and_leaves_nothing(owner: Any) -> None:
    before = dict(vars(owner))
    patching.replace(owner, "method", louder)
    patching.replace(owner, "inherited", louder)
    patching.add(owner, "extra", None)
    assert owner().inherited() == "base!"
    patching.undo()
    assert dict(vars(owner)) == before
    assert owner().inherited() == "base"
    assert patching.applied() == []


def test_undo_leaves_what_somebody_else_replaced_after_us(owner: Any) -> None:
    patching.replace(owner, "method", louder)
    ours = owner.method
    owner.method = lambda self: "of somebody else, " + ours(self)
    patching.undo()
    assert owner().method() == "of somebody else, original!"


def test_an_added_attribute_replaces_none_of_the_owners(owner: Any) -> None:
    method = owner.method
    patching.add(owner, "method", None)
    assert owner.method is method


def test_undo_twice_is_undo(owner: Any) -> None:
    patching.replace(owner, "method", louder)
    patching.undo()
    patching.undo()
    assert owner().method() == "original"
