"""How many metric lines are out before the sandbox is frozen, and how many in the end.

    python -m benchmarks.freeze [--invocations 300]

The local Lambda stops the whole sandbox in the moment in which the runtime asks for the next invocation, so the
extension has to print in the short time between the record and that request. What does not make it comes out after the
thaw. One invocation times out and one crashes: their lines can only come at SHUTDOWN. Targets: 95 % before the freeze,
100 % in the end.
"""

import argparse
import platform
import tempfile
from pathlib import Path

from tests.local.emulator import Emulator
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[1]
LAYER = ROOT / "build" / ("arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64")

HANDLER = """
import os, time, urllib.request

def handler(event, context):
    urllib.request.urlopen(os.environ["TARGET_URL"]).read()
    if event["end"] == "timeout":
        time.sleep(60)
    if event["end"] == "crash":
        os._exit(1)
"""

# Long enough for a start of the runtime on a busy machine, short enough to wait for some of them. Seconds.
TIMEOUT = 2.0


def main() -> None:
    """Count the lines."""
    parser = argparse.ArgumentParser(description="Count the metric lines that are out before a freeze.")
    parser.add_argument("--invocations", type=int, default=300, help="default: %(default)s")
    options = parser.parse_args()
    ends = {options.invocations // 2: "timeout", options.invocations * 3 // 4: "crash"}
    with tempfile.TemporaryDirectory() as directory, Origin() as origin:
        (Path(directory) / "app.py").write_text(HANDLER)
        environ = {
            "TARGET_URL": origin.url,
            "KEEPALIVE_LOOPBACK": "1",
            "AWS_LAMBDA_EXEC_WRAPPER": str(LAYER / "lambda-keepalive" / "exec"),
        }
        function = Emulator(
            handler="app.handler", task_root=Path(directory), layer=LAYER, environ=environ, timeout=TIMEOUT
        )
        asked, ended, early = set(), 0, 0
        with function:
            for number in range(options.invocations):
                end = ends.get(number, "response")
                request_id = function.invoke({"end": end}).request_id
                asked.add(request_id)
                if end == "response":
                    ended += 1
                    early += any(line["requestId"] == request_id for line in function.emf)
        printed = [line["requestId"] for line in function.emf]
    print(f"invocations that ended: {ended}, their lines out before the freeze: {early} ({early / ended:.1%})")
    print(f"invocations in all: {len(asked)} (with {len(ends)} that timed out or crashed)")
    print(f"lines in the end: {len(printed)}, of different invocations: {len(asked & set(printed))}")


if __name__ == "__main__":
    main()
