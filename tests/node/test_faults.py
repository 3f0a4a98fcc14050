"""Whatever goes wrong in our code, the calls go on as without the layer, and one line says what happened."""

from __future__ import annotations

import re

import pytest

from tests.node.interpreter import PRELOAD, NodeInterpreter
from tests.support.origin import Origin

# What others call of each module; those are loaded by the first request, so that a test can break it before.
EXPORTS = {
    "identity": ("currentSurroundings", "identify", "isLoopback", "refusedAddress", "render"),
    "idle": ("add", "discard", "find", "forget", "park", "remove", "review", "unpark"),
    "idle_limits": ("hinted", "hintedTimeout", "hungUp", "limitOf"),
    "keep_open": ("keepOpen", "mayKeepOpen"),
    "misses": ("discarded", "opened"),
    "redispatch": ("cancel", "hearsErrors", "isHangUp", "refused", "sent", "watched"),
    "repeatable": ("mayRepeat",),
    "requests": ("mayShare", "originOf"),
    "runtime": ("generation",),
    "stats": ("connectError", "discarded", "notReused", "opened", "request", "spared"),
    "sticky": ("merged", "originOf", "store"),
    "undici_agents": ("requestsOf",),
    "undici_connections": ("field", "giveUp", "originOf", "portOf"),
    "thaw": ("isDue", "isEnding", "settle"),
    "unread": ("came", "shown"),
}
METHODS = ("Connection.prototype.mayStay", "Connection.prototype.expired", "Instant.prototype.elapsed")
BROKEN = [f"{module}.{name}" for module, names in EXPORTS.items() for name in names]
BROKEN += [f"connection.{method}" for method in METHODS]
BROKEN_OBSERVING = ["idle.park", "identity.identify", "misses.opened", "keep_open.mayKeepOpen", "stats.request"]
# Looked up at each request: these are broken after the first one.
LATE = ["observe.attached", "observe.answered", "opening.policy.find", "opening.policy.begun", "opening.policy.closed"]

CODE = """
    if (names.late) await send(names.url);
    const path = names.broken.split('.');
    let owner = require(`${names.directory}/${path.shift()}.cjs`);
    while (path.length > 1) owner = owner[path.shift()];
    if (typeof owner[path[0]] !== 'function') throw new Error(names.broken);
    owner[path[0]] = () => { throw new Error('broken'); };
    for (let each = 0; each < 4; each += 1) {
      await send(names.url, { agent: new https.Agent() });
      const agent = new https.Agent({ keepAlive: true });
      await Promise.all([send(names.url, { agent, method: 'POST' }, 'body'), send(names.url, { agent: false })]);
      agent.destroy();
      await (await fetch(names.url)).text();
    }
"""


@pytest.mark.parametrize(
    ("broken", "mode"), [(name, "on") for name in BROKEN] + [(name, "observe") for name in BROKEN_OBSERVING + LATE]
)
def test_calls_go_on(run: NodeInterpreter, origin: Origin, broken: str, mode: str) -> None:
    said = r"(lambda-keepalive: fault in [\w ]+ \(Error: broken\); going on without the layer; [^\n]+\n)*"
    environ = {"KEEPALIVE_MODE": mode, "KEEPALIVE_STICKY_HOSTS": "*" if broken.startswith("sticky") else ""}
    names = {"url": origin.url, "broken": broken, "late": broken in LATE, "directory": str(PRELOAD.parent)}
    run(CODE, stderr=said, environ=environ, **names)
    assert origin.received == 16 + (broken in LATE)


def test_the_list_is_complete() -> None:
    """But for what a test of its own is for, and what is no function."""
    for module, names in EXPORTS.items():
        text = PRELOAD.with_name(f"{module}.cjs").read_text()
        exported = set(re.findall(r"\w+", text[text.rindex("module.exports") :].partition("{")[2]))
        known = {"NOT_OURS", "OPTIONS", "install", "troubled", "nearlyFree", "open", "reviews", "Invocation"}
        known |= {"idleCount", "replayed", "follow", "watch", "matches", "policy"}
        assert exported - known == set(names), module
