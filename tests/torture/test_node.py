"""The same promises for functions in Node: a small part of what `make torture` plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.conftest import INSTALL_S, modules
from tests.torture import node
from tests.torture.betrayals import BETRAYALS, POSSIBLE
from tests.torture.cycles import KEPT, play
from tests.torture.origins import World

__all__ = ["modules"]

pytestmark = [pytest.mark.usefixtures("modules"), pytest.mark.timeout(INSTALL_S)]

# Any seed will do; a fixed one makes a failure come again.
SEED = 1
CYCLES = 60


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@pytest.mark.parametrize("client", node.WITH_LAYER)
def test_no_request_is_sent_twice_and_none_fails_that_could_be_seen_to(world: World, client: str) -> None:
    result = play(world, client, layer=True, cycles=CYCLES, seed=SEED)
    assert result.broken == []
    assert set(result.by_betrayal) == set(POSSIBLE)


@pytest.mark.parametrize("version", ["20", "24"])
def test_idempotent_requests_fail_without_the_layer(world: World, version: str) -> None:
    """In the traps, by an agent that is kept: the ones that the layer sends again.

    POSTs are not compared: without the layer a call that follows another at once may find the connection busy, open a
    second one, and so miss a trap.
    """
    traps = [name for name in POSSIBLE if BETRAYALS[name].trap]
    without, layered = (
        play(world, f"node{version}-http", layer=layer, cycles=CYCLES, seed=SEED, uses=KEPT, names=traps)
        for layer in (False, True)
    )
    assert without.total.surfaced["GET"] > 0
    assert layered.broken == []
