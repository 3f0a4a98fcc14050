"""The functions in Node that the harness plays: each client on each version, as `node22-fetch`."""

from __future__ import annotations

from pathlib import Path

from tests.node import toolchain
from tests.node.interpreter import PRELOAD

PROGRAM = Path(__file__).with_name("function.cjs")

# Names in callers.cjs. The layer leaves agentkeepalive alone: it is there to be compared with.
CLIENTS = ("http", "fetch", "undici", "aws-sdk")
COMPARED = ("http", "agentkeepalive", "fetch")


def client_of(name: str) -> str:
    """Its name in callers.cjs."""
    return name.partition("-")[2]


# The clients of each version of Node, in the order of `CLIENTS` and with what they are compared with.
VERSIONS = [
    [f"node{version}-{client}" for client in dict.fromkeys((*CLIENTS, *COMPARED))]
    for version in toolchain.NODE_VERSIONS
]
WITH_LAYER = [name for names in VERSIONS for name in names if client_of(name) in CLIENTS]
WITHOUT_LAYER = [name for names in VERSIONS for name in names if client_of(name) in COMPARED]


def is_node(name: str) -> bool:
    """Whether this is a function in Node."""
    return name.startswith("node")


def function(name: str, bundle: Path, *, layer: bool) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of a function process that trusts the CA file."""
    version = name.removeprefix("node").partition("-")[0]
    environ = {
        "NODE_PATH": str(toolchain.node_modules()),
        "NODE_EXTRA_CA_CERTS": str(bundle),
        "NODE_NO_WARNINGS": "1",
    }
    if layer:
        # There is no extension here that would read records.
        environ |= {"NODE_OPTIONS": f"--require {PRELOAD}", "KEEPALIVE_METRICS": "off"}
    return [str(toolchain.node(version)), str(PROGRAM), client_of(name)], environ
