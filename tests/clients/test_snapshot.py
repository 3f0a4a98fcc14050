"""SnapStart: no connection gets into the snapshot, and none comes out of it."""

from __future__ import annotations

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

pytest.importorskip("snapshot_restore_py")

# As awslambdaric does it (lambda_runtime_hooks_runner.py). After the restore the monotonic clock may say anything.
SNAPSHOT = """
    import snapshot_restore_py, time

    def take_snapshot():
        hooks = snapshot_restore_py.get_before_snapshot()
        while hooks:
            function, arguments, options = hooks.pop()
            function(*arguments, **options)

    def restore(monotonic):
        genuine = time.monotonic
        time.monotonic = lambda: genuine() + monotonic
        for function, arguments, options in snapshot_restore_py.get_after_restore():
            function(*arguments, **options)
"""

# Clients that outlive the snapshot, each with an idle connection of its own; `get()` uses it.
KEPT = {
    "requests": "import requests; client = requests.Session(); get = lambda: client.get(url).status_code",
    "httpx": "import httpx; client = httpx.Client(); get = lambda: client.get(url).status_code",
    "http_client": """
        from http.client import HTTPSConnection
        client = HTTPSConnection(url.partition("//")[2])

        def get():
            client.request("GET", "/")
            response = client.getresponse()
            response.read()
            return response.status
    """,
    "httpx_async": """
        import asyncio, httpx
        loop = asyncio.new_event_loop()
        client = httpx.AsyncClient()
        get = lambda: loop.run_until_complete(client.get(url)).status_code
    """,
    "aiohttp": """
        import aiohttp, asyncio
        loop = asyncio.new_event_loop()

        async def status():
            async with client.get(url) as response:
                await response.read()
                return response.status

        async def make():
            return aiohttp.ClientSession()

        client = loop.run_until_complete(make())
        get = lambda: loop.run_until_complete(status())
    """,
}


@pytest.mark.parametrize("monotonic", [0, 3600, -3600])
@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_idle_is_closed_before_the_snapshot(
    run: Interpreter, origin: Origin, client: str, monotonic: float
) -> None:
    code = """
        result = [fetch(url)[0]]
        take_snapshot()
        act("closed")
        restore(monotonic)
        result += [fetch(url)[0], fetch(url)[0]]
    """
    acts = {"closed": lambda: origin.wait_for(lambda: origin.open == 0)}
    assert run(CLIENTS[client], SNAPSHOT, code, url=origin.url, acts=acts, monotonic=monotonic) == [200] * 3
    assert (origin.received, origin.accepted) == (3, 2)


@pytest.mark.parametrize("client", [client for client in KEPT if client != "http_client"])
def test_a_client_that_outlives_the_snapshot_connects_anew(run: Interpreter, origin: Origin, client: str) -> None:
    needs(client)
    code = """
        result = [get()]
        take_snapshot()
        act("closed")
        restore(0)
        result += [get(), get()]
    """
    acts = {"closed": lambda: origin.wait_for(lambda: origin.open == 0)}
    said = "(.*Unclosed.*)?"
    assert run(KEPT[client], SNAPSHOT, code, url=origin.url, acts=acts, stderr=said) == [200] * 3
    first, second, third = (request.connection_id for request in origin.requests)
    assert first != second == third


@pytest.mark.parametrize("client", KEPT)
def test_what_was_opened_beside_the_snapshot_is_not_used_after_it(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """By a thread, after the last hook has run; also a connection that is in use at that moment and idle later."""
    needs(client)
    code = """
        take_snapshot()
        result = [get()]
        restore(0)
        if client.__class__.__name__ == "HTTPSConnection":
            client.close()  # it has no pool to ask: only the next one is ours to choose
        result += [get(), get()]
    """
    said = "(.*Unclosed.*)?"
    assert run(KEPT[client], SNAPSHOT, code, url=origin.url, stderr=said) == [200] * 3
    first, second, third = (request.connection_id for request in origin.requests)
    assert first != second == third


def test_hooks_of_the_function_come_before_ours_and_their_connections_end_with_the_rest(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        from snapshot_restore_py import register_after_restore, register_before_snapshot
        warm = []
        register_before_snapshot(lambda: warm.append(fetch(url)[0]))
        register_after_restore(lambda: warm.append(fetch(url)[0]))
        fetch(url)
        take_snapshot()
        act("closed")
        restore(-5)
        fetch(url)
        result = warm
    """
    acts = {"closed": lambda: origin.wait_for(lambda: origin.open == 0)}
    assert run(CLIENTS["requests"], SNAPSHOT, code, url=origin.url, acts=acts) == [200, 200]
    assert (origin.received, origin.accepted) == (4, 2)


def test_a_response_that_is_read_on_after_the_restore_gives_nothing_to_the_pool(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        from urllib.request import urlopen
        response = urlopen(url + "/bytes/10")
        take_snapshot()
        restore(0)
        result = [response.read().decode(), urlopen(url + "/bytes/3").read().decode()]
    """
    assert run(SNAPSHOT, code, url=origin.url) == ["0123456789", "012"]
    assert origin.accepted == 2


def test_what_was_counted_before_the_snapshot_is_in_no_record(run: Interpreter, origin: Origin) -> None:
    pytest.importorskip("awslambdaric")
    code = """
        import awslambdaric.lambda_runtime_client
        from lambda_keepalive.stats import stats
        fetch(url)
        counted = stats.peek().total("opened")
        take_snapshot()
        restore(0)
        result = [counted, stats.peek().total("opened"), stats.peek().discarded]
    """
    assert run(CLIENTS["requests"], SNAPSHOT, code, url=origin.url) == [1, 0, {}]


def test_a_function_that_used_no_client_has_nothing_to_close(run: Interpreter) -> None:
    run(SNAPSHOT, "take_snapshot(); restore(-5)")
