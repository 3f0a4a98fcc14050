from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Hashable, Iterator

import pytest
from lambda_keepalive.pool import connection as this_process
from lambda_keepalive.pool.connection import Connection
from lambda_keepalive.pool.idle import IdlePool
from lambda_keepalive.pool.limits import Limits

from tests.unit.connections import Peer

Discarded = list[tuple[Connection, str]]


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> tuple[float, float]:
        return self.seconds, self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def discarded() -> Discarded:
    return []


@pytest.fixture
def pool(clock: Clock, discarded: Discarded) -> IdlePool:
    limits = Limits(max_idle_per_host=3, max_idle=5, idle_timeout=60, max_lifetime=1e9)
    return IdlePool(limits, lambda connection, reason: discarded.append((connection, reason)), clock)


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., Peer]]:
    peers = []

    def peer(key: Hashable = "key") -> Peer:
        peers.append(Peer(key, origin=str(key), opened=clock(), idle_since=clock()))
        return peers[-1]

    yield peer
    for each in peers:
        each.close()


def test_what_is_released_is_acquired_by_an_equal_key_once(pool: IdlePool, make: Callable[..., Peer]) -> None:
    connection = make(("host", 1)).connection
    pool.release(connection)
    assert len(pool) == pool.idle_count() == 1
    assert pool.acquire(("host", 2)) is None
    assert pool.acquire(("host", 1)) is connection
    assert pool.acquire(("host", 1)) is None
    assert len(pool) == 0


def test_the_last_one_in_is_the_first_one_out(pool: IdlePool, make: Callable[..., Peer]) -> None:
    connections = [make().connection for _ in range(3)]
    for connection in connections:
        pool.release(connection)
    assert [pool.acquire("key") for _ in range(3)] == connections[::-1]


def test_of_one_identity_the_oldest_gives_way(pool: IdlePool, make: Callable[..., Peer], discarded: Discarded) -> None:
    peers = [make() for _ in range(4)]
    for peer in peers:
        pool.release(peer.connection)
    assert discarded == [(peers[0].connection, "overflow")]
    assert [peer.closed for peer in peers] == [True, False, False, False]


def test_the_identities_of_one_host_share_its_limit(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded
) -> None:
    peers = [make(key) for key in "abcd"]
    for peer in peers:
        peer.connection.origin = "https://host:443"
        pool.release(peer.connection)
    assert discarded == [(peers[0].connection, "overflow")]
    assert len(pool) == 3


def test_of_all_the_identity_unused_for_longest_gives_way(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded
) -> None:
    peers = {key: make(key) for key in "abcde"}
    for peer in peers.values():
        pool.release(peer.connection)
    pool.release(pool.acquire("a"))
    pool.release(make("f").connection)
    assert discarded == [(peers["b"].connection, "overflow")]
    assert len(pool) == 5


@pytest.mark.parametrize("limits", [Limits(max_idle=0), Limits(max_idle_per_host=0)])
def test_a_limit_of_zero_keeps_nothing(limits: Limits, make: Callable[..., Peer]) -> None:
    pool = IdlePool(limits, lambda connection, reason: None)
    peer = make()
    pool.release(peer.connection)
    assert len(pool) == 0
    assert peer.closed


def test_expired_and_stale_ones_are_closed_on_the_way(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded, clock: Clock
) -> None:
    old, stale, good = make(), make(), make()
    pool.release(good.connection)
    clock.seconds += 50
    pool.release(old.connection)
    old.connection.idle_since = (0, 0)
    pool.release(stale.connection)
    stale.end.close()
    assert pool.acquire("key") is good.connection
    assert discarded == [(stale.connection, "stale"), (old.connection, "idle")]
    assert old.closed
    assert stale.closed


def test_the_check_closes_what_went_bad_and_keeps_the_order_of_the_rest(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded
) -> None:
    first, stale, last = make(), make(), make()
    for peer in (first, stale, last):
        pool.release(peer.connection)
    stale.end.sendall(b"surplus")
    pool.check()
    assert discarded == [(stale.connection, "stale")]
    assert [pool.acquire("key"), pool.acquire("key")] == [last.connection, first.connection]


def test_after_the_interpreters_end_nothing_is_kept(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded
) -> None:
    before, after = make(), make()
    pool.release(before.connection)
    pool.close()
    pool.release(after.connection)
    assert [reason for _, reason in discarded] == ["exit", "exit"]
    assert before.closed
    assert after.closed


def test_a_connection_of_the_parent_is_neither_kept_nor_used(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, brought = make(), make()
    pool.release(kept.connection)
    monkeypatch.setattr(this_process, "generation", this_process.generation + 1)
    pool.release(brought.connection)
    assert pool.acquire("key") is None
    assert [reason for _, reason in discarded] == ["process", "process"]


def test_a_forked_child_starts_with_an_empty_pool_whatever_lock_was_held(
    pool: IdlePool, make: Callable[..., Peer]
) -> None:
    peer = make()
    pool.release(peer.connection)
    pool._lock.acquire()
    pool.after_fork()
    assert len(pool) == 0
    assert peer.closed
    assert pool.acquire("key") is None


def test_a_release_from_a_finalizer_while_the_lock_is_held_waits_for_nothing(
    pool: IdlePool, make: Callable[..., Peer]
) -> None:
    connection = make().connection

    class Forgotten:
        def __del__(self) -> None:
            pool.release(connection)

    forgotten = Forgotten()
    forgotten.itself = forgotten
    del forgotten
    with pool._lock:
        gc.collect()
        assert len(pool) == 1
    assert pool.acquire("key") is connection


def test_an_acquire_from_within_the_pool_is_a_miss_and_no_deadlock(pool: IdlePool, make: Callable[..., Peer]) -> None:
    pool.release(make().connection)
    with pool._lock:
        assert pool.acquire("key") is None
    assert pool.acquire("key") is not None


def test_lenders_are_asked_last_and_what_they_lend_is_judged(
    pool: IdlePool, make: Callable[..., Peer], discarded: Discarded
) -> None:
    own, lent, stale = make(), make(), make()
    stale.end.close()

    class Lender:
        def __init__(self) -> None:
            self.held = [lent.connection, stale.connection]

        def lend(self, key: Hashable) -> Connection | None:
            return self.held.pop() if self.held else None

        def review(self, judge: object) -> None:
            pass

        def count(self) -> int:
            return len(self.held)

    pool.lenders.append(Lender())
    pool.release(own.connection)
    assert pool.idle_count() == 3
    assert [pool.acquire("key") for _ in range(3)] == [own.connection, lent.connection, None]
    assert discarded == [(stale.connection, "stale")]


def test_under_threads_each_connection_has_one_holder_at_a_time(make: Callable[..., Peer]) -> None:
    pool = IdlePool(
        Limits(max_idle_per_host=100, max_lifetime=1e9), lambda connection, reason: None, lambda: (1.0, 1.0)
    )
    connections = [make().connection for _ in range(4)]
    for connection in connections:
        connection.opened = (1.0, 1.0)
        pool.release(connection)
    holders = {id(connection): threading.Lock() for connection in connections}
    wrong = []

    def work() -> None:
        for _ in range(300):
            connection = pool.acquire("key")
            if connection is not None:
                if not holders[id(connection)].acquire(blocking=False):
                    wrong.append(connection)
                    continue
                holders[id(connection)].release()
                pool.release(connection)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pool) == 4


def test_the_generation_counts_forks() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(this_process.generation).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 10)) == this_process.generation + 1
    os.close(reader)
    os.close(writer)
