"""Mixed load on one function: its counters are the servers' own, and nothing grows. `make soak` goes on for an hour."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.mixed_load import mixed_load
from benchmarks.soak import broken
from tests.functions.conftest import built

__all__ = ["built"]

MINUTES = 3
# On a machine that hardly gets on.
ENOUGH = 10
INVOCATIONS, CALLS = 3, 200


@pytest.mark.timeout(600)
def test_counters_are_those_of_the_servers_and_nothing_grows(built: Path, tmp_path: Path) -> None:
    looks = []
    with mixed_load(built, tmp_path, seed=1) as load:
        end = time.monotonic() + 60 * MINUTES
        while time.monotonic() < end or len(looks) < ENOUGH:
            began = time.monotonic()
            for _ in range(INVOCATIONS):
                load.invoke(CALLS)
            looks.append(load.look())
            # Frozen for as long as it worked: the tests beside this one want a processor, too.
            time.sleep(time.monotonic() - began)
    assert load.wrong == []
    assert broken(looks) == []
    assert {look.descriptors for look in looks} == {looks[0].descriptors}
