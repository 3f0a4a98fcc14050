"""The parent's end of a function process: hands it invocations, freezes it and thaws it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.local.required import ROOT as IS_ROOT
from tests.torture import node
from tests.torture.origins import World

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "layer" / "lambda-keepalive" / "python"

# In a mount namespace of its own, so that only the function sees this hosts file.
WITH_HOSTS = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')


def python_function(program: str, client: str, bundle: Path, *, layer: bool) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of a function process that trusts the CA file."""
    environ = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    environ |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), str(bundle))
    if layer:
        environ["PYTHONPATH"] = str(LAYER)
    return [sys.executable, "-m", program, client], environ


class Sandbox:
    """A function process, frozen whenever it is not at work.

    Args:
        client: name in `callers.CALLERS`, or of a function in Node.
        layer: whether the layer is attached.
        program: the module that is the function process in Python.
    """

    def __init__(self, world: World, client: str, *, layer: bool, program: str = "tests.torture.function") -> None:
        if node.is_node(client):
            command, environ = node.function(client, world.bundle, layer=layer)
        else:
            command, environ = python_function(program, client, world.bundle, layer=layer)
        if IS_ROOT:
            command = [*WITH_HOSTS, str(world.hosts), *command]
        environ |= {"PATH": os.environ["PATH"], "HOME": str(world.hosts.parent)}
        if layer:
            environ["KEEPALIVE_LOOPBACK"] = "1"
        self._command, self._environ = command, environ
        self._heard = 0

    def __enter__(self) -> Sandbox:
        self._stderr = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._stderr.close()

    def begin(self, order: dict[str, Any]) -> None:
        """Lay an invocation where the function reads it, and thaw."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        os.killpg(self._process.pid, signal.SIGCONT)

    def end(self) -> dict[str, Any]:
        """Wait for the answer of the invocation, and freeze."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the function process ended: {self.said()}")
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)
        except ChildProcessError:
            raise RuntimeError(f"the function process ended: {self.said()}") from None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def said(self) -> str:
        """What the function has printed to standard error since the last time."""
        # Through a descriptor of its own, whose place in the file is nobody else's.
        with open(f"/proc/self/fd/{self._stderr.fileno()}") as file:
            file.seek(self._heard)
            said = file.read()
            self._heard = file.tell()
        return said
