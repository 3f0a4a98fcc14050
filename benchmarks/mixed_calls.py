"""The function that `benchmarks.soak` invokes: every client, every way to use and to lose a connection, in 4 threads.

An event holds `urls`, `calls` and `seed`; the answer lists what should not have happened. An event without calls asks
what the function holds: the answer is the number of blocks that Python's allocator has given out and the bytes that the
C library's has. That takes one call all the same, since nothing is reported of an invocation that sent nothing.
"""

from __future__ import annotations

import ctypes
import gc
import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any

from tests.clients import callers
from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.careless import CLIENTS
from tests.torture.callers import SYNC

THREADS = 4

SMALL, LARGE = b"0123456789", b"0123456789" * 20_000

# Method, path and body. The server decides what becomes of the connection, and never so that a request can be on its
# way to a server that has left: nobody could say then whether it counts.
ANSWERED: list[tuple[str, str, bytes | None]] = [
    ("GET", "/bytes/10", None),
    ("GET", "/bytes/200000", None),
    ("GET", "/chunked/3000?trailer=1", None),
    ("GET", "/gzip", None),
    ("GET", "/continue", None),
    ("GET", "/no-length", None),
    ("GET", "/http10", None),
    ("GET", "/close", None),
    ("GET", "/surplus", None),
    ("GET", "/redirect/1", None),
    ("GET", "/status/404", None),
    ("GET", "/status/204", None),
    ("HEAD", "/bytes/10", None),
    ("POST", "/echo", SMALL),
    ("POST", "/echo", LARGE),
    ("POST", "/early/413?keep=1", LARGE),
]
# What reads the request and hangs up: a GET on a connection that was kept is sent again, and fails again.
FAILING: list[tuple[str, str, bytes | None]] = [
    ("GET", "/drop", None),
    ("POST", "/drop", SMALL),
    ("GET", "/truncated", None),
]
# requests and urllib3 did not mind before their versions 2.32 and 2.0.
TOLERATED = "/truncated"


def defined(code: str, name: str) -> Callable[..., Any]:
    """A function that a snippet of the tests defines."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names[name]  # type: ignore[no-any-return]


# Answer [status, body], or the name of what was raised.
FETCH = {name: defined(code, "fetch") for name, code in CLIENTS.items()}
FETCH |= {f"{name}, async": defined(code, "careless") for name, code in ASYNC_CLIENTS.items()}
# All nine; GET alone, and boto3's GetItem in its place.
CALL = {name: import_module(f"tests.clients.callers.{name}").call for name in callers.CALLERS}


def fetch(name: str, url: str, call: tuple[str, str, bytes | None], fails: bool) -> str | None:
    """Any request by one of seven clients."""
    method, path, body = call
    outcome = FETCH[name](url + path, method, body)
    right = isinstance(outcome, str) == fails or path == TOLERATED
    return None if right else f"{name}: {method} {path}: {outcome!r:.80}"


def get(name: str, url: str) -> str | None:
    """A small response by any of the nine."""
    body = CALL[name](f"{url}/bytes/10")
    return None if "bytes/10" in body or body == SMALL.decode() else f"{name}: {body!r:.80}"


def follow(url: str) -> None:
    """Three requests for one call, by requests: the others are told not to follow redirects."""
    SYNC["requests"]().ask("GET", f"{url}/redirect/2")


def read_in_part(name: str, url: str, path: str, end: str) -> None:
    """A response that is closed early, read later, or left behind as it is."""
    held = SYNC[name]().begin(url + path)
    if end != "leave":
        getattr(held, end)()


def any_call(rng: random.Random, urls: list[str]) -> Callable[[], str | None]:
    """The next call, by chance."""
    url = rng.choice(urls)
    kind = rng.choices(["fetch", "fail", "get", "follow", "part"], [40, 4, 40, 4, 12])[0]
    if kind == "fetch":
        return partial(fetch, rng.choice(list(FETCH)), url, rng.choice(ANSWERED), False)
    if kind == "fail":
        return partial(fetch, rng.choice(list(FETCH)), url, rng.choice(FAILING), True)
    if kind == "get":
        return partial(get, rng.choice(list(CALL)), url)
    if kind == "follow":
        return partial(follow, url)
    # boto3 would ask for an object by the URL.
    name = rng.choice([name for name in SYNC if name != "boto3"])
    path = rng.choice(["/bytes/10", "/bytes/200000", "/chunked/3000"])
    return partial(read_in_part, name, url, path, rng.choice(["rest", "drop", "leave"]))


def outcome_of(call: Callable[[], str | None]) -> str | None:
    """What should not have happened, an exception included."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - what surfaces is the result
        return f"{call}: {error!r}"


class MallocInformation(ctypes.Structure):
    """What glibc's `mallinfo2` answers, of all threads' arenas together (mallinfo(3))."""

    _fields_ = [
        ("before", ctypes.c_size_t * 4),
        ("hblkhd", ctypes.c_size_t),  # of blocks that are mapped by themselves
        ("between", ctypes.c_size_t * 2),
        ("uordblks", ctypes.c_size_t),  # of all others
        ("after", ctypes.c_size_t * 2),
    ]


def allocated_bytes() -> int:
    """What the C library has given out and not got back: all of OpenSSL's, and Python's above 512 bytes.

    Resident memory is more, and by how much is chance: four threads leave holes in four arenas.
    """
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = MallocInformation
    information = ask()
    return int(information.uordblks + information.hblkhd)


def handler(event: dict[str, Any], context: object) -> Any:
    """Make the calls of one invocation, or say what is held."""
    if event["calls"] == 0:
        get("http_client", event["urls"][0])
        gc.collect()
        # CPython's cache of type attributes keeps the names that were looked up, thousands of them.
        (getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache)()
        return sys.getallocatedblocks(), allocated_bytes()
    rng = random.Random(event["seed"])
    calls = [any_call(rng, event["urls"]) for _ in range(event["calls"])]
    with ThreadPoolExecutor(THREADS) as threads:
        return [wrong for wrong in threads.map(outcome_of, calls) if wrong is not None]
