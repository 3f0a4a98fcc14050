"""What the processes of a sandbox print, kept as CloudWatch Logs keeps it: one event per line.

One thread reads every stream, so that lines of different processes keep the order in which they arrived,
and so that `drain` can promise that everything written before the call has been read.
"""

import contextlib
import json
import os
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Larger than any pipe or socket buffer used here (64 KiB and 208 KiB by default on Linux): one read empties
# it.
READ_SIZE = 1 << 20


@dataclass(frozen=True)
class Line:
    """One line without its newline, and the process that wrote it: "runtime" or the name of an extension."""

    source: str
    text: str

    @property
    def emf(self) -> dict[str, Any] | None:
        """The line as an object in CloudWatch's embedded metric format; None for every other line."""
        if not self.text.startswith("{"):
            return None
        try:
            document = json.loads(self.text)
        except ValueError:
            return None
        return document if isinstance(document, dict) and "_aws" in document else None


class Output:
    """The lines of all streams handed to `add`, until `close`."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._partial: dict[int, bytes] = {}
        self._changed = threading.Condition()
        self._arriving: list[tuple[str, int]] = []
        self._drains_asked = 0
        self._drains_done = 0
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._read_until_closed, name="output", daemon=True)
        self._thread.start()

    def add(self, source: str, descriptor: int) -> None:
        """Read lines from this descriptor until its end, then close it; from here on it is ours."""
        os.set_blocking(descriptor, False)
        with self._changed:
            self._arriving.append((source, descriptor))
        self._wake()

    def drain(self) -> None:
        """Return when every complete line that was written before this call is in `lines`."""
        with self._changed:
            self._drains_asked += 1
            mine = self._drains_asked
        self._wake()
        with self._changed:
            self._changed.wait_for(lambda: self._drains_done >= mine or self._closing)

    def lines(self, start: int = 0) -> list[Line]:
        """A copy of the lines read so far, from index `start`."""
        with self._changed:
            return self._lines[start:]

    def __len__(self) -> int:
        with self._changed:
            return len(self._lines)

    def wait_for(self, predicate: Callable[[Line], bool], timeout: float) -> Line:
        """The first line, past or coming, that satisfies the predicate; TimeoutError after `timeout` s."""
        seen = 0
        found: list[Line] = []

        def arrived() -> bool:
            nonlocal seen
            fresh, seen = self._lines[seen:], len(self._lines)
            found.extend(line for line in fresh if predicate(line))
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(arrived, timeout):
                printed = "\n".join(f"  {line.source}: {line.text}" for line in self._lines)
                raise TimeoutError(f"no such line within {timeout} s; printed so far:\n{printed}")
        return found[0]

    def close(self) -> None:
        """Read what is there, keep an unfinished last line as it is, and let go of every stream."""
        with self._changed:
            self._closing = True
        self._wake()
        self._thread.join()
        self._wake_writer.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # closed: there is nothing left to wake
            self._wake_writer.send(b"w")

    def _read_until_closed(self) -> None:
        closing = False
        while not closing:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._wake_reader.recv(READ_SIZE)  # before looking at what is asked: a later wish wakes us again
                else:
                    self._read(key.data, key.fd)
            with self._changed:
                arriving, self._arriving = self._arriving, []
                asked, closing = self._drains_asked, self._closing
            for source, descriptor in arriving:
                self._selector.register(descriptor, selectors.EVENT_READ, source)
            if closing or asked > self._drains_done:
                for source, descriptor in self._streams():
                    self._read(source, descriptor)
                with self._changed:
                    self._drains_done = asked
                    self._changed.notify_all()
        for source, descriptor in self._streams():
            self._end(source, descriptor)
        self._selector.close()
        self._wake_reader.close()

    def _streams(self) -> list[tuple[str, int]]:
        return [(key.data, key.fd) for key in self._selector.get_map().values() if key.data is not None]

    def _read(self, source: str, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # a worker's socket that was reset ends like a pipe
            data = b""
        if not data:
            self._end(source, descriptor)
            return
        *complete, rest = (self._partial.get(descriptor, b"") + data).split(b"\n")
        self._partial[descriptor] = rest
        self._keep(source, complete)

    def _end(self, source: str, descriptor: int) -> None:
        rest = self._partial.pop(descriptor, b"")
        self._selector.unregister(descriptor)
        os.close(descriptor)
        if rest:
            self._keep(source, [rest])

    def _keep(self, source: str, texts: list[bytes]) -> None:
        with self._changed:
            self._lines.extend(Line(source, text.decode("utf-8", "replace")) for text in texts)
            self._changed.notify_all()
