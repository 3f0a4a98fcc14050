from __future__ import annotations

from lambda_keepalive.pool.addresses import GRACE, MAX_HOSTS, Addresses
from lambda_keepalive.pool.connection import Instant


def at(seconds: float) -> Instant:
    return 1000.0 + seconds, 1_800_000_000.0 + seconds


def test_an_address_that_no_answer_of_the_last_minute_names_is_gone() -> None:
    addresses = Addresses()
    addresses.answered("host", ["192.0.2.1"], at(0))
    assert not addresses
    addresses.answered("host", ["192.0.2.2"], at(GRACE + 1))
    assert addresses.is_gone("host", "192.0.2.1")
    assert not addresses.is_gone("host", "192.0.2.2")


def test_a_name_that_gives_a_few_of_many_addresses_in_turn_loses_none() -> None:
    addresses = Addresses()
    many = [f"192.0.2.{number}" for number in range(8)]
    for second in range(300):
        addresses.answered("host", [many[second % 8], many[(second + 1) % 8]], at(second))
        assert not any(addresses.is_gone("host", address) for address in many)


def test_an_address_that_comes_back_is_good_again() -> None:
    addresses = Addresses()
    addresses.answered("host", ["192.0.2.1"], at(0))
    addresses.answered("host", ["192.0.2.2"], at(100))
    addresses.answered("host", ["192.0.2.1", "192.0.2.2"], at(200))
    assert not addresses.is_gone("host", "192.0.2.1")
    assert not addresses


def test_each_host_has_its_own_addresses() -> None:
    addresses = Addresses()
    for host in ("one", "two"):
        addresses.answered(host, ["192.0.2.1"], at(0))
    addresses.answered("one", ["192.0.2.2"], at(100))
    assert addresses.is_gone("one", "192.0.2.1")
    assert not addresses.is_gone("two", "192.0.2.1")


def test_an_address_that_no_answer_ever_named_is_not_gone() -> None:
    """That of a proxy, for example."""
    addresses = Addresses()
    addresses.answered("host", ["192.0.2.1"], at(0))
    addresses.answered("host", ["192.0.2.2"], at(100))
    assert not addresses.is_gone("host", "198.51.100.1")
    assert not addresses.is_gone("other", "192.0.2.1")


def test_after_a_clock_went_backwards_only_the_present_answer_counts() -> None:
    addresses = Addresses()
    addresses.answered("host", ["192.0.2.1"], at(0))
    addresses.answered("host", ["192.0.2.2"], at(-100))
    assert addresses.is_gone("host", "192.0.2.1")


def test_what_is_remembered_is_bounded() -> None:
    addresses = Addresses()
    for number in range(MAX_HOSTS * 3):
        addresses.answered(f"host-{number}", ["192.0.2.1"], at(0))
        addresses.answered(f"host-{number}", ["192.0.2.2"], at(100))
    assert len(addresses._seen) <= MAX_HOSTS
    assert len(addresses._gone) <= MAX_HOSTS
