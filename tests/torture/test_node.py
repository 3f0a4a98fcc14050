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
def test_what_must_not_be_sent_again_fails_no_more_often_than_without_the_layer(world: World, version: str) -> None:
    """In the traps, where no clock and no race decides; an agent that is kept, as without the layer.

    Not fetch: a call that follows another at once finds the connection busy and opens a second one, without the layer.
    """
    traps = [name for name in POSSIBLE if BETRAYALS[name].trap]
    without, layered = (
        play(
            world, f"node{version}-http", layer=layer, cycles=CYCLES, seed=SEED, uses=KEPT, names=traps, together=False
        )
        for layer in (False, True)
    )
    assert without.total.surfaced["GET"] > 0
    assert layered.broken == []
    assert layered.total.surfaced["POST"] <= without.total.surfaced["POST"]
