"""`httpx.AsyncClient`, for each call."""

import asyncio

import anyio._backends._asyncio  # noqa: F401 - anyio 3 imports it at first use; two threads that do so fail
import httpx

from tests.clients.callers.httpx import asking, dialling, trusting


async def fetch(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    server_name=None,
    proxy=None,
    source=None,
    minimum_tls=None,
    socket_options=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    options = {"verify": trusting(verify, ca, certificate, minimum_tls)}
    if proxy or source or socket_options:
        options = {"transport": httpx.AsyncHTTPTransport(**options, **dialling(proxy, source, socket_options))}
    async with httpx.AsyncClient(**options, cookies=cookies, auth=auth, timeout=timeout) as client:
        return (await client.get(url, headers=headers, extensions=asking(server_name))).text


def call(url, **settings):
    return asyncio.run(fetch(url, **settings))
