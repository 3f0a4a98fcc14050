"""One invocation: what the caller asks, what the runtime answers, and what the platform says about it."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from .output import Line


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation.

    `payload` is the decoded response, `error` the error object of the runtime or of the platform
    (`errorType`, `errorMessage`): one of the two is None. `duration` is in seconds and lasts, as on the
    bill, until the runtime and every extension subscribed to INVOKE had asked for the next event. `lines` is
    what the sandbox printed meanwhile; a line that an extension prints later belongs to the following
    invocation.
    """

    request_id: str
    payload: Any
    error: dict[str, Any] | None
    duration: float
    timed_out: bool
    lines: list[Line]


class Fault(Exception):
    """The sandbox cannot go on: what the platform tells the caller instead of a response."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self._error_type = error_type
        self._message = message
        self._reported: dict[str, Any] | None = None

    @classmethod
    def reported(cls, error_type: str, body: bytes) -> "Fault":
        """What a process said about itself before it gave up; `error_type` is from its header."""
        try:
            body_object = json.loads(body)
        except ValueError:
            body_object = None
        details = body_object if isinstance(body_object, dict) else {}
        fault = cls(str(details.get("errorType", error_type)), str(details.get("errorMessage", "")))
        fault._reported = details
        return fault

    def error(self, request_id: str) -> dict[str, Any]:
        """The error object of an invocation that ended by it."""
        if self._reported is not None:
            return {"errorType": self._error_type, "errorMessage": self._message} | self._reported
        return {"errorType": self._error_type, "errorMessage": f"RequestId: {request_id} Error: {self._message}"}


class PendingInvocation:
    """An invocation on its way through the sandbox; its outcome is guarded by the lock of the exchange."""

    def __init__(self, event: Any, function_arn: str, timeout: float) -> None:
        self.request_id = str(uuid.uuid4())
        self.function_arn = function_arn
        self.body = json.dumps(event).encode()
        # The form of an X-Ray trace: version, epoch seconds and 96 random bits; then the 64 bits of the
        # parent.
        root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
        self.trace_id = f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=0"
        self.answered = False
        self.payload: Any = None
        self.error: dict[str, Any] | None = None
        self._timeout = timeout
        self.start()

    def start(self) -> None:
        """Begin the function's time: INIT does not count against it."""
        self.started = time.monotonic()
        self.deadline = self.started + self._timeout  # on the monotonic clock
        self.deadline_ms = int((time.time() + self._timeout) * 1000)  # on the wall clock, for the processes

    def answer(self, body: bytes, failed: bool) -> None:
        """Take the runtime's response or error; a body that is not JSON stays text."""
        text = body.decode("utf-8", "replace")
        try:
            decoded = json.loads(text)
        except ValueError:
            decoded = text
        if failed:
            self.error = decoded if isinstance(decoded, dict) else {"errorType": "Unhandled", "errorMessage": text}
        else:
            self.payload = decoded
        self.answered = True
