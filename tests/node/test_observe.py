"""Mode `observe` in Node changes nothing and foretells what mode `on` does: by the server's own counts, each client."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.local import Emulator
from tests.node.interpreter import NodeInterpreter
from tests.node.observed import outcome
from tests.node.test_clients import CALLS, SOURCE
from tests.support.origin import Origin

# Each defines `call(url)`.
PATTERNS = {
    "an agent that is kept": """
        const agent = new (names.url.startsWith('https:') ? https : http).Agent({ keepAlive: true });
        const call = (url) => send(url + '/bytes/10', { agent });
    """,
    "agents that stay alive": """
        const agents = [];
        const call = (url) => {
          agents.push(new https.Agent({ keepAlive: true }));
          return send(url + '/bytes/10', { agent: agents.at(-1) });
        };
    """,
    "three calls at a time": """
        const one = (url) => send(url + '/slow/50', { agent: new https.Agent() });
        const call = (url) => Promise.all([one(url), one(url), one(url)]);
    """,
    "a POST with a chunked answer": """
        const call = (url) => send(url + '/chunked/30', { agent: new https.Agent(), method: 'POST' }, 'x'.repeat(1000));
    """,
    "no content": """
        const call = (url) => send(url + '/status/204', { agent: new https.Agent() });
    """,
    "asked to close": """
        const call = (url) => send(url + '/bytes/10', { agent: new https.Agent(), headers: { Connection: 'close' } });
    """,
    "the server closes": """
        const call = (url) => send(url + '/close', { agent: new https.Agent({ keepAlive: true }) });
    """,
    "an answer without a length": """
        const call = (url) => send(url + '/no-length', { agent: new https.Agent() });
    """,
    "not read": """
        const call = (url) => new Promise((resolve) => {
          const request = https.get(url + '/bytes/1000000', { agent: new https.Agent() }, (response) => {
            request.destroy();
            resolve(response.statusCode);
          });
        });
    """,
    "an agent of another kind": """
        class Own extends https.Agent {
          createConnection(...args) { return super.createConnection(...args); }
        }
        const call = (url) => send(url + '/bytes/10', { agent: new Own() });
    """,
    "TLS settings that differ": """
        let count = 0;
        const own = () => ({ checkServerIdentity: () => (count += 1, undefined) });
        const call = (url) => send(url + '/bytes/10', { agent: new https.Agent(own()) });
    """,
}
PATTERNS |= {
    "undici, three calls at a time": """
        const { Agent, request } = require('undici-7');
        const one = async (url) => (await request(url + '/slow/50', { dispatcher: new Agent() })).body.text();
        const call = (url) => Promise.all([one(url), one(url), one(url)]);
    """,
    "fetch, the server closes": """
        const call = async (url) => (await fetch(url + '/close')).text();
    """,
    "fetch, an answer without a length": """
        const call = async (url) => (await fetch(url + '/no-length')).text();
    """,
    "undici, an agent per call that is closed": """
        const { Agent, request } = require('undici-7');
        const call = async (url) => {
          const dispatcher = new Agent();
          const { body } = await request(url + '/chunked/30', { dispatcher });
          await body.text();
          await dispatcher.close();
        };
    """,
    "undici, an agent with limits": """
        const { Agent, request } = require('undici-7');
        const call = async (url) => {
          const { body } = await request(url + '/bytes/10', { dispatcher: new Agent({ connections: 1 }) });
          await body.text();
        };
    """,
}


def check(run: NodeInterpreter, origin: Origin, code: str) -> None:
    without, observed, on = (outcome(run, origin, code, mode) for mode in (None, "observe", "on"))
    seen = observed.seen
    assert (observed.accepted, observed.received) == (without.accepted, without.received)
    assert (seen["opened"], seen["requests"]) == (observed.accepted, observed.received)
    assert seen["opened"] - seen["spared"] == on.accepted
    assert seen["sparedMs"] <= seen["connectMs"]
    assert sum(seen["notReused"].values()) == seen["opened"] - seen["spared"]
    assert seen["notReused"] == on.seen["notReused"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_observing_changes_nothing_and_foretells_mode_on(run: NodeInterpreter, origin: Origin, pattern: str) -> None:
    check(run, origin, PATTERNS[pattern])


@pytest.mark.parametrize("version", ["22"], indirect=True)
@pytest.mark.parametrize("name", CALLS)
def test_observing_a_careless_client_foretells_mode_on(run: NodeInterpreter, origin: Origin, name: str) -> None:
    check(run, origin, f"const call = calls[{name!r}];")


def test_the_metrics_say_what_was_foretold(function: Callable[..., Emulator], origin: Origin) -> None:
    with function(SOURCE.format(name="http, agent per call"), {"KEEPALIVE_MODE": "observe"}) as sandbox:
        for _ in range(2):
            assert sandbox.invoke({"url": origin.url, "calls": 3}).payload == "done"
        sandbox.shutdown()
        first, second = sandbox.emf
    assert origin.accepted == 6
    assert [line["mode"] for line in (first, second)] == ["observe"] * 2
    assert [line["ConnectionsOpened"] for line in (first, second)] == [3, 3]
    assert [line["wouldReuse"] for line in (first, second)] == [2, 3]
    assert [line["ConnectionsIdle"] for line in (first, second)] == [0, 0]
    assert 0 < first["wouldSave"] < first["ConnectTime"]
    assert second["wouldSave"] == second["ConnectTime"]
    assert (first["notReused"], second.get("notReused", {})) == ({"first": 1}, {})
