"""Opens the connections of KEEPALIVE_PRECONNECT while the function is loaded and nobody waits for an answer yet.

When the runtime is about to ask for its first invocation, the function's modules are loaded, so the clients that it
uses are known. Each address is dialled by those, all at once, and init waits for them at most `PATIENCE` seconds. After
a SnapStart restore the runtime comes by the same place. With the word `again` in the list, what the freeze took away is
dialled anew when an invocation starts, beside the handler, which waits for nothing.

A call is made as a function makes it and stopped once it is connected (`dialling`). A thread ends with its dialling,
after `TIMEOUT` seconds for each step at most.
"""

import sys
import threading
import time

from lambda_keepalive import config, dialling, guard, lifecycle, transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

# A fifth of the ten seconds that Lambda gives init, and more than any healthy peer takes.
PATIENCE = 2.0
TIMEOUT = 2.0

# Names of AWS's endpoints end so; those are botocore's, where the function has it.
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

_settings = config.current()


def _by_requests(url: str) -> None:
    sys.modules["requests"].get(url, timeout=TIMEOUT)


def _by_httpx(url: str) -> None:
    sys.modules["httpx"].get(url, timeout=TIMEOUT)


def _by_urllib3(url: str) -> None:
    sys.modules["urllib3"].PoolManager().request("GET", url, timeout=TIMEOUT, retries=False)


def _by_urlopen(url: str) -> None:
    sys.modules["urllib.request"].urlopen(url, timeout=TIMEOUT).close()


def _by_http_client(url: str) -> None:
    scheme, _, rest = url.partition("://")
    library: Any = sys.modules["http.client"]
    connection_class = library.HTTPSConnection if scheme == "https" else library.HTTPConnection
    connection_class(rest.partition("/")[0], timeout=TIMEOUT).request("GET", "/")


def _by_botocore(url: str) -> None:
    from lambda_keepalive import botocore_dialling

    botocore_dialling.send(url, TIMEOUT)


class _Way:
    """How a client dials: the call, the module that shows that the function has it, its name in KEEPALIVE_CLIENTS, and
    the method whose patch stops the call."""

    __slots__ = ("call", "client", "module", "seam")

    def __init__(self, module: str, client: str, seam: "tuple[str, str, str]", call: "Callable[[str], None]") -> None:
        self.module = module
        self.client = client
        self.seam = seam
        self.call = call

    def is_open(self) -> bool:
        """Whether the function has loaded the client and our patch is in place: else a request would be sent."""
        if self.module not in sys.modules or self.client not in _settings.clients:
            return False
        module, owner, method = self.seam
        try:
            # httpx loads httpcore with its first call.
            __import__(module)
        except ImportError:
            return False
        seam = getattr(getattr(sys.modules[module], owner, None), method, None)
        return getattr(seam, "_keepalive_hook", None) is not None


_URLLIB3 = ("urllib3.connection", "HTTPSConnection", "connect")
_HTTP_CLIENT = ("http.client", "HTTPSConnection", "connect")
_HTTPCORE = ("httpcore._sync.http11", "HTTP11Connection", "handle_request")

WAYS = {
    "requests": _Way("requests", "urllib3", _URLLIB3, _by_requests),
    "httpx": _Way("httpx", "httpx", _HTTPCORE, _by_httpx),
    "botocore": _Way("botocore.endpoint", "botocore", _URLLIB3, _by_botocore),
    "urllib3": _Way("urllib3", "urllib3", _URLLIB3, _by_urllib3),
    "urllib.request": _Way("urllib.request", "urllib.request", _HTTP_CLIENT, _by_urlopen),
    "http.client": _Way("http.client", "http.client", _HTTP_CLIENT, _by_http_client),
}


def ways_for(client: str, url: str) -> "list[str]":
    """By which clients to dial: the one that the list names, botocore for AWS, requests and httpx for everybody else;
    those below them only where the function has neither."""
    if client:
        return [client] if WAYS[client].is_open() else []
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    if host.endswith(_AWS) and WAYS["botocore"].is_open():
        return ["botocore"]
    upper = [name for name in ("requests", "httpx") if WAYS[name].is_open()]
    below = [name for name in ("urllib3", "urllib.request", "http.client") if WAYS[name].is_open()]
    return upper or below[:1]


# What was dialled: client and URL, with the identity of the connection.
_dialled: "dict[tuple[str, str], Hashable]" = {}
_dialling: "set[tuple[str, str]]" = set()


def start() -> None:
    """Dial everything, and wait for it within reason."""
    threads = []
    for client, url in _settings.preconnect:
        if client == config.AGAIN:
            lifecycle.on_start.append(again)
            continue
        names = ways_for(client, url)
        if not names:
            guard.once(f"preconnect of {url}: no client that the layer knows is loaded")
        threads += [_start(name, url) for name in names]
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def again() -> None:
    """Dial that of which nothing is left, and wait for nothing: an invocation starts."""
    for (name, url), key in list(_dialled.items()):
        if (name, url) not in _dialling and transport.is_lost(key):
            _start(name, url)


def _start(name: str, url: str) -> threading.Thread:
    _dialling.add((name, url))
    thread = threading.Thread(target=_dial, args=(name, url), name="lambda-keepalive-preconnect", daemon=True)
    thread.start()
    return thread


def _dial(name: str, url: str) -> None:
    try:
        key = dialling.dial(lambda: WAYS[name].call(url))
        if key is not None:
            _dialled[name, url] = key
    except Exception as error:  # noqa: BLE001
        guard.once(f"preconnect of {url} by {name} failed ({type(error).__name__}: {error})")
    finally:
        _dialling.discard((name, url))
