"""What must be equal before a connection is shared, and what is never shared: the server's counts decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin
from tests.support.proxy import Proxy

# Options by which two agents differ, as JavaScript; `same` stands for one object, made once.
DIFFERENT = {
    "ca": "{ ca: names.ca }",
    "ca of several": "{ ca: [names.ca, names.other] }",
    "client certificate": "{ cert: names.certificate, key: names.certificate }",
    "another client certificate": "{ cert: names.second, key: names.second }",
    "rejectUnauthorized": "{ rejectUnauthorized: false }",
    "servername": "{ servername: 'localhost' }",
    "minVersion": "{ minVersion: 'TLSv1.3' }",
    "maxVersion": "{ maxVersion: 'TLSv1.2' }",
    "ciphers": "{ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256' }",
    "ecdhCurve": "{ ecdhCurve: 'prime256v1' }",
    "sigalgs": "{ sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256' }",
    "secureOptions": "{ secureOptions: require('node:crypto').constants.SSL_OP_NO_TICKET }",
    "ALPNProtocols": "{ ALPNProtocols: ['http/1.1'] }",
    "secureContext": "{ secureContext: same.context }",
    "checkServerIdentity": "{ checkServerIdentity: same.check }",
    "lookup": "{ lookup: same.lookup }",
    "localAddress": "{ localAddress: '127.0.0.2' }",
    "family": "{ family: 4 }",
    "an option that nobody knows": "{ resolver: 'mine' }",
}

PAIRS = """
    const tls = require('node:tls');
    const same = {{
      context: tls.createSecureContext({{ ca: names.ca }}),
      check: () => undefined,
      lookup: (host, options, done) => require('node:dns').lookup(host, options, done),
    }};
    const variations = {{ {variations} }};
    const steps = {{}};
    const sendWith = {how};
    await sendWith({{}});
    for (const [name, make] of Object.entries(variations)) {{
      const accepted = [await act('accepted')];
      for (const options of [make(), make(), {{}}]) {{
        await sendWith(options);
        accepted.push(await act('accepted'));
      }}
      steps[name] = accepted.slice(1).map((count, at) => count - accepted[at]);
    }}
    return steps;
