"""Runs a function in AWS's own runtime interface emulator, with the file system that a sandbox has.

The emulator is the binary that `sam local` uses. It gets a mount namespace of its own, in which the layer is
/opt and the function /var/task, a process namespace, with which everything ends, and a private network.
Nothing of that is seen outside, and nothing is left. Needs root. What it does otherwise than the platform:
it never freezes, and the caller gets the response only when the extensions are done too.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .configuration import VAR_RUNTIME
from .invocation import Invocation
from .language import Language
from .network import Network
from .node_runtime import NodeRuntime
from .output import Line, Output
from .sam_wheel import runtime_interface_emulator

NAMESPACE = Path(__file__).with_name("sandbox_namespace.sh")
TOOLS = ("unshare", "mount")
# The port on which the emulator listens by default: in a network of its own it is always free.
PORT = 8080
# For the emulator to start listening; it takes a few milliseconds.
START_LIMIT = 30.0
# The emulator gives extensions 2 s.
SHUTDOWN_LIMIT = 10.0
# As in AWS's base images.
PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
LIBRARY_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def missing_tools() -> list[str]:
    """The names of the programs without which this module cannot work."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


class RuntimeInterfaceEmulator:
    """A function in AWS's emulator; the same shape as `Emulator`, whose documentation tells of the arguments.

    `timeout` is in whole seconds here. `network` is the one in which the function shall live, for tests that
    have started something in it that the function is to reach; a private one by default. `tmp_options` are options of
    tmpfs(5) for /tmp, so that a test can make it small. The lines of the
    sandbox and the START, END and REPORT lines have the source "stdout", the emulator's own log has
    "stderr".
    """

    def __init__(
        self,
        *,
        handler: str,
        task_root: Path,
        layer: Path | None = None,
        environ: Mapping[str, str] | None = None,
        python: Path | str = sys.executable,
        node: NodeRuntime | None = None,
        memory: int = 128,
        timeout: int = 30,
        max_concurrency: int | None = None,
        network: Network | None = None,
        name: str = "function",
        tmp_options: str = "",
    ) -> None:
        self._tmp_options = tmp_options
        self._task_root = Path(task_root).absolute()
        self._layer = Path(layer).absolute() if layer is not None else None
        self._python = python
        self._node = node
        self._network = network
        self._managed_instances = max_concurrency is not None
        self._environ = {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),  # how the emulator is told; the platform has no such variable
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": PATH,
            "LD_LIBRARY_PATH": LIBRARY_PATH,
        } | dict(environ or {})
        if max_concurrency is not None:
            self._environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(max_concurrency)
        # A second invocation at the same time ends the emulator (rapidcore/server.go), except among workers.
        self._turn = threading.Semaphore(max_concurrency or 1)
        self._output = Output()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._output.close)
            if self._network is None:
                self._network = stack.enter_context(Network())
            empty = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lambda-")))
            stack.callback(self.shutdown)
            self._start(self._layer if self._layer is not None else empty)
            self._connect(START_LIMIT).close()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stack.close()

    def invoke(self, event: Any) -> Invocation:
        """Invoke the function and wait for the emulator's answer."""
        with self._turn:
            started = time.monotonic()
            while True:
                first_line = len(self._output)
                body = self._post(event)
                # A worker that has just answered needs a moment until it asks for more; the platform's router waits.
                if "Runtime.Unavailable" not in body or time.monotonic() > started + START_LIMIT:
                    break
                time.sleep(0.005)
            duration = time.monotonic() - started
            self._output.drain()
            lines = self._output.lines(first_line)
        ids = [match[1] for line in lines if (match := re.match(r"START RequestId: (\S+)", line.text))]
        timed_out = body.startswith("Task timed out") or '"Runtime.InvokeTimeout"' in body
        try:
            answer = json.loads(body)
        except ValueError:  # the emulator's own words, or none if INIT failed: then its log has the reason
            causes = (re.search(r"First fatal error stored in appctx: (\S+)", line.text) for line in lines)
            error_type = "Sandbox.Timedout" if timed_out else next((cause[1] for cause in causes if cause), "Unknown")
            answer = {"errorType": error_type, "errorMessage": body}
        failed = isinstance(answer, dict) and "errorType" in answer  # it has no header or status that would tell
        return Invocation(
            request_id=ids[0] if len(ids) == 1 else "",  # not to be told apart where several overlap
            payload=None if failed else answer,
            error=answer if failed else None,
            duration=duration,
            timed_out=timed_out,
            lines=lines,
        )

    def shutdown(self) -> None:
        """SIGTERM for the emulator, which ends the sandbox as the platform would; returns when all is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            # unshare itself ignores the end of its only child's patience: the signal is for the emulator
            # below it.
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            process.wait(SHUTDOWN_LIMIT)
        finally:
            process.kill()  # takes the process namespace with it: --kill-child
            process.wait()
            self._output.drain()

    @property
    def lines(self) -> list[Line]:
        """Everything printed so far."""
        self._output.drain()
        return self._output.lines()

    @property
    def emf(self) -> list[dict[str, Any]]:
        """The lines that are objects in CloudWatch's embedded metric format, decoded."""
        return [line.emf for line in self.lines if line.emf is not None]

    def wait_for_line(self, predicate: Callable[[Line], bool], timeout: float = 10.0) -> Line:
        """The first line, past or coming, that satisfies the predicate; TimeoutError after `timeout` seconds."""
        return self._output.wait_for(predicate, timeout)

    def _start(self, layer: Path) -> None:
        if self._node is None:
            language = Language(self._python)
            tree, packages, runtime = language.tree, str(language.packages), VAR_RUNTIME
        else:
            tree, packages, runtime = self._node.tree, "", self._node.runtime
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        variables = [f"{name}={value}" for name, value in self._environ.items()]
        # By the name that it has in SAM's images: where it lies now may be hidden by the sandbox's /tmp.
        emulator = runtime_interface_emulator()
        command: list[str | Path] = [
            *namespaces,
            NAMESPACE,
            self._task_root,
            layer,
            tree,
            packages,
            runtime,
            emulator.parent,
            "env",
            "-i",
            *variables,
            Path("/var/rapid") / emulator.name,
        ]
        assert self._network is not None
        with self._network.entered():
            process = subprocess.Popen(
                command,
                env=os.environ | {"TMP_OPTIONS": self._tmp_options},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
            )
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            assert stream is not None
            self._output.add(name, os.dup(stream.fileno()))
            stream.close()
        self._process = process

    def _post(self, event: Any) -> str:
        connection = self._connect(START_LIMIT)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event).encode())
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def _connect(self, limit: float) -> http.client.HTTPConnection:
        """A connection to the emulator, as soon as it listens: nothing else tells that it does."""
        assert self._network is not None
        deadline = time.monotonic() + limit
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            try:
                with self._network.entered():
                    connection.connect()
                return connection
            except ConnectionRefusedError:
                if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                    printed = "\n".join(line.text for line in self.lines)
                    raise RuntimeError(f"the emulator does not listen; it printed:\n{printed}") from None
                time.sleep(0.005)
