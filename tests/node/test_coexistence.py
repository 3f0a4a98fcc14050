"""In Node beside the real packages of Powertools, OpenTelemetry and Datadog, whoever comes first: connections are
reused, and the others still see every call."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.local.work import WORK
from tests.node import toolchain
from tests.node.interpreter import PRELOAD, NodeInterpreter
from tests.support.origin import Origin

# What the neighbours are made of; 130 MB, hence in a directory of their own.
PACKAGES = {
    "@aws-lambda-powertools/tracer": "2.36.0",
    "@opentelemetry/instrumentation": "0.223.0",
    "@opentelemetry/instrumentation-http": "0.223.0",
    "@opentelemetry/instrumentation-undici": "0.33.0",
    "@opentelemetry/sdk-trace-base": "2.12.1",
    "@opentelemetry/sdk-trace-node": "2.12.0",
    "dd-trace": "5.132.0",
}
# None of them shall look for an agent, or for the cloud.
ENVIRON = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_AGENT_PORT": "9",
    "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
    "POWERTOOLS_TRACE_ENABLED": "true",
}
CALLERS = ["http, agent per call", "http, agent: false", "fetch", "axios", "node-fetch 2"]
COUNT = 4

CODE = """
    const neighbour = require(names.neighbours);
    for (let each = 0; each < names.count; each += 1) await calls[names.caller](names.url);
    // Some end their span some turns after the response.
    for (let turns = 0; turns < 200 && neighbour.seen() < names.count; turns += 1) await sleep(10);
    const seen = neighbour.seen();
    setImmediate(() => process.exit()); // Datadog's exporter would try on.
    return seen;
"""


@pytest.fixture(scope="session")
def neighbours(modules: Path) -> Path:
    """neighbours.cjs beside what it requires, installed on first use."""
    directory = WORK / "neighbours"
    if not (directory / "node_modules/dd-trace").exists():
        directory.mkdir(parents=True, exist_ok=True)
        options = ["--prefix", str(directory), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        packages = [f"{name}@{version}" for name, version in PACKAGES.items()]
        install = [*toolchain.npm(directory), "install", *options, *packages]
        subprocess.run(install, check=True, env=toolchain.environment())
    return Path(shutil.copy(Path(__file__).with_name("neighbours.cjs"), directory))


@pytest.mark.parametrize("version", ["20", "24"], indirect=True)
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("order", ["the layer first", "the layer last"])
@pytest.mark.parametrize("neighbour", ["opentelemetry", "datadog", "powertools"])
def test_connections_are_reused_and_the_neighbour_sees_every_call(
    run: NodeInterpreter, origin: Origin, neighbours: Path, neighbour: str, order: str, caller: str
) -> None:
    preloaded = [PRELOAD, neighbours] if order == "the layer first" else [neighbours, PRELOAD]
    options = " ".join(f"--require {path}" for path in preloaded)
    names = {"neighbours": str(neighbours), "caller": caller, "count": COUNT}
    environ = ENVIRON | {"NODE_OPTIONS": options, "NEIGHBOUR": neighbour}
    assert run(CODE, layer=False, environ=environ, url=origin.url, **names) >= COUNT
    assert (origin.accepted, origin.received) == (1, COUNT)
