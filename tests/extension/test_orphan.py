"""A killed emulator leaves no process behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

from tests.extension.conftest import NATIVE
from tests.extension.stub import DEADLINE, Stub

STARTER = """
import subprocess, sys
process = subprocess.Popen(sys.argv[1:])
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_without_parent_and_runtime_api_it_ends(binaries: dict[str, Path], tmp_path: Path) -> None:
    """Both are needed: in Lambda a lost connection alone is no reason to exit."""
    stub = Stub()
    variables = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{stub.port}", "KEEPALIVE_RUNTIME_DIR": str(tmp_path / "run")}
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(binaries[NATIVE])],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        extension = os.pidfd_open(int(starter.stdout.readline()))
        stub.wait_until_ready()
        starter.kill()
    try:
        assert select.select([extension], [], [], 0) == ([], [], [])
        stub.close()
        assert select.select([extension], [], [], DEADLINE) == ([extension], [], [])
    finally:
        os.close(extension)
