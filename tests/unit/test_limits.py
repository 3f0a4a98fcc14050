from __future__ import annotations

import pytest
from lambda_keepalive.pool.connection import elapsed
from lambda_keepalive.pool.limits import Limits, expired

from tests.unit.connections import Peer

START = (1000.0, 1_800_000_000.0)

# Seconds on the monotonic clock, seconds on the wall clock since a connection became idle, verdict.
CLOCKS = [
    (0, 0, None),
    (344, 344, None),
    (345, 345, "idle"),
    (1, 345, "idle"),  # frozen: timers stood still
    (345, 1, "idle"),
    (1, 3600, "idle"),
    (-1, 10, "clock"),  # a snapshot was restored
    (10, -0.5, None),  # NTP at work
    (10, -2, "clock"),  # the wall clock was set back
    (-0.001, 0, "clock"),
]

# What the server's Keep-Alive said, seconds idle, verdict.
HINTS = [
    (None, 344, None),
    (5, 3.9, None),
    (5, 4, "idle"),
    (2, 0.9, None),
    (2, 1, "idle"),
    (1, 0.4, None),
    (1, 0.5, "idle"),
    (0, 0, "idle"),
    (3600, 344, None),
    (3600, 345, "idle"),
]


@pytest.mark.parametrize(("monotonic", "wall", "verdict"), CLOCKS)
def test_the_larger_gap_of_two_clocks_counts_and_a_negative_one_is_distrusted(
    monotonic: float, wall: float, verdict: str | None
) -> None:
    peer = Peer(idle_since=START, opened=START)
    now = START[0] + monotonic, START[1] + wall
    assert expired(peer.connection, now, Limits(max_lifetime=10_000)) == verdict
    peer.close()


@pytest.mark.parametrize(("hint", "idle", "verdict"), HINTS)
def test_the_servers_hint_lowers_the_idle_timeout_with_a_margin(
    hint: float | None, idle: float, verdict: str | None
) -> None:
    peer = Peer(idle_since=START, opened=START, idle_timeout=hint)
    now = START[0] + idle, START[1] + idle
    assert expired(peer.connection, now, Limits(max_lifetime=10_000)) == verdict
    peer.close()


@pytest.mark.parametrize(("jitter", "ends"), [(0, 600), (0.5, 570), (1, 540)])
def test_lifetime_counts_from_the_opening_less_up_to_a_tenth(jitter: float, ends: float) -> None:
    peer = Peer(opened=START, idle_since=START, jitter=jitter)
    limits = Limits(idle_timeout=10_000)
    assert expired(peer.connection, (START[0] + ends - 1, START[1] + ends - 1), limits) is None
    assert expired(peer.connection, (START[0] + ends, START[1] + ends), limits) == "lifetime"
    peer.close()


def test_connections_that_are_opened_together_do_not_end_together() -> None:
    peers = [Peer() for _ in range(50)]
    shares = {peer.connection.jitter for peer in peers}
    assert len(shares) > 10
    assert all(0 <= share <= 1 for share in shares)
    for peer in peers:
        peer.close()


@pytest.mark.parametrize(("requests", "verdict"), [(0, None), (999, None), (1000, "requests"), (1001, "requests")])
def test_a_connection_carries_so_many_requests(requests: int, verdict: str | None) -> None:
    peer = Peer(idle_since=START, opened=START, requests=requests)
    assert expired(peer.connection, START, Limits()) == verdict
    peer.close()


def test_elapsed_is_the_larger_gap() -> None:
    assert elapsed((0, 0), (1, 3)) == 3
    assert elapsed((0, 0), (3, 1)) == 3
    assert elapsed((0, 0), (3, -0.9)) == 3
