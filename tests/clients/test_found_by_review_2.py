"""Found by a reader who wrote none of the patches for httpx, aiohttp, TLS contexts and botocore."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Exchange, Origin

# Calls `/together` four times at once, with a connector that is given.
TOGETHER = """
    import asyncio
    import aiohttp

    async def call(session):
        async with session.get(url + "/together") as response:
            await response.read()

    async def together(**limits):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(**limits)) as session:
            await asyncio.gather(*[call(session) for _ in range(4)])
"""


class Crowd:
    """Counts how many requests are handled at the same time; waits a little for the others."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self._here += 1
            self.most = max(self.most, self._here)
        exchange.pause(0.05)
        with self._lock:
            self._here -= 1
        exchange.respond(200, b"together")


@pytest.fixture
def crowd(origin: Origin) -> Iterator[Crowd]:
    crowd = Crowd()
    origin.route("/together", crowd)
    return crowd


@pytest.mark.parametrize(("limits", "most"), [({"limit": 1}, 1), ({"limit_per_host": 2}, 2)], ids=str)
def test_idle_connections_do_not_lift_a_users_limit(
    run: Interpreter, origin: Origin, crowd: Crowd, limits: dict[str, int], most: int
) -> None:
    """aiohttp takes idle connections without looking at its limits, since its own were counted before."""
    pytest.importorskip("aiohttp")
    code = f"""
        asyncio.run(together())
        act("four were open")
        asyncio.run(together(**{limits}))
    """

    def four_were_open() -> None:
        assert origin.accepted == 4
        crowd.most = 0

    run(TOGETHER, code, url=origin.url, acts={"four were open": four_were_open})
    assert crowd.most == most
    assert origin.accepted == 4


def test_a_context_that_has_connected_before_is_equal_to_a_fresh_one(run: Interpreter, origin: Origin) -> None:
    """urllib3 loads the CAs and names its protocols on each connect, into a context that may be at its second."""
    code = """
        import os
        import urllib3
        from urllib3.util.ssl_ import create_urllib3_context

        def call(context):
            with urllib3.PoolManager(ssl_context=context, ca_certs=os.environ['SSL_CERT_FILE']) as manager:
                manager.request("GET", url)
                act("close")
                manager.request("GET", url)

        used = create_urllib3_context()
        call(used)
        call(used)
        call(create_urllib3_context())
        urllib3.PoolManager(ssl_context=used, ca_certs=os.environ['SSL_CERT_FILE']).request("GET", url)
    """
    acts = {"close": origin.close_idle}
    run(code, url=origin.url_for("localhost"), acts=acts)
    # One more after each of the three times that the server closed all.
    assert origin.accepted == 4


def test_a_connector_that_keeps_nothing_is_left_alone(run: Interpreter, origin: Origin) -> None:
    """In aiohttp 3.9 it has a marker for its keepalive timeout."""
    pytest.importorskip("aiohttp")
    code = """
        import asyncio
        import aiohttp

        async def call():
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.request("GET", url + "/bytes/3", connector=connector) as response:
                text = await response.text()
            await connector.close()
            return text

        result = [asyncio.run(call()) for _ in range(3)]
    """
    assert run(code, url=origin.url) == ["012"] * 3
    assert origin.accepted == 3
