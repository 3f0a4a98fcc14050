"""`aiohttp.ClientSession`, for each call."""

import asyncio

import aiohttp

from tests.clients.callers import by_hand


async def fetch(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    server_name=None,
    fingerprint=None,
    proxy=None,
    source=None,
    minimum_tls=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    trust = {}
    if fingerprint:
        trust = {"ssl": aiohttp.Fingerprint(bytes.fromhex(fingerprint))}
    elif ca or certificate or minimum_tls:
        trust = {"ssl": by_hand.context(verify, ca, certificate, minimum_tls)}
    elif not verify:
        trust = {"ssl": False}
    connector = aiohttp.TCPConnector(local_addr=(source, 0)) if source else None
    async with (
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(timeout)) as session,
        session.get(
            url,
            proxy=proxy,
            server_hostname=server_name,
            headers=headers,
            cookies=cookies,
            auth=aiohttp.BasicAuth(*auth) if auth else None,
            allow_redirects=False,
            **trust,
        ) as response,
    ):
        return await response.text()


def call(url, **settings):
    return asyncio.run(fetch(url, **settings))
