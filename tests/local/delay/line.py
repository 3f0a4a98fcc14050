"""The delay line, as a program in Python uses it."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.local.network import Network

# The directory that holds the package `tests`.
ROOT = Path(__file__).resolve().parents[3]

# Ending takes milliseconds; a machine under load may need many times that. Seconds.
EXIT_TIMEOUT_S = 30.0


class Unavailable(Exception):
    """There can be no delay line here; the text says why, in one line."""


class DelayLine:
    """Two networks in which programs reach each other over a slow line, from `with` to the end of the block.

    Start the server inside `with line.far.entered()`, listening on `far_address`, and its clients inside
    `with line.near.entered()`. The packets are carried by a process of its own, which ends with the block and also
    when this process dies.

    Attributes:
        near, far: the networks.
        near_address, far_address: the IPv4 address of each on the line.
        pid: of the process that carries the packets.
    """

    def __init__(self, delay: float) -> None:
        """`delay` is for one way, in seconds; a round trip takes two."""
        self._delay = delay

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.local.delay", "--milliseconds", str(self._delay * 1000)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.pid = self._process.pid
        try:
            ready = self._answer()
            self.near_address, self.far_address = ready["near_address"], ready["far_address"]
            with contextlib.ExitStack() as entered:
                self.near = entered.enter_context(Network(ready["near"]))
                self.far = entered.enter_context(Network(ready["far"]))
                self._visited = entered.pop_all()
        except BaseException:
            self._process.communicate(timeout=EXIT_TIMEOUT_S)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._visited.close()
        self._process.communicate(timeout=EXIT_TIMEOUT_S)  # closes its stdin, which ends it

    def drop(self) -> dict[str, int]:
        """Lose all packets in silence, also those on their way; returns how many were `carried` and `lost` so far."""
        return self._order("drop")

    def resume(self) -> dict[str, int]:
        """Carry packets again; returns how many were `carried` and `lost` so far."""
        return self._order("resume")

    def _order(self, command: str) -> dict[str, int]:
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)
        return {name: int(value) for name, value in self._answer().items()}

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, complaint = self._process.communicate(timeout=EXIT_TIMEOUT_S)
            raise Unavailable(complaint.strip())
        answer: dict[str, str] = json.loads(line)
        return answer
