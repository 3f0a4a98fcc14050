"""Tells the edges of each invocation, without touching the handler.

Seam: `wait_next_invocation` of the Runtime API client, on the class that defines it. Entering it means that the
response of the last invocation was sent; its return carries the next one. Why not `bootstrap.handle_event_request`:
its positional arguments changed twice (tenant_id in 3.1, invocation_id in 4.1). Versions: awslambdaric 3.0 to 4.x,
also its Managed Instances client.
"""

from awslambdaric import lambda_runtime_client

from lambda_keepalive import config, guard, lifecycle, publish
from lambda_keepalive.patching import PatchSkipped, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _wait_next_invocation(original: "Any") -> "Any":
    def wait_next_invocation(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            lifecycle.ending()
            lifecycle.waiting()
        except Exception:  # noqa: BLE001
            guard.fault("end of the invocation")
        request = original(self, *args, **kwargs)
        try:
            lifecycle.starting(str(request.invoke_id), _deadline_of(request))
        except Exception:  # noqa: BLE001
            guard.fault("start of the invocation")
        return request

    return wait_next_invocation


def _deadline_of(request: "Any") -> "float | None":
    """`Lambda-Runtime-Deadline-Ms` in seconds; the client hands it on as it came, a text."""
    try:
        return int(request.deadline_time_in_ms) / 1000
    except (AttributeError, TypeError, ValueError):
        return None


def _preconnect() -> None:
    """Loaded when it is its turn: until then the function may have loaded no client at all."""
    from lambda_keepalive import preconnect

    preconnect.start()


def install(module: "ModuleType") -> None:
    """Patch awslambdaric."""
    for owner in lambda_runtime_client.LambdaRuntimeClient.__mro__:
        if "wait_next_invocation" in vars(owner):
            replace(owner, "wait_next_invocation", _wait_next_invocation)
            publish.follow()
            if config.current().mode == "on" and config.current().preconnect:
                lifecycle.on_ready.append(_preconnect)
            return
    raise PatchSkipped("LambdaRuntimeClient has no wait_next_invocation")
