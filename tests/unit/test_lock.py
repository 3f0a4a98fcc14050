"""The lock of what threads share is free again, whenever a signal handler raises."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from lambda_keepalive.lock import Lock

ALARMS = 2000
# Seconds until the alarm: the loop below has gone round some times.
SOON = 0.00002


class Alarm(BaseException):
    pass


@pytest.fixture
def _alarms() -> Iterator[None]:
    def ring(number: int, frame: Any) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("_alarms")
def test_no_signal_leaves_it_taken() -> None:
    lock = Lock()
    for _ in range(ALARMS):
        try:
            signal.setitimer(signal.ITIMER_REAL, SOON)
            while True:
                with lock:
                    pass
        except Alarm:
            pass
        assert not lock._is_owned()  # type: ignore[attr-defined]


def test_its_holder_takes_it_again_and_others_wait() -> None:
    lock = Lock()
    got = threading.Event()

    def take() -> None:
        with lock:
            got.set()

    other = threading.Thread(target=take)
    with lock:
        with lock:
            other.start()
        assert not got.is_set()
    other.join()
    assert got.is_set()
