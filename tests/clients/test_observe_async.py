"""Mode `observe` changes nothing and foretells what mode `on` does: with the async clients, and with httplib2."""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS, most_connections
from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.clients.observed import check_forecast
from tests.support.origin import Origin

# For each of the async clients, under the one signature of `ASYNC_CLIENTS`.
PATTERNS = {
    "a client per call": """
        def call(url):
            careless(url + "/bytes/10")
    """,
    "a client per loop, three calls at a time": """
        async def main(url):
            async with new() as client:
                await fetch(client, url + "/bytes/10")
                await asyncio.gather(*[fetch(client, url + "/slow/50") for _ in range(3)])

        def call(url):
            asyncio.run(main(url))
    """,
    "a client that is kept, and its loop": """
        import atexit
        loop, client = asyncio.new_event_loop(), None

        async def main(url):
            global client
            if client is None:
                client = new()
                atexit.register(lambda: loop.run_until_complete(client.__aexit__(None, None, None)))
            await fetch(client, url + "/bytes/10")
            await asyncio.sleep(0)

        def call(url):
            loop.run_until_complete(main(url))
    """,
    "clients that stay alive in one loop": """
        import atexit
        loop, clients = asyncio.new_event_loop(), []

        async def main(url):
            clients.append(new())
            atexit.register(lambda client: loop.run_until_complete(client.__aexit__(None, None, None)), clients[-1])
            await fetch(clients[-1], url + "/bytes/10")
            await asyncio.sleep(0)

        def call(url):
            loop.run_until_complete(main(url))
    """,
    "a POST with a chunked answer": """
        def call(url):
            careless(url + "/chunked/30", "POST", b"x" * 1000)
    """,
    "no content": """
        def call(url):
            careless(url + "/status/204")
    """,
    "not read": """
        async def main(url):
            async with new() as client, streaming(client, url + "/bytes/1000000") as response:
                await part(response)

        def call(url):
            asyncio.run(main(url))
    """,
    "the server closes": """
        def call(url):
            careless(url + "/close")
    """,
    "an answer without a length": """
        def call(url):
            careless(url + "/no-length")
    """,
}

OTHERS = {
    "aiohttp, aiohttp.request": """
        import aiohttp, asyncio

        async def main(url):
            async with aiohttp.request("GET", url + "/chunked/30") as response:
                await response.read()

        def call(url):
            asyncio.run(main(url))
    """,
    "aiohttp, aiohttp.request that is not read": """
        import aiohttp, asyncio

        async def main(url):
            async with aiohttp.request("GET", url + "/bytes/1000000") as response:
                await response.content.read(5)

        def call(url):
            asyncio.run(main(url))
    """,
    "aiohttp, asked to close": """
        import aiohttp, asyncio

        async def main(url):
            async with aiohttp.ClientSession() as session:
                async with session.get(url + "/bytes/10", headers={"Connection": "close"}) as response:
                    await response.read()

        def call(url):
            asyncio.run(main(url))
    """,
    "aiohttp, a connector that closes": """
        import aiohttp, asyncio

        async def main(url):
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                async with session.get(url + "/bytes/10") as response:
                    await response.read()

        def call(url):
            asyncio.run(main(url))
    """,
    "httpx, no idle connections wanted": """
        import httpx

        def call(url):
            with httpx.Client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
                client.get(url + "/bytes/10")
    """,
    "httplib2, an Http per call": """
        import httplib2

        def call(url):
            httplib2.Http().request(url + "/bytes/10")
    """,
    "httplib2, an Http that is kept": """
        import httplib2
        http = httplib2.Http()

        def call(url):
            http.request(url + "/bytes/10")
    """,
    "httplib2, Https that stay alive": """
        import httplib2
        kept = []

        def call(url):
            kept.append(httplib2.Http())
            kept[-1].request(url + "/chunked/30")
    """,
    "httplib2, HEAD": """
        import httplib2

        def call(url):
            httplib2.Http().request(url + "/bytes/10", "HEAD")
    """,
    "requests, from two threads in turn": """
        import requests
        from concurrent.futures import ThreadPoolExecutor
        threads = ThreadPoolExecutor(3)

        def call(url):
            list(threads.map(lambda _: requests.get(url + "/slow/50"), range(3)))
    """,
    "urllib3, pools that take turns": """
        import urllib3
        pools = [urllib3.PoolManager(), urllib3.PoolManager()]

        def call(url):
            for pool in pools:
                pool.request("GET", url + "/bytes/10")
    """,
}


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_observing_async_clients_foretells_mode_on(run: Interpreter, origin: Origin, client: str, pattern: str) -> None:
    needs(client)
    check_forecast(run, origin, ASYNC_CLIENTS[client], PATTERNS[pattern], slack=most_connections(client) - 1)


@pytest.mark.parametrize("pattern", OTHERS)
def test_observing_foretells_mode_on(run: Interpreter, origin: Origin, pattern: str) -> None:
    client = pattern.partition(",")[0]
    needs(client)
    if pattern == "aiohttp, aiohttp.request" and most_connections(client) > 1:
        pytest.skip("aiohttp 3.9 may give the connection back after its loop has ended, and nothing is foretold of it")
    check_forecast(run, origin, OTHERS[pattern], slack=most_connections(client) - 1)
