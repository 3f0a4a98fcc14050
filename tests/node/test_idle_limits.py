"""What is learned of an origin's idle time, by its word or from its hang-ups, holds for every client, and not for ever.

The clocks are the tests': `wait(seconds)` moves both, and nobody sleeps. The arithmetic is that of the Python layer,
whose tests tell it (tests/unit/test_idle_limits.py).
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from lambda_keepalive.pool.connection import Connection
from lambda_keepalive.pool.idle_limits import IdleLimits

from tests.node.interpreter import PRELOAD, NodeInterpreter
from tests.support.origin import Exchange, Origin

CLOCKS = """
    let skew = 0;
    for (const clock of [performance, Date]) {
      const { now } = clock;
      clock.now = () => now.call(clock) + skew;
    }
    const wait = (seconds) => (skew += seconds * 1000);
    const limit = () => require(`${names.directory}/stats.cjs`).idleLimit(names.url);
"""
CALLS = {
    "agent per call": "const call = () => send(names.url, { agent: new http.Agent() });",
    "kept agent": "const agent = new http.Agent({ keepAlive: true }); const call = () => send(names.url, { agent });",
    "fetch": "const call = async () => (await fetch(names.url)).text();",
    "undici": """
        const undici = require('undici-7');
        const call = async () => (await undici.request(names.url, { dispatcher: new undici.Agent() })).body.text();
    """,
}
LAYER = str(PRELOAD.parent)


@pytest.mark.parametrize("client", CALLS)
@pytest.mark.parametrize(("pause", "accepted"), [(80, 3), (40, 2)])
def test_a_hang_up_lowers_the_limit_of_its_origin(
    run: NodeInterpreter, plain: Origin, client: str, pause: float, accepted: int
) -> None:
    """Dead after 100 s; the next pause of 80 s is too long, too, and nobody waits to see; one of 40 s is not."""
    code = """
        await call();
        wait(100);
        await act('close');
        await call();
        const learned = limit();
        wait(names.pause);
        await call();
        return learned;
    """
    acts = {"close": plain.close_idle}
    learned = run(CLOCKS + CALLS[client] + code, url=plain.url, directory=LAYER, pause=pause, acts=acts)
    assert 60 <= learned <= 61
    assert (plain.received, plain.accepted) == (3, accepted)


@pytest.mark.parametrize("client", CALLS)
def test_after_a_restart_the_same_pause_is_allowed_again_within_minutes(
    run: NodeInterpreter, plain: Origin, client: str
) -> None:
    code = """
        await call();
        for (let turn = 0; turn < 9; turn += 1) {
          wait(60);
          if (turn === 3) await act('close');
          await call();
        }
    """
    environ = {"KEEPALIVE_MAX_LIFETIME": "86400"}
    run(
        CLOCKS + CALLS[client] + code, url=plain.url, directory=LAYER, acts={"close": plain.close_idle}, environ=environ
    )
    assert plain.received == 10
    # One for the restart itself, and at most three of the minutes after it: one is closed by a timer of theirs.
    assert plain.accepted <= 5
    assert plain.requests[-1].connection_id == plain.requests[-3].connection_id


@pytest.mark.parametrize("client", CALLS)
def test_what_died_unseen_teaches_the_same(run: NodeInterpreter, plain: Origin, client: str) -> None:
    """A gateway that forgets connections says nothing; it is the request that finds out, and is sent again."""
    code = "await call(); wait(100); await act('ambush'); await call(); return limit();"
    acts = {"ambush": plain.ambush_idle}
    assert 60 <= run(CLOCKS + CALLS[client] + code, url=plain.url, directory=LAYER, acts=acts) <= 61
    assert (plain.received, plain.accepted) == (2, 2)


@pytest.mark.parametrize("client", CALLS)
@pytest.mark.parametrize(("pause", "accepted"), [(18, 1), (21, 2)])
def test_the_word_of_a_server_counts(
    run: NodeInterpreter, plain: Origin, client: str, pause: float, accepted: int
) -> None:
    """undici leaves two seconds where Node's agents leave one; neither sees time pass in a freeze."""

    def answer(exchange: Exchange) -> None:
        exchange.respond(200, b"ok", [("Keep-Alive", "timeout=20")])

    plain.route("/", answer)
    code = "await call(); wait(names.pause - 1); await call();"
    run(CLOCKS + CALLS[client] + code, url=plain.url, directory=LAYER, pause=pause)
    assert (plain.received, plain.accepted) == (2, accepted)


