"""Any sequence of requests, half-read responses, freezes and betrayals costs as many connections as a model says.

The model is small: a server has some idle connections that the function may use; a call takes one or opens one, gives
it back once its response is read to the end, and loses it otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.origin import Exchange
from tests.torture.betrayals import BETRAYALS, POSSIBLE
from tests.torture.callers import SYNC
from tests.torture.cycles import USES, USES_OF
from tests.torture.function import ANSWERED
from tests.torture.origins import World
from tests.torture.sandbox import Sandbox

# Enough for a client not to have it all after the first read, too little to block the server.
LARGE = b"x" * 60_000

IDS = itertools.count()

# Whoever closes his client while he reads from it breaks off, so that is no call.
CALLS = st.tuples(st.sampled_from(["GET", "POST"]), st.sampled_from(USES)) | st.tuples(
    st.just("begin"), st.sampled_from(["kept", "left"])
)
ENDS = st.tuples(st.sampled_from(["rest", "drop"]), st.just("kept"))
STEPS = st.tuples(
    st.sampled_from(["stays", "stays", *(name for name in POSSIBLE if not BETRAYALS[name].unseen)]),
    st.lists(CALLS | ENDS, max_size=4),
)


class Model:
    """What a server must have accepted: `idle` connections that the function may use, and whether one is in use."""

    def __init__(self) -> None:
        self.idle = 0
        self.held = False
        self.accepted = 0

    def betrayed(self) -> None:
        """All that was idle is lost."""
        self.idle = 0

    def call(self, method: str) -> bool:
        """Make one call; False if it is not possible at this point, which changes nothing."""
        if (method == "begin" and self.held) or (method in ("rest", "drop") and not self.held):
            return False
        if method in ("GET", "POST", "begin"):
            self.accepted += not self.idle
            self.idle -= bool(self.idle)
        self.held = method == "begin" or (self.held and method not in ("rest", "drop"))
        self.idle += method not in ("begin", "drop")
        return True


class Player:
    """Plays sequences to one client, each with connections of its own."""

    def __init__(self, world: World, sandbox: Sandbox, client: str) -> None:
        self._world = world
        self._sandbox = sandbox
        self._uses = USES_OF.get(client, USES)

    def play(self, url: str, steps: list[tuple[str, list[tuple[str, str]]]]) -> None:
        model = Model()
        self._invoke(url, [], afresh=True)
        # The connection that the fresh start is made of.
        model.idle, begun = 1, self._world.accepted
        for name, calls in steps:
            betrayal = BETRAYALS[name]
            clocks = betrayal.clocks
            # A held connection is betrayed too, and what is left to read of it then is nobody's promise.
            if model.held:
                clocks = (0.0, 0.0)
            elif name != "stays":
                betrayal.deed(self._world)
                model.betrayed()
            made = [(method, self._known(use)) for method, use in calls if model.call(method)]
            outcomes = self._invoke(url, made, clocks=clocks)
            assert outcomes == [ANSWERED] * len(made)
            assert self._world.accepted - begun == model.accepted, (name, made)
        if model.held:
            self._invoke(url, [("drop", "kept")])

    def _invoke(
        self,
        url: str,
        calls: list[tuple[str, str]],
        clocks: tuple[float, float] = (0.0, 0.0),
        afresh: bool = False,
    ) -> list[str]:
        order = {
            "calls": [
                (method, url + ("/work/large" if method == "begin" else f"/work/{next(IDS)}"), use)
                for method, use in calls
            ],
            "together": False,
            "clocks": clocks,
            "afresh": [("GET", f"{url}/work/{next(IDS)}", "closed")] if afresh else [],
        }
        self._sandbox.begin(order)
        outcomes: list[str] = self._sandbox.end()["outcomes"]
        return outcomes

    def _known(self, use: str) -> str:
        return use if use in self._uses else "left"


def large(exchange: Exchange) -> None:
    exchange.respond(200, LARGE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        for server in world.servers:
            server.route("/work/large", large)
        yield world


@pytest.fixture(scope="module", params=SYNC)
def player(request: pytest.FixtureRequest, world: World) -> Iterator[Player]:
    with Sandbox(world, request.param, layer=True) as sandbox:
        yield Player(world, sandbox, request.param)
        assert sandbox.said() == ""


@given(secure=st.booleans(), steps=st.lists(STEPS, max_size=8))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_sequence_costs_the_connections_of_the_model(
    world: World, player: Player, secure: bool, steps: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    player.play(world.urls[secure], steps)
