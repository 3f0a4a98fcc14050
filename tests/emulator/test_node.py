"""The built layer in AWS's own emulator, under Node: real aws-lambda-ric, real extension, real /opt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.network import Network
from tests.local.required import require
from tests.local.rie import RuntimeInterfaceEmulator
from tests.node import toolchain
from tests.support.origin import Origin

INVOCATIONS, CALLS = 4, 3

CARELESS = """
    'use strict';
    const https = require('node:https');
    const call = (url) => new Promise((resolve, reject) => {
      https.get(url, { agent: new https.Agent() }, (response) => response.resume().on('end', resolve))
        .on('error', reject);
    });
    exports.handler = async (event) => {
      for (let each = 0; each < event.calls; each += 1) await call(event.url);
      return 'done';
    };
"""


# The first test waits for Node to be installed.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("version", toolchain.NODE_VERSIONS)
def test_twelve_careless_calls_in_four_invocations_open_one_connection(
    version: str, task_root: Path, layer: Path, environ: dict[str, str], network: Network, origin: Origin
) -> None:
    try:
        runtime = toolchain.runtime(version)
    except toolchain.MissingTool as missing:
        require(False, str(missing))
        raise
    (task_root / "app.py").unlink()
    (task_root / "app.js").write_text(CARELESS)
    environ["NODE_EXTRA_CA_CERTS"] = "/var/task/authority/authority.pem"
    with RuntimeInterfaceEmulator(
        handler="app.handler",
        task_root=task_root,
        layer=layer,
        environ=environ,
        network=network,
        node=runtime,
        memory=512,
    ) as function:
        invocations = [function.invoke({"url": origin.url, "calls": CALLS}) for _ in range(INVOCATIONS)]
        function.shutdown()
        emf = function.emf
    assert [(invocation.error, invocation.payload) for invocation in invocations] == [(None, "done")] * INVOCATIONS
    assert (origin.received, origin.accepted) == (INVOCATIONS * CALLS, 1)
    assert [line["requestId"] for line in emf] == [invocation.request_id for invocation in invocations]
    assert [line["RequestsSent"] for line in emf] == [CALLS] * INVOCATIONS
    assert [line["ConnectionsOpened"] for line in emf] == [1, 0, 0, 0]
    assert [line["coldStart"] for line in emf] == [True, False, False, False]
    assert emf[0]["runtime"] == f"nodejs{version}.x"
