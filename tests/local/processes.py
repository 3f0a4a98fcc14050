"""One process of a sandbox with all its descendants: started, stopped, continued, ended.

Each leads a process group of its own, so that a signal reaches its children too and reaches nothing else.
The leader is reaped last: until then its group id cannot be given to a stranger.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .output import Output


class SandboxProcess:
    """A started process; `exited` is called once, from another thread, when it has ended.

    Raises OSError, like `subprocess.Popen`, if the program cannot be executed.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        environ: Mapping[str, str],
        directory: Path,
        output: Output,
        exited: Callable[["SandboxProcess"], None],
    ) -> None:
        self.name = name
        self.exit_status = ""
        self._exited = threading.Event()
        self._process = subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        assert self._process.stdout is not None
        output.add(name, os.dup(self._process.stdout.fileno()))
        self._process.stdout.close()
        self._watcher = threading.Thread(target=self._watch, args=(exited,), name=f"watch {name}", daemon=True)
        self._watcher.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._exited.is_set()

    def stop(self) -> None:
        """Send SIGSTOP to every process of the group; `await_stop` tells when that has happened."""
        self._signal_group(signal.SIGSTOP)

    def await_stop(self) -> None:
        """Return when the leader executes nothing any more: stopped, or dead."""
        if self._process.returncode is None:
            # Not consumed (WNOWAIT), so that the watcher still finds the exit of a process that ended meanwhile.
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask the leader alone to end: its children are its own business, as on the platform."""
        if self._process.returncode is None:
            os.kill(self.pid, signal.SIGTERM)  # not Popen.terminate: that would reap a leader that is dead already

    def kill(self) -> None:
        """End the whole group and reap the leader."""
        self._signal_group(signal.SIGKILL)
        self._watcher.join()
        self._process.wait()

    def wait(self, timeout: float) -> bool:
        """True as soon as the leader has exited, False if it still runs after `timeout` seconds."""
        return self._exited.wait(max(0.0, timeout))

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process.returncode is None:  # not reaped: the leader, even dead, keeps the group and its id
            os.killpg(self.pid, number)

    def _watch(self, exited: Callable[["SandboxProcess"], None]) -> None:
        result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        assert result is not None
        if result.si_code == os.CLD_EXITED:
            self.exit_status = f"exit status {result.si_status}"
        else:
            self.exit_status = f"signal: {signal.strsignal(result.si_status)}".lower()
        self._exited.set()
        exited(self)
