"""Mixed load on one function: its counters are the servers' own, and nothing grows. `make soak` goes on for an hour."""

from __future__ import annotations

from pathlib import Path

from benchmarks.mixed_load import mixed_load
from benchmarks.soak import broken
from tests.functions.conftest import built

__all__ = ["built"]

LOOKS, INVOCATIONS, CALLS = 10, 3, 200


def test_counters_are_those_of_the_servers_and_nothing_grows(built: Path, tmp_path: Path) -> None:
    looks = []
    with mixed_load(built, tmp_path, seed=1) as load:
        for _ in range(LOOKS):
            for _ in range(INVOCATIONS):
                load.invoke(CALLS)
            looks.append(load.look())
    assert load.wrong == []
    assert broken(looks) == []
    assert {look.descriptors for look in looks} == {looks[0].descriptors}
