"""What a program replaces or switches in Node counts for connections that are opened afterwards, and for no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.certificates import Authority
from tests.support.origin import Origin

# What a program may switch, and how it switches it back.
SWITCHES = {
    "verification": (
        "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'",
        "delete process.env.NODE_TLS_REJECT_UNAUTHORIZED",
    ),
    "a default of tls": ("tls.DEFAULT_MAX_VERSION = 'TLSv1.2'", "tls.DEFAULT_MAX_VERSION = 'TLSv1.3'"),
    "dns.lookup": ("dns.lookup = (...args) => lookup(...args)", "dns.lookup = lookup"),
    "the CAs": (
        "tls.setDefaultCACertificates([...authorities, names.other])",
        "tls.setDefaultCACertificates(authorities)",
    ),
}
SWITCHED_CALLS = {
    "https": "const call = () => send(names.url, { agent: new https.Agent() });",
    "undici": """
        const { Agent, request } = require('undici-7');
        const call = async () => (await request(names.url, { dispatcher: new Agent() })).body.text();
    """,
}


@pytest.mark.parametrize("client", SWITCHED_CALLS)
@pytest.mark.parametrize("switch", SWITCHES)
def test_what_was_switched_in_between_counts(
    run: NodeInterpreter, origin: Origin, client: str, switch: str, tmp_path: Path
) -> None:
    if switch == "the CAs" and run.version == "20":
        pytest.skip("Node 20 cannot change them")
    there, back = SWITCHES[switch]
    code = f"""
        const [dns, tls] = [require('node:dns'), require('node:tls')];
        const {{ lookup }} = dns;
        const authorities = tls.getCACertificates?.('default');
        {SWITCHED_CALLS[client]}
        await call();
        {there};
        await call();
        await call();
        {back};
        await call();
    """
    other = Authority(tmp_path / "other").bundle.read_text()
    run(code, url=origin.url, other=other)
    # Node does not tell that the CAs are those of before.
    assert origin.accepted == (3 if switch == "the CAs" else 2)
