"""The direction of dependencies in the Node layer, and who alone may do what, read from the sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NODE = Path(__file__).resolve().parents[2] / "layer/lambda-keepalive/node"
SOURCES = {path.stem: path.read_text() for path in sorted(NODE.glob("*.cjs"))}
MOST_LINES = 300

# What runs at every start, and what it may load: all of it is in every Node process already.
STARTERS = {"preload", "config", "guard"}
LOADED_BY_NODE = {"fs", "http", "events", "path"}


def required(name: str, pattern: str = r"^(?:const|let) .*?require\('([^']+)'\)") -> set[str]:
    return set(re.findall(pattern, SOURCES[name], re.M))


def test_there_is_nothing_but_modules() -> None:
    assert {path.name for path in NODE.iterdir()} == {f"{name}.cjs" for name in SOURCES}


@pytest.mark.parametrize("name", SOURCES)
def test_modules_are_short(name: str) -> None:
    assert SOURCES[name].count("\n") <= MOST_LINES


@pytest.mark.parametrize("name", SOURCES)
def test_modules_say_what_they_own(name: str) -> None:
    assert SOURCES[name].startswith("'use strict';\n\n/**")


def test_no_module_needs_itself() -> None:
    done: set[str] = set()
    while len(done) < len(SOURCES):
        needs = {name: {path[2:-4] for path in required(name) if path.startswith("./")} for name in SOURCES}
        ready = {name for name in needs if name not in done and needs[name] <= done}
        assert ready, sorted(set(SOURCES) - done)
        done |= ready


def test_the_start_loads_what_is_there() -> None:
    for name in STARTERS:
        for path in required(name):
            assert path.removeprefix("./").removesuffix(".cjs") in STARTERS | LOADED_BY_NODE


@pytest.mark.parametrize(
    ("what", "owners"),
    [
        (r"process\.env\b(?!\.NODE_TLS)", {"config"}),
        (r"\b(writeSync|openSync)\b", {"record", "guard"}),
        (r"console\.", set()),
        (r"process\.(on|once|exit|stdout|stderr)\b(?!`)", set()),
    ],
)
def test_only_owners_do_it(what: str, owners: set[str]) -> None:
    assert {name for name, text in SOURCES.items() if re.search(what, text)} == owners
