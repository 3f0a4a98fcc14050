"""Each betrayal by itself, for every client: what the first calls after the thaw cost, and who is told."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.delay import DelayLine
from tests.local.required import ROOT as IS_ROOT
from tests.local.required import require
from tests.support.origin import Origin
from tests.torture.betrayals import BETRAYALS, Betrayal
from tests.torture.callers import CALLERS
from tests.torture.cycles import Tally, judge
from tests.torture.origins import NAME, World
from tests.torture.sandbox import Sandbox

SEEN = [name for name, betrayal in BETRAYALS.items() if not betrayal.unseen and not any(betrayal.clocks)]
SEEN.remove("stays")
TRAPS = [name for name, betrayal in BETRAYALS.items() if betrayal.trap]
CLOCKS = [name for name, betrayal in BETRAYALS.items() if any(betrayal.clocks)]


class Story:
    """A function process with one client, and the servers that it calls.

    A story is told with connections of its own: none is left from the one before.
    """

    def __init__(self, world: World, sandbox: Sandbox, scheme: str) -> None:
        self._world = world
        self._sandbox = sandbox
        self._url = next(url for url in world.urls if url.startswith(scheme + ":"))
        self._warm_up()

    def after(self, betrayal: Betrayal, *methods: str) -> Tally:
        """What came of one invocation with these requests, one careless call each, after a freeze with a betrayal."""
        require(betrayal.possible, "root")
        assert betrayal.deed(self._world) == (0 if betrayal is BETRAYALS["stays"] or any(betrayal.clocks) else 1)
        return self._invoke(methods, clocks=betrayal.clocks)

    def _warm_up(self) -> None:
        tally = self._invoke(["GET"], afresh=["GET", "POST"])
        assert not tally.surfaced
        # What was closed to start afresh is gone for the servers, too.
        for server in self._world.servers:
            mine = not server.left and server.url_for(NAME) == self._url
            server.wait_for(lambda server=server, expected=int(mine): server.open == expected)

    def _invoke(
        self,
        methods: list[str] | tuple[str, ...],
        afresh: list[str] | None = None,
        clocks: tuple[float, float] = (0, 0),
    ) -> Tally:
        calls, again = (
            [(method, f"{self._url}/work/{next(IDS)}", "closed") for method in some] for some in (methods, afresh or [])
        )
        accepted = self._world.accepted
        self._world.ledger.take()
        order = {"calls": calls, "together": False, "clocks": clocks, "afresh": again}
        self._sandbox.begin(order)
        tally = judge(order, self._sandbox.end(), *self._world.ledger.take())
        tally.accepted = self._world.accepted - accepted
        return tally


IDS = itertools.count()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module", params=CALLERS)
def sandbox(request: pytest.FixtureRequest, world: World) -> Iterator[Sandbox]:
    with Sandbox(world, request.param, layer=True) as sandbox:
        yield sandbox
        assert sandbox.said() == ""


@pytest.fixture(params=["http", "https"])
def story(request: pytest.FixtureRequest, world: World, sandbox: Sandbox) -> Story:
    return Story(world, sandbox, request.param)


def test_a_connection_that_outlives_the_freeze_is_used_again(story: Story) -> None:
    tally = story.after(BETRAYALS["stays"], "POST", "GET", "GET")
    assert (tally.accepted, tally.surfaced.total()) == (0, 0)


@pytest.mark.parametrize("name", SEEN)
def test_what_a_server_did_in_the_freeze_costs_one_connection_and_no_error(story: Story, name: str) -> None:
    tally = story.after(BETRAYALS[name], "POST", "GET", "POST")
    assert (tally.accepted, tally.surfaced.total(), tally.wrong, tally.sent_twice) == (1, 0, 0, 0)
    assert tally.stale_at_thaw == 1


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_that_jumps_costs_one_connection_and_no_error(story: Story, name: str) -> None:
    tally = story.after(BETRAYALS[name], "POST", "GET", "POST")
    assert (tally.accepted, tally.surfaced.total(), tally.expired) == (1, 0, 1)


@pytest.mark.parametrize("name", TRAPS)
def test_what_nobody_could_see_costs_a_post_at_most_and_never_sends_it_twice(story: Story, name: str) -> None:
    tally = story.after(BETRAYALS[name], "POST", "GET", "POST")
    assert (tally.accepted, tally.wrong, tally.sent_twice) == (1, 0, 0)
    assert tally.surfaced.total() <= 1
    assert tally.surfaced["GET"] == 0


@pytest.mark.parametrize("client", ["requests", "httpx", "boto3", "aiohttp"])
def test_a_reset_that_was_lost_on_the_way_is_no_trap_of_another_kind(tmp_path: Path, client: str) -> None:
    """A gateway between two networks: the RST is dropped in silence, and what comes later is answered by another."""
    require(IS_ROOT, "root")
    with ExitStack() as stack:
        line = stack.enter_context(DelayLine(0.0001))
        with line.far.entered():
            world = stack.enter_context(World(tmp_path, (line.far_address,)))
        with line.near.entered():
            sandbox = stack.enter_context(Sandbox(world, client, layer=True))
        story = Story(world, sandbox, "https")
        line.drop()
        lost = Betrayal(lambda world: world.tell(Origin.reset_idle))
        assert lost.deed(world) == 1
        line.resume()
        tally = story.after(BETRAYALS["stays"], "POST", "GET", "POST")
        assert (tally.accepted, tally.wrong, tally.sent_twice) == (1, 0, 0)
        assert tally.surfaced.total() <= 1
        assert sandbox.said() == ""
