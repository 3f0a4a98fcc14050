"""The async clients under one signature, for snippets that say what each of them must do.

`new()` makes a client, to be used in `async with`; `fetch(client, url, method="GET", body=None, timeout=10)` returns
[status, body as text] or the name of what it raised; `once(url, ...)` does both, `careless(url, ...)` in a loop of its
own. `streaming(client, url)` is an async context manager of a response whose body is not read yet, `part(response)`
reads some of it.
"""

from importlib.metadata import version
from textwrap import dedent

AIOHTTP = """
    import asyncio
    import aiohttp

    def new():
        return aiohttp.ClientSession()

    async def ask(client, url, method, body, timeout):
        limit = aiohttp.ClientTimeout(sock_read=timeout)
        async with client.request(method, url, data=body, timeout=limit, allow_redirects=False) as response:
            return [response.status, await response.text()]

    def streaming(client, url):
        return client.get(url)

    async def part(response):
        return await response.content.read(5)
"""

HTTPX = """
    import asyncio
    import httpx

    def new():
        return httpx.AsyncClient()

    async def ask(client, url, method, body, timeout):
        response = await client.request(method, url, content=body, timeout=timeout)
        return [response.status_code, response.text]

    def streaming(client, url):
        return client.stream("GET", url)

    async def part(response):
        async for bytes_ in response.aiter_raw(5):
            return bytes_
"""

COMMON = """
    async def fetch(client, url, method="GET", body=None, timeout=10):
        try:
            return await ask(client, url, method, body, timeout)
        except Exception as error:
            return type(error).__name__

    async def once(url, *arguments, **options):
        async with new() as client:
            return await fetch(client, url, *arguments, **options)

    def careless(url, *arguments, **options):
        return asyncio.run(once(url, *arguments, **options))
"""

ASYNC_CLIENTS = {name: dedent(client) + dedent(COMMON) for name, client in {"aiohttp": AIOHTTP, "httpx": HTTPX}.items()}


def most_connections(client: str) -> int:
    """How many connections calls one after another may take. aiohttp 3.9 gives a connection back some steps of the loop
    after the response was read, so the next call of the same session may come too early, with the layer or without."""
    return 2 if client == "aiohttp" and version("aiohttp").startswith("3.9.") else 1