def test_what_the_user_ends_teaches_nothing(run: NodeInterpreter, plain: Origin) -> None:
    """An agent that has met an error is destroyed as asked."""
    code = """
        const agent = new http.Agent({ keepAlive: true });
        await send('http://127.0.0.1:1', { agent }).catch(() => {});
        await send(names.url, { agent });
        wait(100);
        agent.destroy();
        await act('closed');
        return limit();
    """
    acts = {"closed": lambda: plain.wait_for(lambda: plain.open == 0)}
    assert run(CLOCKS + code, url=plain.url, directory=LAYER, acts=acts) == 345


def test_why_is_explained(run: NodeInterpreter, plain: Origin) -> None:
    code = CLOCKS + CALLS["agent per call"] + "await call(); wait(100); await act('close'); await call();"
    said = (
        r"\S+ explain: opened \S+ in [\d.]+ ms, not reused: first; idle limit 345 s\n"
        r"\S+ explain: \S+ hung up, found after 100\.\d s; idle limit 60(\.\d+)? s\n"
        r"\S+ explain: opened \S+ in [\d.]+ ms, not reused: stale; idle limit 60(\.\d+)? s\n"
    )
    acts, environ = {"close": plain.close_idle}, {"KEEPALIVE_EXPLAIN": "1"}
    run(code, url=plain.url, directory=LAYER, acts=acts, environ=environ, stderr=said)


def events(seed: int, count: int) -> list[dict[str, Any]]:
    """Any sequence of what can happen to three origins; times in seconds."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        event: dict[str, Any] = {"after": chance.choice([0, 1, 30, 60, 200, 4000]), "backwards": chance.random() < 0.02}
        event["origin"] = chance.choice(["http://a:80", "http://b:80", "http://c:80"])
        event["kind"] = chance.choice(["hung up", "hung up", "hinted", "asked"])
        event["idle"] = chance.choice([0.5, 1, 1.5, 5, 60, 90, 300])
        event["age"] = event["idle"] + chance.choice([0, 10, 1000])
        event["hint"] = chance.choice([None, 1, 5, 20, 3600])
        found.append(event)
    return found


def test_the_arithmetic_is_that_of_the_python_layer(run: NodeInterpreter) -> None:
    happened = events(1, 500)
    limits, clock, expected = IdleLimits(345), 1e6, []
    for event in happened:
        clock += -event["after"] if event["backwards"] else event["after"]
        if event["kind"] == "hung up":
            connection = Connection(None, None, event["origin"])  # type: ignore[arg-type]
            connection.opened = (clock - event["age"], clock - event["age"])
            connection.idle_since = (clock - event["idle"], clock - event["idle"])
            limits.hung_up(connection, (clock, clock))
        elif event["kind"] == "hinted":
            limits.hinted(event["origin"], event["hint"])
        expected.append(limits.of(event["origin"], (clock, clock)))
    code = """
        const { hinted, hungUp, limitOf } = require(`${names.directory}/idle_limits.cjs`);
        const { Instant } = require(`${names.directory}/connection.cjs`);
        const at = (seconds) => Object.assign(new Instant(), { monotonic: seconds * 1000, wall: seconds * 1000 });
        let clock = 1e6;
        return JSON.parse(names.happened).map(({ after, backwards, origin, kind, idle, age, hint }) => {
          clock += backwards ? -after : after;
          if (kind === 'hung up') hungUp({ origin, opened: at(clock - age), idleSince: at(clock - idle) }, at(clock));
          else if (kind === 'hinted') hinted(origin, hint);
          return limitOf(origin, at(clock)) / 1000;
        });
    """
    assert run(code, directory=LAYER, happened=json.dumps(happened)) == pytest.approx(expected)
