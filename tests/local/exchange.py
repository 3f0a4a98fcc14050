"""Who waits for what in a sandbox: the state behind the Runtime API and the Extensions API.

The public methods of `api.Service` run in the threads of the API's clients and block where the client has to
wait; the others are the platform's side and run in the thread that invokes. One condition guards everything.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from .api import Answer
from .configuration import ACCOUNT, FunctionConfiguration
from .extensions import Extension
from .invocation import Fault, PendingInvocation

ACCEPTED = Answer(202, {"status": "OK"})


def _refuse(error_type: str, message: str, status: int = 403) -> Answer:
    return Answer(status, {"errorType": error_type, "errorMessage": message})


class Exchange:
    """The state of one sandbox. `external` names the extensions that are going to register."""

    def __init__(self, configuration: FunctionConfiguration, external: Iterable[str]) -> None:
        self._configuration = configuration
        self._workers = configuration.workers
        self._managed_instances = configuration.max_concurrency is not None
        self._changed = threading.Condition()
        self._fault: Fault | None = None
        self._shutting_down = False
        self._closed = False
        self._extensions = [Extension(name, external=True) for name in external]
        self._workers_waiting = 0
        self._pending: deque[PendingInvocation] = deque()
        self._running: dict[str, PendingInvocation] = {}

    # The platform's side.

    def await_registration(self, deadline: float) -> None:
        """Return when every external extension has registered; raises like `await_end`."""
        self._wait(lambda: all(extension.registered for extension in self._extensions), deadline)

    def await_ready(self, deadline: float) -> None:
        """Return when runtime and extensions have asked for their first event; raises like `await_end`."""

        def ready() -> bool:
            # Node's runtime client may have more workers than it was told of.
            return self._workers_waiting >= self._workers and all(extension.idle for extension in self._extensions)

        self._wait(ready, deadline)

    def deliver(self, invocation: PendingInvocation) -> None:
        """Let the runtime have the invocation, and the extensions subscribed to INVOKE the event."""
        event = {
            "eventType": "INVOKE",
            "deadlineMs": invocation.deadline_ms,
            "requestId": invocation.request_id,
            "invokedFunctionArn": invocation.function_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
        }
        with self._changed:
            self._pending.append(invocation)
            for extension in self._subscribed("INVOKE"):
                extension.queue.append(event)
            self._changed.notify_all()

    def await_end(self, invocation: PendingInvocation) -> None:
        """Return when the invocation is answered and all that take part have asked for their next event.

        Where invocations overlap, the answer alone ends it. Raises Fault if the sandbox cannot go on, and
        TimeoutError at the invocation's deadline.
        """

        def over() -> bool:
            if self._managed_instances or not invocation.answered:
                return invocation.answered
            return self._workers_waiting == 1 and all(extension.idle for extension in self._subscribed("INVOKE"))

        try:
            self._wait(over, invocation.deadline)
        finally:
            with self._changed:
                if invocation in self._pending:  # no worker was free in time
                    self._pending.remove(invocation)

    def fail(self, fault: Fault) -> None:
        """Note why the sandbox cannot go on. The first cause counts: what follows from it does not."""
        with self._changed:
            if self._fault is None and not self._shutting_down:
                self._fault = fault
            self._changed.notify_all()

    def begin_shutdown(self) -> None:
        """From here on the end of a process is no fault."""
        with self._changed:
            self._shutting_down = True

    def announce_shutdown(self, reason: str, limit: float) -> frozenset[str]:
        """Send SHUTDOWN to the extensions subscribed to it, `limit` seconds ahead; returns their names."""
        event = {
            "eventType": "SHUTDOWN",
            "shutdownReason": reason,
            "deadlineMs": int((time.time() + limit) * 1000),
        }
        with self._changed:
            subscribed = self._subscribed("SHUTDOWN")
            for extension in subscribed:
                extension.queue.append(event)
            self._changed.notify_all()
        return frozenset(extension.name for extension in subscribed)

    def close(self) -> None:
        """Let every waiting client go, without an answer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The Runtime API.

    def next_invocation(self) -> Answer | None:
        with self._changed:
            self._workers_waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._pending or self._closed)
            self._workers_waiting -= 1
            if self._closed:
                return None
            invocation = self._pending.popleft()
            self._running[invocation.request_id] = invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        return Answer(200, invocation.body, headers)

    def answer_invocation(self, request_id: str, body: bytes, failed: bool) -> Answer:
        with self._changed:
            invocation = self._running.pop(request_id, None)
            if invocation is None:
                return _refuse("InvalidRequestID", "Invalid request ID", status=400)
            invocation.answer(body, failed)
            self._changed.notify_all()
        return ACCEPTED

    def runtime_init_error(self, error_type: str, body: bytes) -> Answer:
        self.fail(Fault.reported(error_type, body))
        return ACCEPTED

    # The Extensions API.

    def register(self, name: str, body: bytes, features: str) -> Answer:
        try:
            events = json.loads(body)["events"]
        except (ValueError, KeyError, TypeError):
            return _refuse("InvalidRequestFormat", "the body is no JSON object with events")
        with self._changed:
            extension = next((known for known in self._extensions if known.name == name), None)
            if extension is not None and extension.registered:
                return _refuse("Extension.InvalidExtensionState", f"{name} has registered already")
            if extension is None:
                if self._workers_waiting or self._running or self._pending:
                    return _refuse("Extension.RegistrationClosed", "Extension registration closed already")
                extension = Extension(name, external=False)
            for event in events:
                if extension.refused(event, self._managed_instances):
                    return _refuse("Extension.InvalidEventType", f"{event}: ErrorInvalidEventType")
            if not extension.external:
                self._extensions.append(extension)
            extension.events = frozenset(events)
            extension.registered = True
            self._changed.notify_all()
        configuration = self._configuration
        answer = {
            "functionName": configuration.name,
            "functionVersion": "$LATEST",
            "handler": configuration.handler,
        }
        if "accountId" in [feature.strip() for feature in features.split(",")]:
            answer["accountId"] = ACCOUNT
        return Answer(200, answer, {"Lambda-Extension-Identifier": extension.identifier})

    def next_event(self, identifier: str) -> Answer | None:
        with self._changed:
            extension = self._registered(identifier)
            if extension is None:
                return _refuse("Extension.UnknownExtensionIdentifier", f"unknown extension identifier {identifier!r}")
            extension.waiting = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: extension.queue or self._closed)
            extension.waiting = False
            if self._closed:
                return None
            event: dict[str, Any] = extension.queue.popleft()
        return Answer(200, event)

    def extension_error(self, identifier: str, error_type: str, body: bytes) -> Answer:
        with self._changed:
            known = self._registered(identifier) is not None
        if not known:
            return _refuse("Extension.UnknownExtensionIdentifier", f"unknown extension identifier {identifier!r}")
        self.fail(Fault.reported(error_type, body))
        return ACCEPTED

    def _wait(self, ready: Callable[[], bool], deadline: float) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: self._fault is not None or ready(), deadline - time.monotonic())
            if self._fault is not None:
                raise self._fault
        if not done:
            raise TimeoutError

    def _subscribed(self, event: str) -> list[Extension]:
        return [extension for extension in self._extensions if event in extension.events]

    def _registered(self, identifier: str) -> Extension | None:
        registered = (extension for extension in self._extensions if extension.registered)
        return next((extension for extension in registered if extension.identifier == identifier), None)
