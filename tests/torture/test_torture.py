"""The promises of docs/reliability.md under freezes and betrayals: a small part of what `make torture` plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.betrayals import BETRAYALS, POSSIBLE
from tests.torture.callers import ASYNC, CALLERS
from tests.torture.cycles import KEPT, play
from tests.torture.origins import World

# Any seed will do; a fixed one makes a failure come again.
SEED = 1
CYCLES, CYCLES_ASYNC = 200, 80


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@pytest.mark.parametrize("client", CALLERS)
def test_no_request_is_sent_twice_and_none_fails_that_could_be_seen_to(world: World, client: str) -> None:
    cycles = CYCLES_ASYNC if client in ASYNC else CYCLES
    result = play(world, client, layer=True, cycles=cycles, seed=SEED)
    assert result.broken == []
    assert set(result.by_betrayal) == set(POSSIBLE)


@pytest.mark.parametrize("client", ["requests", "urllib3", "boto3"])
def test_what_must_not_be_sent_again_fails_no_more_often_than_without_the_layer(world: World, client: str) -> None:
    """In the traps, where no clock and no race decides; a client that is kept, as without the layer.

    Not httpx, which lets go of a connection that was idle for five seconds: on a busy machine that is a race, too.
    """
    traps = [name for name in POSSIBLE if BETRAYALS[name].trap]
    today, layered = (
        play(world, client, layer=layer, cycles=CYCLES, seed=SEED, uses=KEPT, names=traps, together=False).total
        for layer in (False, True)
    )
    assert today.surfaced["GET"] > 0
    assert layered.surfaced["POST"] <= today.surfaced["POST"]
