"""The socket from which the workers of a Managed Instance get their standard output.

awslambdaric 4 forks one worker per concurrent invocation; each connects to the UNIX socket named in
_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET, once for stdout and once for stderr, and puts the connection in
their place.
"""

import contextlib
import socket
import threading
from pathlib import Path

from .output import Output


class LogSocket:
    """Adds every connection to the output as a stream of the runtime, until `close`."""

    def __init__(self, path: Path, output: Output) -> None:
        self.path = path
        self._output = output
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, name="log socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            self._output.add("runtime", connection.detach())
