"""Ten thousand careless calls take as many descriptors as ten, where a program without the layer dies of EMFILE."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.origin import Origin

# A quarter of what a sandbox has, so that it does not take long. Node has about 25 for itself.
DESCRIPTORS = 256
CALLS = 10_000
# Enough to die of without the layer, for the clients and versions that do not go all the way.
FEW_CALLS = DESCRIPTORS + 50

# `left` calls leave their agent or client behind, as most programs do.
CAREFREE = """
    const left = {
      http: (url) => send(url, { agent: new http.Agent({ keepAlive: true }) }),
      https: (url) => send(url, { agent: new https.Agent({ keepAlive: true }) }),
      undici: async (url) => {
        const { Agent, request } = require('undici-7');
        return (await request(url, { dispatcher: new Agent({ keepAliveTimeout: 60_000 }) })).body.text();
      },
      'aws-sdk': calls['aws-sdk 3'],
    }[names.client];
    const open = () => fs.readdirSync('/proc/self/fd').length;
"""


@pytest.mark.parametrize("client", ["http", "https", "undici", "aws-sdk"])
def test_descriptors_are_constant(run: NodeInterpreter, plain: Origin, origin: Origin, client: str) -> None:
    served = plain if client == "http" else origin
    calls = CALLS if (run.version, client) == ("24", "http") else FEW_CALLS
    code = """
        for (let each = 0; each < 10; each += 1) await left(names.url);
        const before = open();
        for (let each = 10; each < names.calls; each += 1) await left(names.url);
        return open() - before;
    """
    grown = run(CAREFREE + code, url=served.url, client=client, calls=calls, descriptors=DESCRIPTORS)
    assert grown <= 0
    assert served.received == calls
    # One for each 1000 requests (KEEPALIVE_MAX_REQUESTS), and one that the first call of a copy of undici loses.
    assert served.accepted <= calls // 1000 + 2


@pytest.mark.parametrize("client", ["http", "undici", "aws-sdk"])
def test_without_the_layer_they_run_out(run: NodeInterpreter, plain: Origin, client: str) -> None:
    code = """
        for (let each = 0; each < names.most; each += 1) {
          const failed = await left(names.url).then(() => null, (error) => error);
          if (failed !== null) return (failed.cause ?? failed).code;
        }
    """
    failed = run(CAREFREE + code, layer=False, url=plain.url, client=client, most=DESCRIPTORS, descriptors=DESCRIPTORS)
    assert failed == "EMFILE"
