"""Packets between two ends, without any network."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.local.delay import forwarder
from tests.local.delay.forwarder import Forwarder


class Ends:
    """A forwarder that runs in a thread, and the two sockets in the place of networks."""

    def __init__(self, delay: float) -> None:
        self.near, near_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.far, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sockets = [self.near, self.far, near_end, far_end]
        for end in (near_end, far_end):
            end.setblocking(False)
        self.forwarder = Forwarder((near_end.fileno(), far_end.fileno()), delay)
        self._until, self._end = os.pipe()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.forwarder.run, args=(self._until,))
        thread.start()
        try:
            yield
        finally:
            os.write(self._end, b".")
            thread.join()
            os.read(self._until, 1)

    def close(self) -> None:
        for one in self._sockets:
            one.close()
        os.close(self._until)
        os.close(self._end)


@contextlib.contextmanager
def ends(delay: float = 0.0) -> Iterator[Ends]:
    with contextlib.closing(Ends(delay)) as made:
        for end in (made.near, made.far):
            end.settimeout(10)
        yield made


def test_a_packet_arrives_after_the_delay_and_not_before() -> None:
    with ends(delay=0.05) as line, line.running():
        sent = time.monotonic()
        line.near.send(b"packet")
        assert line.far.recv(99) == b"packet"
        assert time.monotonic() - sent >= 0.05


def test_packets_of_both_directions_keep_their_order() -> None:
    with ends(delay=0.01) as line, line.running():
        for number in range(20):
            line.near.send(b"there %d" % number)
            line.far.send(b"back %d" % number)
        assert [line.far.recv(99) for _ in range(20)] == [b"there %d" % number for number in range(20)]
        assert [line.near.recv(99) for _ in range(20)] == [b"back %d" % number for number in range(20)]
    assert (line.forwarder.carried, line.forwarder.lost) == (40, 0)


def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarder, "MOST_WAITING", 3)
    with ends(delay=0.05) as line:
        for number in range(5):
            line.near.send(b"%d" % number)
        with line.running():
            assert [line.far.recv(99) for _ in range(3)] == [b"0", b"1", b"2"]
    assert (line.forwarder.carried, line.forwarder.lost) == (3, 2)


def test_what_is_on_its_way_is_lost_too() -> None:
    with ends(delay=0.05) as line:
        with line.running():
            line.near.send(b"lost")
            wait_until(lambda: len(line.forwarder.waiting) == 1)
        line.forwarder.dropping = True
        with line.running():
            wait_until(lambda: line.forwarder.lost == 1)
        line.forwarder.dropping = False
        with line.running():
            line.near.send(b"arrives")
            assert line.far.recv(99) == b"arrives"


def wait_until(predicate: Callable[[], bool]) -> None:
    """The forwarder tells nobody what it does, so this asks again and again; pytest ends it if it never happens."""
    while not predicate():
        time.sleep(0.001)
