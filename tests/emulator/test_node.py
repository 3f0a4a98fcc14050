"""The built layer in AWS's own emulator, under Node: real aws-lambda-ric, real extension, real /opt."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.local.network import Network
from tests.local.required import require
from tests.local.rie import RuntimeInterfaceEmulator
from tests.node import toolchain
from tests.node.test_bundles import bundled
from tests.node.test_clients import CALLS as CLIENTS
from tests.support.certificates import Authority
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
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(params=toolchain.NODE_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def arguments(version: str, task_root: Path, layer: Path, environ: dict[str, str], network: Network) -> dict[str, Any]:
    try:
        runtime = toolchain.runtime(version)
    except toolchain.MissingTool as missing:
        require(False, str(missing))
        raise
    (task_root / "app.py").unlink()
    return {
        "handler": "app.handler",
        "task_root": task_root,
        "layer": layer,
        "environ": {**environ, "NODE_EXTRA_CA_CERTS": "/var/task/authority/authority.pem"},
        "network": network,
        "node": runtime,
        "memory": 512,
    }


def test_twelve_careless_calls_in_four_invocations_open_one_connection(
    version: str, arguments: dict[str, Any], task_root: Path, origin: Origin
) -> None:
    (task_root / "app.js").write_text(CARELESS)
    with RuntimeInterfaceEmulator(**arguments) as function:
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


def test_every_client_opens_one_connection(
    version: str, arguments: dict[str, Any], task_root: Path, network: Network, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All clients in one function, a bundle; each has an origin of its own, which counts."""
    (task_root / "app.js").write_text(bundled("app.cjs", tmp_path_factory.getbasetemp() / "bundle-app.cjs"))
    authority = Authority(task_root / "authority")
    with ExitStack() as origins:
        names = [name for name in CLIENTS if not (name == "undici 8" and version == "20")]
        with network.entered():
            served = {name: origins.enter_context(Origin(tls=authority)) for name in names}
        event = {"urls": {name: origin.url for name, origin in served.items()}, "calls": CALLS}
        with RuntimeInterfaceEmulator(**arguments) as function:
            invocations = [function.invoke(event) for _ in range(INVOCATIONS)]
        counts = {name: (origin.received, origin.accepted) for name, origin in served.items()}
    assert [(invocation.error, invocation.payload) for invocation in invocations] == [(None, "done")] * INVOCATIONS
    assert counts == dict.fromkeys(names, (INVOCATIONS * CALLS, 1))
