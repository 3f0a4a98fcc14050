"""Carries packets between two descriptors, each a fixed time after it came."""

import os
import select
import time
from collections import deque

# What a router's default queue holds (txqueuelen of Ethernet). What comes to a full one is lost, and TCP slows down.
MOST_WAITING = 1000

# Above the MTU of a TUN device (1500 bytes), so that no packet is cut.
PACKET_SIZE = 2048


class Forwarder:
    """Two ends and the packets between them.

    Args:
        ends: non-blocking descriptors that give and take one packet at a time.
        delay: seconds for one way.

    Attributes:
        dropping: whether packets get lost in silence, those that are on their way at the moment included.
        carried, lost: packets so far.
        waiting: those on their way: when each is due, to which end, and what.
    """

    def __init__(self, ends: tuple[int, int], delay: float) -> None:
        self.dropping = False
        self.carried = 0
        self.lost = 0
        self._delay = delay
        self._opposite = {ends[0]: ends[1], ends[1]: ends[0]}
        # The delay is the same both ways, so who came first is due first.
        self.waiting: deque[tuple[float, int, bytes]] = deque()

    def run(self, until: int) -> None:
        """Carry packets until the descriptor `until` is readable; call again to go on."""
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            readable, _, _ = select.select([until, *self._opposite], [], [], timeout)
            if until in readable:
                return
            for end in readable:
                self._take(end)
            self._give()

    def _take(self, end: int) -> None:
        """Take all the packets that have come to an end."""
        due = time.monotonic() + self._delay
        while True:
            try:
                packet = os.read(end, PACKET_SIZE)
            except BlockingIOError:
                return
            if self.dropping or len(self.waiting) >= MOST_WAITING:
                self.lost += 1
            else:
                self.waiting.append((due, self._opposite[end], packet))

    def _give(self) -> None:
        """Pass on the packets whose time has come."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, end, packet = self.waiting.popleft()
            try:
                if self.dropping:
                    raise BlockingIOError
                os.write(end, packet)
                self.carried += 1
            except OSError:  # a receiver without room loses packets, as on any network
                self.lost += 1
