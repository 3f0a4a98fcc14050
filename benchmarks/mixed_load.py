"""A function with the layer under mixed load, its servers, and looks at both from outside.

`benchmarks.mixed_calls` runs in a local Lambda, with the extension; the servers run here, over HTTP and HTTPS on
loopback. Between two invocations, while the function is frozen, they hang up on what is idle.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.local.emulator import Emulator
from tests.local.invocation import Invocation
from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[1]
COUNTERS = ("RequestsSent", "RequestsReplayed", "ConnectionsOpened", "ConnectionsReused")

# The longest wait for the servers to notice that they were hung up on; it takes microseconds. Seconds.
SETTLE_S = 5.0


@dataclass(frozen=True)
class Look:
    """What the function holds after so many calls.

    Attributes:
        resident: bytes.
        blocks: that Python's allocator has given out.
        allocated: bytes that the C library's allocator has given out.
        descriptors: open, with one idle connection.
        counts: by name, what the function's counters say and what the servers say.
    """

    calls: int
    resident: int
    blocks: int
    allocated: int
    descriptors: int
    counts: dict[str, tuple[int, int]]

    def disagreements(self) -> list[str]:
        """The counters that differ."""
        pairs = self.counts.items()
        return [f"{name}: {ours}, the servers: {theirs}" for name, (ours, theirs) in pairs if ours != theirs]


class MixedLoad:
    """One function under load.

    Attributes:
        calls: made so far.
        wrong: outcomes of calls that must be others, and lines that the layer printed.
    """

    def __init__(self, function: Emulator, origins: list[Origin], seed: int) -> None:
        self._function = function
        self._origins = origins
        self._rng = random.Random(seed)
        self._counted: Counter[str] = Counter()
        self._lines = 0
        self.calls = 0
        self.wrong: list[str] = []

    def invoke(self, calls: int) -> None:
        """One invocation with so many calls, after a freeze in which the servers hung up on what is idle or did not."""
        deed = self._rng.choice([Origin.close_idle, Origin.reset_idle, Origin.half_close_idle, None])
        for origin in self._origins:
            if deed is not None:
                deed(origin)
        self.wrong += self._invoke(calls).payload
        self.calls += calls

    def look(self) -> Look:
        """Compare the counts, then have the idle connections closed and see what else is held."""
        idle = self._read_metrics(self._invoke(0))
        # What the function has closed, the servers learn a moment later.
        deadline = time.monotonic() + SETTLE_S
        while self._total("open") > idle and time.monotonic() < deadline:
            time.sleep(0.01)
        received, accepted = self._total("received"), self._total("accepted")
        ours = self._counted
        counts = {
            "requests sent and replayed": (ours["RequestsSent"] + ours["RequestsReplayed"], received),
            "connections opened": (ours["ConnectionsOpened"], accepted),
            "requests on a connection used before": (ours["ConnectionsReused"], received - accepted),
            "connections idle": (idle, self._total("open")),
        }
        for origin in self._origins:
            origin.close_idle()
        blocks, allocated = self._invoke(0).payload
        pid = self._function.processes["runtime"]
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        return Look(self.calls, pages * os.sysconf("SC_PAGE_SIZE"), blocks, allocated, descriptors, counts)

    def _total(self, name: str) -> int:
        """The sum of an attribute of the servers."""
        return sum(getattr(origin, name) for origin in self._origins)

    def _invoke(self, calls: int) -> Invocation:
        urls = [origin.url for origin in self._origins]
        invocation = self._function.invoke({"calls": calls, "seed": self._rng.random(), "urls": urls})
        if invocation.error is not None:
            raise RuntimeError(f"the function failed: {invocation.error}")
        return invocation

    def _read_metrics(self, invocation: Invocation) -> int:
        """Add up what was printed for CloudWatch up to this invocation; returns how many connections it left idle."""
        # The extension prints when the record has come, which may be after the thaw.
        self._function.thaw()
        last = self._function.wait_for_line(lambda line: invocation.request_id in line.text)
        lines = self._function.lines[self._lines :]
        self._lines += len(lines)
        for line in lines:
            if line.emf is None:
                self.wrong.append(f"printed: {line.text}")
            else:
                self._counted.update({name: line.emf.get(name, 0) for name in COUNTERS})
        assert last.emf is not None
        idle: int = last.emf["ConnectionsIdle"]
        return idle


@contextmanager
def mixed_load(layer: Path, directory: Path, seed: int) -> Iterator[MixedLoad]:
    """A function that was not invoked yet, with `layer` as its /opt; certificates are written to `directory`."""
    authority = Authority(directory)
    bundle = str(authority.bundle)
    environ = {
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "HTTPLIB2_CA_CERTS"), bundle),
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec",
        "KEEPALIVE_LOOPBACK": "1",
        "KEEPALIVE_METRICS": "all",
    }
    with (
        Origin(keep_requests=False) as plain,
        Origin(authority, keep_requests=False) as secure,
        Emulator(
            handler="benchmarks.mixed_calls.handler", task_root=ROOT, layer=layer, environ=environ, memory=512
        ) as function,
    ):
        yield MixedLoad(function, [plain, secure], seed)
