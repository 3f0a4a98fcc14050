"""The HTTP side of the Runtime API and the Extensions API: routes, headers, status codes; no state.

Paths and bodies as in the AWS Lambda Developer Guide and, where that is silent, in AWS's own emulator.
"""

import contextlib
import http.server
import json
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"


@dataclass(frozen=True)
class Answer:
    """A complete response. A body that is not bytes is sent as JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """What stands behind the API. A method may block as long as the caller has to wait for its answer.

    None instead of an answer ends the connection without a word: the sandbox is gone.
    """

    def next_invocation(self) -> Answer | None: ...
    def answer_invocation(self, request_id: str, body: bytes, failed: bool) -> Answer: ...
    def runtime_init_error(self, error_type: str, body: bytes) -> Answer: ...
    def register(self, name: str, body: bytes, features: str) -> Answer: ...
    def next_event(self, identifier: str) -> Answer | None: ...
    def extension_error(self, identifier: str, error_type: str, body: bytes) -> Answer: ...


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection of a client of the API, kept alive as long as the client likes."""

    protocol_version = "HTTP/1.1"
    server_version = "lambda-keepalive-emulator"
    wbufsize = -1  # head and body leave in one segment
    disable_nagle_algorithm = True
    server: "ApiServer"  # type: ignore[assignment]  # not a socketserver: see ApiServer

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: requests are no output of the sandbox."""

    def setup(self) -> None:
        super().setup()
        self.service = self.server.service

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._read_chunks()
        answer = self._route(body)
        if answer is None:
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _serve  # the names that http.server looks up

    def _read_chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(parts)

    def _route(self, body: bytes) -> Answer | None:
        request = f"{self.command} {self.path}"
        identifier = self.headers.get("Lambda-Extension-Identifier", "")
        runtime_error = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
        extension_error = self.headers.get("Lambda-Extension-Function-Error-Type", "")
        if request == f"GET {RUNTIME}/invocation/next":
            return self.service.next_invocation()
        answered = re.fullmatch(rf"POST {RUNTIME}/invocation/([^/]+)/(response|error)", request)
        if answered:
            return self.service.answer_invocation(answered[1], body, failed=answered[2] == "error")
        if request == f"POST {RUNTIME}/init/error":
            return self.service.runtime_init_error(runtime_error, body)
        if request == f"GET {RUNTIME}/restore/next":
            return Answer(200)  # the snapshot is taken and restored in place: only the runtime's hooks run
        if request == f"POST {EXTENSION}/register":
            name = self.headers.get("Lambda-Extension-Name", "")
            return self.service.register(name, body, self.headers.get("Lambda-Extension-Accept-Feature", ""))
        if request == f"GET {EXTENSION}/event/next":
            return self.service.next_event(identifier)
        if request in (f"POST {EXTENSION}/init/error", f"POST {EXTENSION}/exit/error"):
            return self.service.extension_error(identifier, extension_error, body)
        if request in ("PUT /2022-07-01/telemetry", "PUT /2020-08-15/logs"):
            kind = "Telemetry" if "telemetry" in self.path else "Logs"
            return Answer(202, {"errorType": f"{kind}.NotSupported", "errorMessage": f"{kind} API is not supported"})
        return Answer(404, {"errorType": "NotFound", "errorMessage": request})


class ApiServer:
    """Serves one sandbox on a free port of the loopback interface, a thread per connection, until `close`."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._start(self._accept, "runtime api")

    @property
    def address(self) -> str:
        """host:port, the value of AWS_LAMBDA_RUNTIME_API."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """End when the clients have: call it after the processes of the sandbox are gone."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=1)  # a process that escaped its group may still hold a connection open

    def _start(self, target: Callable[..., None], name: str, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:  # closed
                return
            self._start(self._serve, "runtime api connection", connection, address)

    def _serve(self, connection: socket.socket, address: object) -> None:
        # A client killed in the middle of an exchange is an everyday event here.
        with connection, contextlib.suppress(ConnectionError):
            _Handler(connection, address, self)  # type: ignore[arg-type]  # it only reads our `service`
