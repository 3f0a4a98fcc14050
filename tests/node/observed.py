"""The same careless calls in Node without the layer, in mode `observe` and in mode `on`, and what the server counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.node.interpreter import PRELOAD, NodeInterpreter
from tests.support.origin import Origin

CALLS = 4

# What the layer has counted is asked of its own module. A turn between two calls is there in every handler.
RUN = """
for (let each = 0; each < names.calls; each += 1) await call(names.url);
if (names.stats === null) return null;
const { running } = require(names.stats);
const total = (counter) => running.total(counter);
return {
  opened: total('opened'), requests: total('requests'), reused: total('reused'), spared: running.spared,
  connectMs: total('connectMs'), sparedMs: running.sparedMs, notReused: Object.fromEntries(running.notReused),
};
"""


@dataclass
class Outcome:
    """Connections and requests by the server's count, and what the layer says; without a mode there is no layer."""

    accepted: int
    received: int
    seen: Any


def outcome(run: NodeInterpreter, origin: Origin, code: str, mode: str | None) -> Outcome:
    accepted, received = origin.accepted, origin.received
    seen = run(
        code + RUN,
        layer=mode is not None,
        environ={"KEEPALIVE_MODE": mode or ""},
        url=origin.url,
        calls=CALLS,
        stats=None if mode is None else str(PRELOAD.with_name("stats.cjs")),
    )
    return Outcome(origin.accepted - accepted, origin.received - received, seen)
