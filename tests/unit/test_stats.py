from __future__ import annotations

import threading

from lambda_keepalive.stats import MAX_ORIGINS, OTHER_ORIGINS, Stats

ORIGIN = "https://a.test:443"


def test_taking_starts_again_at_zero() -> None:
    stats = Stats()
    stats.request(ORIGIN, False)
    assert stats.take().total("requests") == 1
    assert stats.take().total("requests") == 0
    assert stats.peek().origins == {}


def test_time_saved_is_a_mean_connect_of_the_process_for_each_reuse() -> None:
    stats = Stats()
    stats.opened(ORIGIN, 10, True)
    stats.opened(ORIGIN, 20, True)
    stats.take()
    stats.request(ORIGIN, True)
    stats.request("http://never.opened:80", True)
    assert stats.take().saved_ms == 15


def test_beyond_a_number_of_origins_the_rest_is_one() -> None:
    stats = Stats()
    for number in range(MAX_ORIGINS + 50):
        stats.request(f"http://{number}.test:80", False)
        stats.opened(f"http://{number}.test:80", 1, False)
    counted = stats.take()
    assert len(counted.origins) == MAX_ORIGINS + 1
    assert counted.origins[OTHER_ORIGINS].requests == 50
    assert counted.total("requests") == counted.total("opened") == MAX_ORIGINS + 50


def test_the_listener_hears_of_the_first_request_of_each_invocation_and_of_slow_events() -> None:
    stats, heard = Stats(), []

    def listen() -> None:
        heard.append((stats.peek().total("requests"), stats.peek().total("opened"), stats.peek().total("stale")))

    stats.notable = listen
    stats.request(ORIGIN, True)
    stats.request(ORIGIN, True)
    stats.opened(ORIGIN, 1, True)
    stats.discarded(ORIGIN, "idle")
    stats.discarded(ORIGIN, "stale")
    assert heard == [(1, 0, 0), (2, 1, 0), (2, 1, 1)]
    stats.take()
    stats.request(ORIGIN, True)
    assert heard[3:] == [(1, 0, 0)]


def test_only_stale_is_stale() -> None:
    stats = Stats()
    for reason in ("idle", "overflow", "stale"):
        stats.discarded(ORIGIN, reason)
    counted = stats.take()
    assert counted.discarded == {"idle": 1, "overflow": 1, "stale": 1}
    assert counted.total("stale") == 1


def test_a_forked_child_counts_from_zero_whatever_lock_was_held() -> None:
    stats = Stats()
    stats.request(ORIGIN, False)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with stats._lock:
            taken.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(10)
    stats.after_fork()
    stats.request(ORIGIN, False)
    assert stats.peek().total("requests") == 1
    done.set()
    thread.join()


def test_threads_lose_no_count() -> None:
    stats = Stats()
    threads = [threading.Thread(target=lambda: [stats.request(ORIGIN, False) for _ in range(2000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stats.take().total("requests") == 16000
