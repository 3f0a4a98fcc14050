"""`make demo`: the same careless function without and with the layer, on a local Lambda that freezes in between.

Every sample makes 3 calls in each of 10 invocations to an HTTPS server that runs in a process of its own and
counts the connections it accepts. Nothing in the function changes; with the layer, one environment variable is set.
"""

import json
import platform
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

from tests.local.emulator import Emulator
from tests.local.node_runtime import NodeRuntime
from tests.node import toolchain
from tests.node.interpreter import lay_out_sample
from tests.support.origin import OriginProcess

ROOT = Path(__file__).resolve().parents[1]
INVOCATIONS, CALLS = 10, 3

# Sample folder -> the call as people write it.
SAMPLES = {
    "python-requests": "requests.get(url)",
    "python-urllib3": "urllib3.PoolManager().request(...)",
    "python-urllib": "urllib.request.urlopen(url)",
    "python-http-client": "http.client.HTTPSConnection(host)",
    "python-boto3": 'boto3.client("dynamodb").get_item(...)',
}
# The same for Node, which is shown if the machine has it.
NODE_SAMPLES = {
    "node-fetch": "fetch(url, { dispatcher: new Agent() })",
    "node-aws-sdk": "new DynamoDBClient().send(...)",
}
NODE_VERSION = "22"


class Run:
    """What one sample cost: connections as counted by the server, milliseconds per call, and the last EMF line."""

    def __init__(self, sample: str, layer: Path | None, origin: OriginProcess, node: NodeRuntime | None = None) -> None:
        origin.reset()
        environ = {
            "TARGET_URL": origin.url,
            "TABLE_NAME": "table",
            "SSL_CERT_FILE": str(origin.bundle),
            "REQUESTS_CA_BUNDLE": str(origin.bundle),
            "AWS_CA_BUNDLE": str(origin.bundle),
            "NODE_EXTRA_CA_CERTS": str(origin.bundle),
        }
        if layer is not None:
            environ["AWS_LAMBDA_EXEC_WRAPPER"] = str(layer / "lambda-keepalive" / "exec")
            environ["KEEPALIVE_LOOPBACK"] = "1"  # the server is on this machine; a real one is not
        with (
            code_of(sample, node) as task_root,
            Emulator(
                handler="app.handler", task_root=task_root, layer=layer, environ=environ, node=node, memory=512
            ) as function,
        ):
            invocations = [function.invoke({"calls": CALLS}) for _ in range(INVOCATIONS)]
        failed = [invocation.error for invocation in invocations if invocation.error is not None]
        if failed:
            raise SystemExit(f"{sample} failed: {failed[0]}")
        self.accepted = origin.counts()["accepted"]
        # The first invocation imports and connects: it is shown by the counts, not in the time of a warm call.
        self.milliseconds = statistics.median(each.duration for each in invocations[1:]) * 1000 / CALLS
        self.emf = function.emf[-1] if function.emf else None
        if layer is not None and len(function.emf) != INVOCATIONS:
            raise SystemExit(f"{sample}: {len(function.emf)} EMF lines for {INVOCATIONS} invocations")


@contextmanager
def code_of(sample: str, node: NodeRuntime | None) -> Iterator[Path]:
    """The directory of a sample's code, for Node with the packages that it names."""
    source = ROOT / "samples" / sample
    if node is None:
        yield source
        return
    with tempfile.TemporaryDirectory() as directory:
        yield lay_out_sample(Path(directory) / "task", source)


def node_runtime() -> NodeRuntime | None:
    """Node with AWS's runtime client, if the machine has npm and what that is compiled with."""
    if shutil.which("npm") is None:
        return None
    try:
        return toolchain.runtime(NODE_VERSION)
    except toolchain.MissingTool as missing:
        print(f"Node is left out: it needs {missing}")
        return None


def main() -> None:
    """Run every sample twice and print the table."""
    arch = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    layer = ROOT / "build" / arch
    shape = f"{INVOCATIONS} invocations x {CALLS} calls over HTTPS, frozen in between"
    print(f"Python {platform.python_version()}, {shape}\n")
    print(f"{'':40}{'connections':>18}{'ms per call':>20}{'':>9}")
    print(f"{'in the handler':40}{'without    with':>18}{'without    with':>20}{'faster':>9}")
    emf: object = None
    # A bundle as large as a real one: loading it is most of what a careless HTTPS call costs.
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        node = node_runtime()
        runs: list[tuple[str, str, NodeRuntime | None]] = [(sample, call, None) for sample, call in SAMPLES.items()]
        runs += [(sample, call, node) for sample, call in NODE_SAMPLES.items() if node is not None]
        for sample, call, runtime in runs:
            before, after = Run(sample, None, origin, runtime), Run(sample, layer, origin, runtime)
            counts = f"{before.accepted:7}{after.accepted:8}"
            times = f"{before.milliseconds:7.1f}{after.milliseconds:8.2f}"
            speed_up = before.milliseconds / after.milliseconds
            print(f"{call:40}{counts:>18}{times:>20}{speed_up:>8.0f}x", flush=True)
            emf = emf or after.emf
    print("\nWhat CloudWatch gets for each invocation (embedded metric format, one line):\n")
    print(json.dumps(emf, separators=(",", ":")))
    print("\nConnections: the server's count. Times: median of the warm invocations, the runtime's own time included.")


if __name__ == "__main__":
    main()
