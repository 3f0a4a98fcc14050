"""A connection whose server misbehaved carries nothing more, and the next caller gets what is his."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from tests.torture.callers import CALLERS
from tests.torture.cycles import USES, USES_OF
from tests.torture.hostile import ANSWERS, UNASKED, answering, sending
from tests.torture.origins import World
from tests.torture.sandbox import Sandbox

IDS = itertools.count()

# Counts the hostile answers whose server has hung up: a hang-up that crosses the next request is another story.
HUNG_UP = threading.Semaphore(0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), keep_requests=True) as world:
        for server in world.servers:
            for name, data in ANSWERS.items():
                server.route(path_of(name), answering(data, HUNG_UP))
        yield world


def path_of(name: str) -> str:
    return "/hostile/" + name.replace(" ", "-").replace("*", "")


class Caller:
    """A function process that makes calls in all the ways in which its client is used."""

    def __init__(self, sandbox: Sandbox, uses: tuple[str, ...]) -> None:
        self._sandbox = sandbox
        self._uses = itertools.cycle(uses)

    def outcomes(self, *urls: str) -> list[str]:
        calls = [("GET", url, use) for url, use in zip(urls, self._uses, strict=False)]
        self._sandbox.begin({"calls": calls, "together": False, "clocks": (0, 0), "afresh": []})
        outcomes: list[str] = self._sandbox.end()["outcomes"]
        return outcomes


@pytest.fixture(scope="module", params=CALLERS)
def caller(request: pytest.FixtureRequest, world: World) -> Iterator[Caller]:
    with Sandbox(world, request.param, layer=True) as sandbox:
        yield Caller(sandbox, USES_OF.get(request.param, USES))
        assert "lambda-keepalive" not in sandbox.said()


@pytest.fixture(params=["http", "https"])
def url(request: pytest.FixtureRequest, world: World) -> str:
    return next(url for url in world.urls if url.startswith(request.param + ":"))


def ordinary(url: str) -> str:
    return f"{url}/work/{next(IDS)}"


@pytest.mark.parametrize("name", ANSWERS)
def test_after_a_hostile_answer_nothing_more_is_sent(world: World, caller: Caller, url: str, name: str) -> None:
    for server in world.servers:
        server.reset()
    hung_up = 0
    outcomes = caller.outcomes(ordinary(url))
    for _ in range(3):
        caller.outcomes(url + path_of(name))
        while hung_up < sum(request.path == path_of(name) for server in world.servers for request in server.requests):
            assert HUNG_UP.acquire(timeout=10)
            hung_up += 1
        outcomes += caller.outcomes(ordinary(url))
    assert outcomes + caller.outcomes(ordinary(url)) == ["answered"] * 5
    used: dict[tuple[object, int], list[str]] = {}
    for server in world.servers:
        for request in server.requests:
            used.setdefault((server, request.connection_id), []).append(request.path)
    assert [paths for paths in used.values() if path_of(name) in paths[:-1]] == []


@pytest.mark.parametrize("name", UNASKED)
def test_what_comes_unasked_costs_one_connection_and_no_error(
    world: World, caller: Caller, url: str, name: str
) -> None:
    assert caller.outcomes(ordinary(url), ordinary(url)) == ["answered"] * 2
    idle = world.tell(sending(UNASKED[name]))
    assert idle >= 1
    assert caller.outcomes(*(ordinary(url) for _ in range(4))) == ["answered"] * 4
