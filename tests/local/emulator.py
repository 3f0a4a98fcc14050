"""A local Lambda: runs a function with a layer as the platform does, without root, without a container.

Real processes, real signals, the real awslambdaric; the Runtime API and the Extensions API are served from
here. Nothing can be mounted without privileges, so the layer's directory stands for /opt: values of
`environ` that begin with /opt/ are translated, and the bootstrap looks for layer modules there. Linux only.
"""

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .configuration import FunctionConfiguration
from .invocation import Fault, Invocation, PendingInvocation
from .node_runtime import NodeRuntime
from .output import Line, Output
from .sandbox import Sandbox


class Emulator:
    """A function that can be invoked; use it as a context manager.

    Args:
        handler: module and function, as in the function's configuration.
        task_root: the directory of the function's code, /var/task on the platform.
        layer: the directory that stands for /opt; None for a function without layers.
        environ: the function's environment variables.
        python: an interpreter that has awslambdaric; it decides which runtime version is emulated.
        node: a Node runtime in place of a Python one.
        memory: megabytes, told to the function, not enforced.
        timeout: seconds; generous, because the machine is shared where the platform's is not.
        freeze: stop the sandbox between invocations, as on-demand functions are.
        initialization_type: what AWS_LAMBDA_INITIALIZATION_TYPE says.
        max_concurrency: Managed Instances mode: so many workers, never frozen, `invoke` from several threads.

    The sandbox is made by the first invocation (a cold start), or ahead of it by `initialize`. After a
    timeout or a crash it is shut down, and the next invocation makes another one in the same directories.
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
        timeout: float = 30.0,
        freeze: bool = True,
        initialization_type: str = "on-demand",
        max_concurrency: int | None = None,
        name: str = "function",
    ) -> None:
        # Short, because the path of a UNIX socket in it may have 107 bytes.
        self._directory = Path(tempfile.mkdtemp(prefix="lambda-"))
        empty = self._directory / "opt"
        empty.mkdir()
        # Its own directory for the records of the layer, so that functions on one machine do not meet.
        private = {"KEEPALIVE_RUNTIME_DIR": str(self._directory / "keepalive")}
        self._configuration = FunctionConfiguration(
            handler=handler,
            task_root=Path(task_root).absolute(),
            opt=Path(layer).absolute() if layer is not None else empty,
            python=Path(python).absolute(),
            node=node,
            environ=private | dict(environ or {}),
            name=name,
            memory=memory,
            timeout=timeout,
            initialization_type="lambda-managed-instances" if max_concurrency else initialization_type,
            max_concurrency=max_concurrency,
        )
        self._freezes = freeze and max_concurrency is None
        # On-demand sandboxes have one invocation at a time; callers of more wait in line.
        self._turn = threading.Semaphore(max_concurrency or 1)
        self._making = threading.Lock()
        self._output = Output()
        self._sandbox: Sandbox | None = None
        self._frozen = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.shutdown()
        self._output.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def initialize(self) -> None:
        """Run INIT ahead of the first invocation, as provisioned concurrency does; Fault if it fails."""
        with self._turn:
            self._ready_sandbox()
            self._rest()

    def invoke(self, event: Any) -> Invocation:
        """Invoke the function with an event that JSON can express and wait for the end of the invocation.

        Whatever goes wrong in the sandbox is the invocation's `error`, as a caller of the platform would see
        it.
        """
        with self._turn:
            first_line = len(self._output)
            invocation = PendingInvocation(event, self._configuration.arn, self._configuration.timeout)
            fault: Fault | None = None
            timed_out = False
            sandbox: Sandbox | None = None
            try:
                sandbox = self._ready_sandbox()
                if self._frozen:  # only then: a test may have stopped a process of its own accord
                    self.thaw()
                invocation.start()
                sandbox.run(invocation)
            except Fault as failure:
                fault = failure
            except TimeoutError:
                timed_out = True
                fault = Fault("Sandbox.Timedout", f"Task timed out after {self._configuration.timeout:.2f} seconds")
            duration = time.monotonic() - invocation.started
            if fault is not None:
                if not invocation.answered:  # else the response was with the caller before the sandbox failed
                    invocation.error = fault.error(invocation.request_id)
                # Workers go on when one of them is late (invoke_router.go in AWS's emulator).
                if sandbox is not None and not (timed_out and self._configuration.max_concurrency):
                    self._end("timeout" if timed_out else "failure", sandbox)
            self._rest()
            self._output.drain()
            return Invocation(
                request_id=invocation.request_id,
                payload=invocation.payload,
                error=invocation.error,
                duration=duration,
                timed_out=timed_out,
                lines=self._output.lines(first_line),
            )

    def freeze(self) -> None:
        """Stop every process of the sandbox with SIGSTOP; on return none of them executes."""
        if self._sandbox is not None:
            self._sandbox.freeze()
            self._frozen = True

    def thaw(self) -> None:
        """Continue every process of the sandbox with SIGCONT."""
        if self._sandbox is not None:
            self._sandbox.thaw()
        self._frozen = False

    def shutdown(self) -> None:
        """Let the sandbox go, as the platform does with one that has been idle; harmless if there is none."""
        self._end("spindown")

    @property
    def processes(self) -> dict[str, int]:
        """The process ids of the sandbox: of "runtime" and of each extension by its name."""
        sandbox = self._sandbox
        return {process.name: process.pid for process in sandbox.processes} if sandbox else {}

    @property
    def lines(self) -> list[Line]:
        """Everything that runtime and extensions have printed so far, over all sandboxes of this function."""
        self._output.drain()
        return self._output.lines()

    @property
    def emf(self) -> list[dict[str, Any]]:
        """The lines that are objects in CloudWatch's embedded metric format, decoded."""
        return [line.emf for line in self.lines if line.emf is not None]

    def wait_for_line(self, predicate: Callable[[Line], bool], timeout: float = 10.0) -> Line:
        """The first line, past or coming, that satisfies the predicate; TimeoutError after `timeout` seconds.

        A frozen sandbox prints nothing: `thaw` it first.
        """
        return self._output.wait_for(predicate, timeout)

    def _ready_sandbox(self) -> Sandbox:
        with self._making:
            if self._sandbox is None:
                sandbox = Sandbox(self._configuration, self._output, self._directory)
                try:
                    sandbox.initialize()
                except BaseException:
                    sandbox.shutdown("failure")
                    raise
                self._sandbox = sandbox
            return self._sandbox

    def _rest(self) -> None:
        if self._freezes:
            self.freeze()

    def _end(self, reason: str, failed: Sandbox | None = None) -> None:
        """Shut the sandbox down; if `failed` is given only that one, which another caller may have ended already."""
        with self._making:
            sandbox = self._sandbox
            if sandbox is not None and (failed is None or failed is sandbox):
                self._sandbox, self._frozen = None, False
                sandbox.shutdown(reason)
