"""Every function of ours that a call comes by is broken, one at a time: calls end as they would without the layer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.origin import Exchange
from tests.torture.betrayals import BETRAYALS
from tests.torture.callers import CALLERS
from tests.torture.cycles import USES, USES_OF
from tests.torture.hostile import CHUNKED
from tests.torture.origins import World
from tests.torture.sandbox import Sandbox

PROGRAM = "tests.torture.faulty_function"


def chunked(exchange: Exchange) -> None:
    exchange.send(CHUNKED + b"7\r\nchunked\r\n0\r\n\r\n")


def close(exchange: Exchange) -> None:
    exchange.close_afterwards()
    exchange.respond(200, b"close")


def missing(exchange: Exchange) -> None:
    exchange.respond(404, b"missing")


def dropped(exchange: Exchange) -> None:
    exchange.hang_up()


def truncated(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntruncated")
    exchange.hang_up()


ROUTES = (chunked, close, missing, dropped, truncated)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        for server in world.servers:
            for route in ROUTES:
                server.route(f"/work/{route.__name__}", route)
        yield world


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else can get."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


class Faulty:
    """A function process, and what its calls end in."""

    def __init__(self, world: World, sandbox: Sandbox, uses: tuple[str, ...], nobody: int) -> None:
        self._world = world
        self._sandbox = sandbox
        self._uses = uses
        plain, tls = world.urls
        # Most of them without TLS, since most of them cost a connection, and there are thousands to make.
        odd = [f"{plain}/work/{route.__name__}" for route in ROUTES]
        self._urls = [f"{tls}/work/1", f"{plain}/work/2", *odd, f"{tls}/work/3", f"{plain}/work/4"]
        self._urls.append(f"http://127.0.0.1:{nobody}/work/refused")

    def tell(self, **order: Any) -> dict[str, Any]:
        self._sandbox.begin(order)
        answer = self._sandbox.end()
        assert "ended" not in answer, self.said()
        return answer

    def invoke(self, uses: tuple[str, ...] = ()) -> list[str]:
        uses = uses or self._uses
        calls = [("GET", url, uses[number % len(uses)]) for number, url in enumerate(self._urls)]
        calls += [("POST", self._urls[0], uses[0]), ("POST", self._urls[1], uses[-1])]
        outcomes: list[str] = self.tell(calls=calls, together=False, clocks=(0, 0), afresh=[])["outcomes"]
        return outcomes

    def story(self) -> list[list[str]]:
        """Invocations after freezes in which all idle connections are closed, and in which nothing happens."""
        BETRAYALS["closes"].deed(self._world)
        return [self.invoke(), self.invoke()]

    def trap(self, uses: tuple[str, ...] = ()) -> list[str]:
        """An invocation on whose first requests the server hangs up."""
        BETRAYALS["reads-then-closes"].deed(self._world)
        return self.invoke(uses)

    def said(self) -> list[str]:
        """The lines printed since the last time."""
        return self._sandbox.said().splitlines()


@pytest.mark.parametrize("client", CALLERS)
@pytest.mark.timeout(300)
def test_a_fault_in_any_function_of_ours_leaves_every_call_as_it_is_without_the_layer(
    world: World, nobody: int, client: str
) -> None:
    uses = USES_OF.get(client, USES)
    with Sandbox(world, client, layer=False, program=PROGRAM) as sandbox:
        bare = Faulty(world, sandbox, uses, nobody)
        expected = bare.story()
        # What a connection that is kept ends in when its server hangs up: the one error that the layer could spare.
        bare.invoke(("kept",))
        trapped = {*bare.trap(("kept",)), *expected[0]}
        assert bare.said() == []
    wrong: dict[str, object] = {}
    with Sandbox(world, client, layer=True, program=PROGRAM) as sandbox:
        faulty = Faulty(world, sandbox, uses, nobody)

        def reached() -> list[str]:
            faulty.tell(watch=True)
            assert faulty.story() == expected
            faulty.trap()
            names: list[str] = faulty.tell(watch=False)["reached"]
            assert faulty.said() == []
            return names

        def try_without(name: str, *, warm: bool) -> None:
            faulty.tell(fork=True)
            if warm:
                faulty.invoke()
            faulty.tell(**{"break": name})
            found, in_trap, said = faulty.story(), faulty.trap(), faulty.said()
            faulty.tell(exit=True)
            if found != expected or not set(in_trap) <= trapped:
                wrong[name] = found, in_trap
            elif len(set(said)) != len(said) or not all("fault in" in line for line in said):
                wrong[name] = said

        # In a child that makes its first calls everything is new; what is not reached later is tried there.
        faulty.tell(fork=True)
        first = reached()
        faulty.tell(exit=True)
        faulty.tell(fork=True)
        faulty.invoke()
        later = reached()
        faulty.tell(exit=True)
        for name in sorted({*first} - {*later}):
            try_without(name, warm=False)
        faulty.invoke()
        for name in later:
            try_without(name, warm=True)
    assert wrong == {}
    assert len(first) >= 40, first