"""


AGENTS = "(options) => send(names.url, { agent: new https.Agent(options) })"
DEFAULT_AGENT = "(options) => send(names.url, options)"
# Within one agent the rule is Node's own, `getName`, which leaves these out.
NOT_IN_A_NAME = ("secureContext", "checkServerIdentity", "lookup", "ALPNProtocols")


@pytest.mark.parametrize(
    "how",
    [
        AGENTS,
        "(options) => send(names.url, { agent: new https.Agent(), ...options })",
        "(options) => send(names.url, { agent: false, ...options })",
        DEFAULT_AGENT,
    ],
    ids=["agents", "requests with agents", "requests with agent: false", "requests with the default agent"],
)
def test_connections_that_differ_are_not_shared(
    run: NodeInterpreter, origin: Origin, authority: Authority, tmp_path: Path, how: str
) -> None:
    """Each variation opens one connection, its equal reuses that, and the first one is still there."""
    code = PAIRS.format(
        variations=", ".join(f"{name!r}: () => ({value})" for name, value in DIFFERENT.items()), how=how
    )
    names: dict[str, Any] = {
        "url": origin.url,
        "ca": authority.bundle.read_text(),
        "other": Authority(tmp_path / "other").bundle.read_text(),
        "certificate": authority.issue("client").path.read_text(),
        "second": authority.issue("second").path.read_text(),
    }
    steps = run(code, acts={"accepted": lambda: origin.accepted}, **names)
    expected = {name: [1, 0, 0] for name in DIFFERENT}
    if how == DEFAULT_AGENT:
        expected |= {name: [0, 0, 0] for name in NOT_IN_A_NAME}
    if how != AGENTS:
        del expected["an option that nobody knows"]  # Node hands on of a request's options what it knows
        del steps["an option that nobody knows"]
    if how != AGENTS and run.version != "20":
        expected["checkServerIdentity"] = [1, 1, 0]  # of a request: Node itself keeps no such connection (lib/https.js)
    assert steps == expected


def test_a_function_made_for_each_call_is_equal_to_none(run: NodeInterpreter, origin: Origin) -> None:
    code = """
        for (let each = 0; each < 3; each += 1) {
          await send(names.url, { agent: new https.Agent({ checkServerIdentity: () => undefined }) });
        }
    """
    run(code, url=origin.url)
    assert origin.accepted == 3


def test_a_connection_without_verification_serves_nobody_who_verifies(
    run: NodeInterpreter, origin: Origin, authority: Authority
) -> None:
    code = """
        await send(names.url, { agent: new https.Agent({ rejectUnauthorized: false }) });
        return send(names.url, { agent: new https.Agent() }).then(() => 'trusted', (error) => error.code);
    """
    verdict = run(code, url=origin.url, environ={"NODE_EXTRA_CA_CERTS": ""})
    assert verdict in ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "SELF_SIGNED_CERT_IN_CHAIN")


@pytest.mark.parametrize(
    ("environ", "rule"),
    [
        ({"KEEPALIVE_LOOPBACK": "0"}, "loopback"),
        ({"KEEPALIVE_EXCLUDE_HOSTS": "127.*"}, "excluded"),
    ],
)
def test_settings_keep_origins_out(run: NodeInterpreter, plain: Origin, environ: dict[str, str], rule: str) -> None:
    code = "for (let each = 0; each < 3; each += 1) await send(names.url, { agent: new http.Agent() });"
    said = rf"(lambda-keepalive: explain: opened {plain.url} in [\d.]+ ms, not reused: {rule}\n){{3}}"
    run(code, url=plain.url, environ={**environ, "KEEPALIVE_EXPLAIN": "1"}, stderr=said)
    assert plain.accepted == 3


@pytest.mark.parametrize("clients", ["-node:http,-undici", "requests"])
def test_a_client_that_is_not_chosen_is_left_alone(run: NodeInterpreter, plain: Origin, clients: str) -> None:
    code = "for (let each = 0; each < 3; each += 1) await send(names.url, { agent: new http.Agent() });"
    run(code, url=plain.url, environ={"KEEPALIVE_CLIENTS": clients})
    assert plain.accepted == 3


NEVER = {
    "a class with its own createConnection": """
        class Own extends http.Agent {
          createConnection(...args) { return require('node:net').connect(...args); }
        }
        for (let each = 0; each < 3; each += 1) await send(names.url, { agent: new Own() });
    """,
    "an agent with its own addRequest": """
        for (let each = 0; each < 3; each += 1) {
          const agent = new http.Agent();
          const { addRequest } = agent;
          agent.addRequest = function (...args) { return addRequest.apply(this, args); };
          await send(names.url, { agent });
        }
    """,
    "a request with its own createConnection": """
        const createConnection = (options) => require('node:net').connect(options);
        for (let each = 0; each < 3; each += 1) await send(names.url, { createConnection });
    """,
    "a request that asks for a close": """
        for (let each = 0; each < 3; each += 1) {
          await send(names.url, { agent: new http.Agent(), headers: { connection: 'close' } });
        }
    """,
    "credentials of the connection": """
        for (let each = 0; each < 3; each += 1) {
          await send(names.url, { agent: new http.Agent(), headers: { authorization: 'NTLM TlRMTVNTUAAB' } });
        }
    """,
    "a response that closes": """
        for (let each = 0; each < 3; each += 1) await send(names.url + '/close', { agent: new http.Agent() });
    """,
    "a response that ends with the connection": """
        for (let each = 0; each < 3; each += 1) await send(names.url + '/no-length', { agent: new http.Agent() });
    """,
    "a response of HTTP/1.0": """
        for (let each = 0; each < 3; each += 1) await send(names.url + '/http10', { agent: new http.Agent() });
    """,
    "more than the response": """
        for (let each = 0; each < 3; each += 1) {
          const { text } = await send(names.url + '/surplus', { agent: new http.Agent() });
          if (text !== 'answer') throw new Error(text);
        }
    """,
    "a response that was not read": """
        for (let each = 0; each < 3; each += 1) {
          await new Promise((resolve) => {
            http.get(names.url + '/bytes/1000000', { agent: new http.Agent() }, (response) => {
              response.once('data', () => response.destroy()).on('close', resolve);
            });
          });
        }
    """,
    "a truncated response": """
        for (let each = 0; each < 3; each += 1) {
          await send(names.url + '/truncated', { agent: new http.Agent() }).catch(() => undefined);
        }
    """,
}


@pytest.mark.parametrize("name", NEVER)
def test_never_shared(run: NodeInterpreter, plain: Origin, name: str) -> None:
    run(NEVER[name], url=plain.url)
    assert (plain.received, plain.accepted) == (3, 3)


def test_an_agent_of_a_proxy_is_left_alone(run: NodeInterpreter, origin: Origin) -> None:
    code = """
        const { HttpsProxyAgent } = require('https-proxy-agent');
        for (let each = 0; each < 3; each += 1) await send(names.url, { agent: new HttpsProxyAgent(names.proxy) });
        await send(names.url, { agent: new https.Agent() });
    """
    with Proxy() as proxy:
        run(code, url=origin.url, proxy=proxy.url)
        assert len(proxy.tunnels) == 3
    assert origin.accepted == 4


def switch(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nhello")
    exchange.close_afterwards()


def test_another_protocol_has_its_connection_for_itself(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        await send(names.url, { agent: new http.Agent() });
        const options = { agent: new http.Agent(), headers: { connection: 'Upgrade', upgrade: 'other' } };
        const said = await new Promise((resolve) => {
          http.get(names.url + '/switch', options).on('upgrade', (response, socket, head) => {
            socket.end();
            resolve(head.toString());
          });
        });
        await send(names.url, { agent: new http.Agent() });
        return said;
    """
    plain.route("/switch", switch)
    assert run(code, url=plain.url) == "hello"
    assert plain.accepted == 2  # the second call's connection was upgraded, so that the third needed another one


def test_a_tunnel_has_its_connection_for_itself(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const text = await new Promise((resolve, reject) => {
          http.request(names.proxy, { method: 'CONNECT', path: names.target, agent: new http.Agent() })
            .on('connect', (response, socket) => {
              http.get(names.url, { createConnection: () => socket }, (answer) => {
                answer.resume().on('end', () => resolve(answer.statusCode));
              });
            }).on('error', reject).end();
        });
        return text;
    """
    with Proxy() as proxy:
        assert run(code, url=plain.url, proxy=proxy.url, target=plain.url.removeprefix("http://")) == 200
        assert len(proxy.tunnels) == 1
    assert plain.accepted == 1
