"""A child never uses a connection of its parent, in whatever state the fork finds a client, and never harms one."""

from __future__ import annotations

import pytest

from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# `in_child(function)` as in test_processes, quiet about forks beside threads (Python 3.12 and later warn).
FORK = """
    import json, os, warnings
    warnings.simplefilter("ignore")

    def in_child(function):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, json.dumps(function()).encode())
            except BaseException as error:
                os.write(writer, json.dumps(repr(error)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return json.loads(text)
"""

# Kept clients of both kinds; `get()` is one call that leaves its connection idle in the client.
KEPT = {
    "requests": "import requests; client = requests.Session(); get = lambda: client.get(url).status_code",
    "urllib3": "import urllib3; client = urllib3.PoolManager(); get = lambda: client.request('GET', url).status",
    "httpx": "import httpx; client = httpx.Client(); get = lambda: client.get(url).status_code",
}
KEPT_ON_A_LOOP = {
    "httpx_async": """
        import asyncio, httpx
        loop = asyncio.new_event_loop()
        client = httpx.AsyncClient()
        get = lambda: loop.run_until_complete(client.get(url)).status_code
    """,
    "aiohttp": """
        import aiohttp, asyncio
        loop = asyncio.new_event_loop()

        async def make():
            return aiohttp.ClientSession()

        async def status():
            async with client.get(url) as response:
                await response.read()
                return response.status

        client = loop.run_until_complete(make())
        get = lambda: loop.run_until_complete(status())
    """,
}


@pytest.mark.parametrize("client", KEPT)
def test_a_client_that_is_inherited_connects_anew(run: Interpreter, origin: Origin, client: str) -> None:
    needs(client)
    code = "result = [get(), in_child(get), in_child(lambda: [get(), get()]), get()]"
    assert run(KEPT[client], FORK, code, url=origin.url) == [200, 200, [200, 200], 200]
    parent, first, second, third, last = (request.connection_id for request in origin.requests)
    assert parent == last
    assert second == third
    assert len({parent, first, second}) == 3


@pytest.mark.parametrize("client", KEPT_ON_A_LOOP)
def test_a_client_on_a_loop_that_waits_gives_the_child_nothing_and_goes_on_in_the_parent(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """In the child with a loop of its own: asyncio's do not outlive a fork."""
    needs(client)
    code = """
        def anew():
            global loop
            loop = asyncio.new_event_loop()
            return get()

        result = [get(), in_child(anew), get(), get()]
    """
    said = "(.*Unclosed.*)?"
    assert run(KEPT_ON_A_LOOP[client], FORK, code, url=origin.url, stderr=said)[:1] == [200]
    parent, *_, last = (request.connection_id for request in origin.requests)
    assert parent == last
    assert [request.connection_id for request in origin.requests].count(parent) == 3, "the child used it"


def test_a_lock_that_another_thread_held_at_the_fork_does_not_make_the_child_share(
    run: Interpreter, origin: Origin
) -> None:
    """httpcore makes an idle connection busy under a lock of the client; who held it is in the parent alone."""
    code = """
        get()
        lock = client._transport._pool.connections[0]._connection._state_lock._lock
        lock.acquire()

        def call():
            return get()

        child = in_child(call)
        lock.release()
        result = [child, get()]
    """
    assert run(KEPT["httpx"], FORK, code, url=origin.url) == [200, 200]
    parent, child, last = (request.connection_id for request in origin.requests)
    assert parent == last != child


@pytest.mark.parametrize("client", KEPT)
def test_forks_in_the_middle_of_other_threads_calls_share_nothing(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """Each call names its process; the server sees which process used which connection."""
    needs(client)
    code = """
        import threading
        from urllib.request import urlopen
        bare, end = url, threading.Event()

        def name():
            global url
            url = f"{bare}/echo?pid={os.getpid()}"

        def work():
            while not end.is_set():
                get()

        # A child of a fork in the middle of an import may wait for its end for ever, with or without the layer.
        name()
        get()
        urlopen(url).read()
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(15):
            child = os.fork()
            if child == 0:
                import faulthandler
                faulthandler.dump_traceback_later(20, exit=True)
                name()
                urlopen(url).read()
                os._exit(0)
            children.append(os.waitpid(child, 0)[1])
        end.set()
        for thread in threads:
            thread.join()
        result = children
    """
    assert run(KEPT[client], FORK, code, url=origin.url) == [0] * 15
    users: dict[int, set[str]] = {}
    for request in origin.requests:
        users.setdefault(request.connection_id, set()).add(request.query["pid"])
    assert [pids for pids in users.values() if len(pids) > 1] == []
