"""One execution environment, from INIT to SHUTDOWN: what is started, stopped and ended, and in which order.

The order is that of the AWS Lambda Developer Guide ("Lambda execution environment lifecycle"): extensions
are started first and in parallel, the runtime once all of them have registered; at the end the runtime goes
first.
"""

import time
from pathlib import Path

from .api import ApiServer
from .configuration import FunctionConfiguration, extension_variables
from .exchange import Exchange
from .extensions import extension_files
from .invocation import Fault, PendingInvocation
from .log_socket import LogSocket
from .output import Output
from .processes import SandboxProcess

# The platform allows 10 s for INIT on a machine that the sandbox has for itself; a laptop or CI machine is
# shared.
INIT_LIMIT = 60.0
# For all extensions together, and of that for the runtime after its SIGTERM (Developer Guide, "Shutdown
# phase").
SHUTDOWN_LIMIT = 2.0
RUNTIME_SHUTDOWN_LIMIT = 0.3


class Sandbox:
    """An execution environment: initialised once, invoked many times, shut down once."""

    def __init__(self, configuration: FunctionConfiguration, output: Output, directory: Path) -> None:
        self._configuration = configuration
        self._output = output
        self._extension_files = extension_files(configuration.opt)
        self._exchange = Exchange(configuration, [path.name for path in self._extension_files])
        self._api = ApiServer(self._exchange)
        self._log_socket = LogSocket(directory / "log.sock", output) if configuration.max_concurrency else None
        self._variables = configuration.runtime_variables(
            self._api.address, self._log_socket.path if self._log_socket else None, directory / "home"
        )
        self._extensions: list[SandboxProcess] = []
        self._runtime: SandboxProcess | None = None

    @property
    def processes(self) -> list[SandboxProcess]:
        return self._extensions if self._runtime is None else [*self._extensions, self._runtime]

    def initialize(self) -> None:
        """Run INIT; raises Fault if a process fails in it or if it takes too long."""
        try:
            self._start_all()
        except TimeoutError:
            raise Fault("Sandbox.Timedout", f"INIT did not end within {INIT_LIMIT:.0f} s") from None

    def run(self, invocation: PendingInvocation) -> None:
        """Carry out an invocation to its end; raises Fault, and TimeoutError at the function's timeout."""
        self._exchange.deliver(invocation)
        self._exchange.await_end(invocation)

    def freeze(self) -> None:
        """Stop all processes; on return none of them executes."""
        for process in self.processes:
            process.stop()
        for process in self.processes:
            process.await_stop()

    def thaw(self) -> None:
        for process in self.processes:
            process.thaw()

    def shutdown(self, reason: str) -> None:
        """End everything: SIGTERM for the runtime, SHUTDOWN for the extensions, then SIGKILL."""
        self._exchange.begin_shutdown()
        self.thaw()
        deadline = time.monotonic() + SHUTDOWN_LIMIT
        if self._runtime is not None:
            if self._extensions:  # without an extension nobody is asked: the runtime is killed at once
                self._runtime.terminate()
                self._runtime.wait(RUNTIME_SHUTDOWN_LIMIT)
            self._runtime.kill()
        subscribed = self._exchange.announce_shutdown(reason, deadline - time.monotonic())
        for extension in self._extensions:
            if extension.name in subscribed:
                extension.wait(deadline - time.monotonic())
            extension.kill()
        self._exchange.close()
        self._api.close()
        if self._log_socket is not None:
            self._log_socket.close()
        self._output.drain()

    def _start_all(self) -> None:
        deadline = time.monotonic() + INIT_LIMIT
        variables = extension_variables(self._variables)
        for path in self._extension_files:
            try:
                process = SandboxProcess(
                    path.name,
                    [path],
                    environ=variables,
                    directory=Path("/"),
                    output=self._output,
                    exited=self._extension_exited,
                )
            except OSError as error:
                raise Fault("Extension.LaunchError", str(error)) from None
            self._extensions.append(process)
        self._exchange.await_registration(deadline)
        self._runtime = SandboxProcess(
            "runtime",
            [self._configuration.runtime_directory / "bootstrap"],
            environ=self._variables,
            directory=self._configuration.task_root,
            output=self._output,
            exited=self._runtime_exited,
        )
        self._exchange.await_ready(deadline)

    def _extension_exited(self, process: SandboxProcess) -> None:
        message = f"Extension {process.name} exited with error: {process.exit_status}"
        self._exchange.fail(Fault("Extension.Crash", message))

    def _runtime_exited(self, process: SandboxProcess) -> None:
        self._exchange.fail(Fault("Runtime.ExitError", f"Runtime exited with error: {process.exit_status}"))
