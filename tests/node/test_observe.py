"""Mode `observe` in Node changes nothing and foretells what mode `on` does: by the server's own counts, each client."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.node.observed import outcome
from tests.node.test_clients import CALLS
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
CARELESS = {f"careless: {name}": f"const call = (url) => calls[{name!r}](url);" for name in CALLS}


@pytest.mark.parametrize("pattern", PATTERNS | CARELESS)
def test_observing_changes_nothing_and_foretells_mode_on(
    run: NodeInterpreter, version: str, origin: Origin, pattern: str
) -> None:
    if "undici 8" in pattern and version == "20":
        pytest.skip("undici 8 needs Node 22")
    code = (PATTERNS | CARELESS)[pattern]
    without, observed, on = (outcome(run, origin, code, mode) for mode in (None, "observe", "on"))
    seen = observed.seen
    assert (observed.accepted, observed.received) == (without.accepted, without.received)
    assert (seen["opened"], seen["requests"]) == (observed.accepted, observed.received)
    assert seen["opened"] - seen["spared"] == on.accepted
    assert seen["sparedMs"] <= seen["connectMs"]
    assert sum(seen["notReused"].values()) == seen["opened"] - seen["spared"]
    assert seen["notReused"] == on.seen["notReused"]
