"""The table of patches: which module is awaited, which module of ours patches it, and for which client names.

A patch module has one function, `install(module)`, and one list of what it replaces, made with `patching.replace`.
No patch imports another one.
"""

import sys

from lambda_keepalive import guard
from lambda_keepalive.patching import PatchSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from types import ModuleType


_failed = False


class Patch:
    """One row: after `module` is imported, `lambda_keepalive.patches.<name>.install(module)` runs, in these modes, and
    only if the setting that it `needs` is set."""

    __slots__ = ("clients", "modes", "module", "name", "needs")

    def __init__(
        self,
        module: str,
        name: str,
        clients: "tuple[str, ...]",
        modes: "tuple[str, ...]" = ("on",),
        needs: "str | None" = None,
    ) -> None:
        self.module = module
        self.name = name
        self.clients = clients
        self.modes = modes
        self.needs = needs

    def wanted(self, clients: "AbstractSet[str]") -> bool:
        """Whether one of the wanted clients stands on this patch; a patch without clients is always wanted."""
        return not self.clients or not clients.isdisjoint(self.clients)

    def apply(self, module: "ModuleType") -> None:
        """Import the patch module and let it patch `module`, unless a patch has failed before.

        Patches stand on each other (all of them on http.client's), and what broke one would break the next: one line
        about it is enough.
        """
        global _failed
        if _failed:
            return
        name = f"{__name__}.{self.name}"
        try:
            __import__(name)
            sys.modules[name].install(module)
        except PatchSkipped as reason:
            guard.once(f"{self.module} is left alone: {reason}")
        except Exception:
            _failed = True
            raise


_HTTP_CLIENT = ("http.client", "urllib.request", "urllib3", "botocore", "httplib2")
_BOTH, _OBSERVE = ("on", "observe"), ("observe",)

PATCHES = (
    Patch("awslambdaric.lambda_runtime_client", "awslambdaric", (), _BOTH),
    Patch("snapshot_restore_py", "snapshot_restore_py", (), _BOTH),
    Patch("socket", "socket", (*_HTTP_CLIENT, "httpx", "aiohttp")),
    Patch("ssl", "ssl_context", (*_HTTP_CLIENT, "httpx", "aiohttp"), _BOTH),
    Patch("http.client", "http_client", _HTTP_CLIENT),
    Patch("urllib.request", "urllib_request", ("urllib.request",)),
    Patch("urllib3.connectionpool", "urllib3", ("urllib3", "botocore")),
    Patch("botocore.session", "botocore", ("botocore",)),
    Patch("httplib2", "httplib2", ("httplib2",)),
    Patch("httpcore", "httpcore", ("httpx",)),
    Patch("httpcore", "httpcore_async", ("httpx",)),
    Patch("aiohttp.client", "aiohttp", ("aiohttp",)),
    Patch("requests.sessions", "requests", ("urllib3",)),
    Patch("http.client", "sticky_http_client", _HTTP_CLIENT, needs="sticky_hosts"),
    Patch("httpcore", "sticky_httpcore", ("httpx",), needs="sticky_hosts"),
    Patch("aiohttp.client", "sticky_aiohttp", ("aiohttp",), needs="sticky_hosts"),
    Patch("http.client", "observe_http_client", _HTTP_CLIENT, _OBSERVE),
    Patch("urllib.request", "observe_urllib_request", ("urllib.request",), _OBSERVE),
    Patch("httpcore", "observe_httpcore", ("httpx",), _OBSERVE),
    Patch("httpcore", "observe_httpcore_async", ("httpx",), _OBSERVE),
    Patch("httplib2", "observe_httplib2", ("httplib2",), _OBSERVE),
    Patch("aiohttp.client", "observe_aiohttp", ("aiohttp",), _OBSERVE),
    Patch("urllib3.connectionpool", "observe_urllib3", ("urllib3", "botocore"), _OBSERVE),
)
