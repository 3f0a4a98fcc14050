"""Runs the extension's binary as Lambda would: a process of its own with pipes."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from tests.extension.stub import DEADLINE, Stub


class Extension:
    """A running extension with its Extensions API. A context manager that leaves nothing behind."""

    def __init__(
        self,
        command: list[str],
        directory: Path,
        *,
        stub: Stub | None = None,
        stdout: int | None = None,
        **environment: str,
    ) -> None:
        """Start `command`, to make its FIFO in `directory`. `environment` goes over what Lambda sets."""
        self.stub = stub or Stub()
        self.fifo = directory / "records"
        self._writer = -1
        self._output = b""
        variables = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.stub.port}",
            "AWS_LAMBDA_FUNCTION_NAME": "demo",
            "KEEPALIVE_RUNTIME_DIR": str(directory),
            **environment,
        }
        self.process = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if stdout is None else stdout
        )

    def __enter__(self) -> Extension:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self._writer >= 0:
            os.close(self._writer)
        self.stub.close()

    def ready(self) -> Extension:
        """Wait until it has registered and asked for an event."""
        self.stub.wait_until_ready()
        return self

    def open_error(self) -> int:
        """The number of the error that the function gets when it opens the FIFO, 0 for none."""
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            return error.errno or 0
        return 0

    def write(self, record: str | bytes) -> None:
        """Write as the function does: one write(2) that does not block."""
        data = record.encode() if isinstance(record, str) else record
        if self._writer < 0:
            self._writer = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        assert os.write(self._writer, data) == len(data)

    def write_all(self, data: bytes) -> None:
        """Write without regard for record boundaries, waiting for room where the function would not."""
        if self._writer < 0:
            self._writer = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        with selectors.DefaultSelector() as selector:
            selector.register(self._writer, selectors.EVENT_WRITE)
            while data:
                assert selector.select(DEADLINE), "the extension does not read"
                try:
                    data = data[os.write(self._writer, data) :]
                except BlockingIOError:
                    continue  # room for less than PIPE_BUF

    def line(self) -> str:
        """The next line of its standard output, without the newline."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + DEADLINE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._output:
                assert selector.select(deadline - time.monotonic()), f"no line; so far {self._output!r}"
                read = os.read(self.process.stdout.fileno(), 65536)
                assert read, f"it ended; last {self._output!r}"
                self._output += read
        line, _, self._output = self._output.partition(b"\n")
        return line.decode()

    def finish(self, reason: str = "spindown") -> list[str]:
        """Send SHUTDOWN, see it exit with 0 and return the lines that were not read yet."""
        self.stub.shut_down(reason)
        rest, _ = self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0
        output = self._output + (rest or b"")
        assert not output or output.endswith(b"\n")
        return output.decode().splitlines()
