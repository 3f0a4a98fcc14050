from __future__ import annotations

import pytest
from lambda_keepalive.pool.connection import Connection, Instant
from lambda_keepalive.pool.idle_limits import DOUBLINGS, LONGEST_HOLDING, MAX_ORIGINS, IdleLimits

START = (1000.0, 1_800_000_000.0)
ORIGIN = "http://host:80"


class Clock:
    """Both clocks; the tests move them."""

    def __init__(self) -> None:
        self.now = START

    def wait(self, seconds: float) -> Instant:
        self.now = self.now[0] + seconds, self.now[1] + seconds
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits() -> IdleLimits:
    return IdleLimits(345)


def found_dead(limits: IdleLimits, clock: Clock, after: float, opened: Instant | None = None) -> None:
    """A connection that became idle at once and was opened when it did, unless said otherwise."""
    connection = Connection(None, None, ORIGIN)  # type: ignore[arg-type]
    connection.opened, connection.idle_since = opened or clock.now, clock.now
    limits.hung_up(connection, clock.wait(after))


def test_nothing_is_known_at_first(limits: IdleLimits) -> None:
    assert limits.of(ORIGIN, START) == 345


def test_the_last_word_of_a_server_counts_and_so_does_its_silence(limits: IdleLimits) -> None:
    limits.hinted(ORIGIN, 20)
    assert limits.of(ORIGIN, START) == 19
    limits.hinted(ORIGIN, 5)
    assert limits.of(ORIGIN, START) == 4
    limits.hinted(ORIGIN, 3600)
    assert limits.of(ORIGIN, START) == 345
    limits.hinted(ORIGIN, 5)
    limits.hinted(ORIGIN, None)
    assert limits.of(ORIGIN, START) == 345
    assert limits.of("http://other:80", START) == 345


@pytest.mark.parametrize(("idle", "limit"), [(300, 180), (60, 36), (5, 3), (2, 1.2), (1.5, 1), (1, 345), (0.1, 345)])
def test_a_hang_up_lowers_the_limit_below_the_pause_unless_that_was_none(
    limits: IdleLimits, clock: Clock, idle: float, limit: float
) -> None:
    found_dead(limits, clock, idle)
    assert limits.of(ORIGIN, clock.now) == limit
    assert limits.of("http://other:80", clock.now) == 345


def test_the_lowest_of_word_and_deed_counts(limits: IdleLimits, clock: Clock) -> None:
    limits.hinted(ORIGIN, 21)
    found_dead(limits, clock, 100)
    assert limits.of(ORIGIN, clock.now) == 20
    found_dead(limits, clock, 10)
    assert limits.of(ORIGIN, clock.now) == 6


@pytest.mark.parametrize(("pause", "grown"), [(60, [36, 36, 72, 72, 144, 144, 288, 288, 345]), (5, [3, 6, 12, 24, 48])])
def test_after_two_such_pauses_or_a_minute_it_may_be_as_long_again(
    limits: IdleLimits, clock: Clock, pause: float, grown: list[float]
) -> None:
    found_dead(limits, clock, pause)
    for limit in grown:
        assert limits.of(ORIGIN, clock.now) == limit
        clock.wait(60)


def test_a_server_that_goes_on_hanging_up_is_tried_less_and_less_often(limits: IdleLimits, clock: Clock) -> None:
    """Its idle time is 60 s and the pauses are 90: how long until a pause as long is allowed again?"""
    waits = []
    for _ in range(9):
        found_dead(limits, clock, 90)
        waited = 0
        while limits.of(ORIGIN, clock.now) <= 90:
            clock.wait(30)
            waited += 30
        waits.append(waited)
    assert waits[:4] == [180, 360, 720, 1440]
    assert waits[-1] == LONGEST_HOLDING


def test_many_connections_of_one_restart_are_one_hang_up(limits: IdleLimits, clock: Clock) -> None:
    opened = clock.now
    found_dead(limits, clock, 60, opened)
    for _ in range(8):
        found_dead(limits, clock, 90, opened)
    clock.now = START[0] + 60 + 2 * 60, START[1] + 60 + 2 * 60
    assert limits.of(ORIGIN, clock.now) == 72, "not held for longer"


def test_of_one_restart_the_shortest_pause_counts(limits: IdleLimits, clock: Clock) -> None:
    opened = clock.now
    found_dead(limits, clock, 100, opened)
    found_dead(limits, clock, 10, opened)
    assert limits.of(ORIGIN, clock.now) == 6


def test_a_later_find_never_raises_the_limit(limits: IdleLimits, clock: Clock) -> None:
    found_dead(limits, clock, 10)
    found_dead(limits, clock, 55)
    assert limits.of(ORIGIN, clock.now) == 6


def test_whatever_happened_is_forgotten_in_the_end(limits: IdleLimits, clock: Clock) -> None:
    for _ in range(20):
        found_dead(limits, clock, 1.5)
    assert limits.of(ORIGIN, clock.now) == 1
    clock.wait(DOUBLINGS * LONGEST_HOLDING)
    assert limits.of(ORIGIN, clock.now) == 345
    found_dead(limits, clock, 60)
    assert limits.of(ORIGIN, clock.wait(2 * 60)) == 72, "caution begins anew"


@pytest.mark.parametrize(
    ("monotonic", "wall", "limit"),
    [(120, 0, 72), (0, 120, 72), (120, 120, 72), (60, -5, 345), (-1, 60, 345), (-600, -600, 345)],
)
def test_the_larger_gap_of_two_clocks_counts_and_one_that_went_backwards_ends_it(
    limits: IdleLimits, clock: Clock, monotonic: float, wall: float, limit: float
) -> None:
    found_dead(limits, clock, 60)
    assert limits.of(ORIGIN, (clock.now[0] + monotonic, clock.now[1] + wall)) == limit


def test_a_find_by_a_clock_that_went_backwards_says_nothing(limits: IdleLimits, clock: Clock) -> None:
    found_dead(limits, clock, -60)
    assert limits.of(ORIGIN, clock.now) == 345


def test_what_is_remembered_is_bounded(limits: IdleLimits, clock: Clock) -> None:
    found_dead(limits, clock, 60)
    for number in range(MAX_ORIGINS * 2):
        limits.hinted(f"http://host-{number}:80", 5)
        other = Connection(None, None, f"http://host-{number}:80")  # type: ignore[arg-type]
        other.opened = other.idle_since = clock.now
        limits.hung_up(other, (clock.now[0] + 9, clock.now[1] + 9))
    assert max(len(limits._hints), len(limits._hang_ups)) <= MAX_ORIGINS
