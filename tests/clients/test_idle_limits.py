"""What is learned of an origin's idle time, by its word or from its hang-ups, holds for every client, and not for ever.

The clocks are the tests': `wait(seconds)` moves both, or one of them, and nobody sleeps.
"""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.careless import CLIENTS
from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

CLOCKS = """
    import time
    from lambda_keepalive.pool import connection

    class Clocks:
        skew = [0.0, 0.0]
        monotonic = staticmethod(lambda genuine=time.monotonic: genuine() + Clocks.skew[0])
        time = staticmethod(lambda genuine=time.time: genuine() + Clocks.skew[1])

    def wait(monotonic, wall=None):
        Clocks.skew[0] += monotonic
        Clocks.skew[1] += monotonic if wall is None else wall

    def limit():
        from lambda_keepalive import transport
        return transport.stats.idle_limit(url)

    connection.time = Clocks
"""

HANG_UP = """
    result = [fetch(url)[0]]
    wait({pause})
    act("server")
    result += [fetch(url)[0], limit()]
    wait({next})
    result.append(fetch(url)[0])
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_a_hang_up_lowers_the_limit_of_its_origin(run: Interpreter, origin: Origin, client: str) -> None:
    """Dead after 100 s; the next pause of 80 s is too long, too, and nobody waits to see."""
    code = HANG_UP.format(pause=100, next=80)
    environ = {"KEEPALIVE_EXPLAIN": "1"}
    said = (
        r".*first; idle limit 345 s\n"
        r".*explain: \S+ hung up, found after 100\.\d s; idle limit 60(\.\d+)? s\n"
        r".*not reused: stale; idle limit 60(\.\d+)? s\n"
        r".*not reused: idle; idle limit \d+(\.\d+)? s\n"
    )
    acts = {"server": origin.close_idle}
    result = run(CLIENTS[client], CLOCKS, code, url=origin.url, acts=acts, environ=environ, stderr=said)
    assert [result[0], result[1], result[3]] == [200] * 3
    assert 60 <= result[2] <= 61
    assert (origin.received, origin.accepted) == (3, 3)


@pytest.mark.parametrize("client", CLIENTS)
def test_below_the_learned_limit_connections_are_reused(run: Interpreter, origin: Origin, client: str) -> None:
    code = HANG_UP.format(pause=100, next=40)
    run(CLIENTS[client], CLOCKS, code, url=origin.url, acts={"server": origin.close_idle})
    assert (origin.received, origin.accepted) == (3, 2)


def test_after_a_restart_the_same_pause_is_allowed_again_within_minutes(run: Interpreter, origin: Origin) -> None:
    code = """
        fetch(url)
        for turn in range(9):
            wait(60)
            if turn == 3:
                act("server")
            fetch(url)
    """
    environ = {"KEEPALIVE_MAX_LIFETIME": "86400"}
    run(CLIENTS["requests"], CLOCKS, code, url=origin.url, acts={"server": origin.close_idle}, environ=environ)
    # One for the restart itself, and at most two of the minutes after it.
    assert origin.accepted <= 4
    assert origin.requests[-1].connection_id == origin.requests[-3].connection_id


@pytest.mark.parametrize("clock", ["20, 0", "0, 20", "20, 20"])
def test_by_either_clock_the_servers_word_is_kept(run: Interpreter, origin: Origin, clock: str) -> None:
    code = f"""
        result = [fetch(url + "/keepalive-timeout/15")[0], limit()]
        wait({clock})
        fetch(url)
        result.append(limit())
    """
    assert run(CLIENTS["requests"], CLOCKS, code, url=origin.url) == [200, 14, 345]
    assert origin.accepted == 2, "its last answer gave no word, which counts as well"


def test_a_clock_that_went_backwards_costs_the_connection_and_no_limit(run: Interpreter, origin: Origin) -> None:
    code = """
        fetch(url)
        wait(100)
        act("server")
        fetch(url)
        before = limit()
        wait(-3600)
        fetch(url)
        result = [before < 61, limit()]
    """
    acts = {"server": origin.close_idle}
    assert run(CLIENTS["requests"], CLOCKS, code, url=origin.url, acts=acts) == [True, 345]
    assert origin.accepted == 3


# A client that is kept, and would keep its idle connections for longer than the server said: a minute, or for ever.
KEPT = {
    "httpx": """
        import httpx
        client = httpx.Client(limits=httpx.Limits(keepalive_expiry=60))
        get = lambda path: client.get(url + path).status_code
    """,
    "httpx_async": """
        import asyncio, httpx
        loop = asyncio.new_event_loop()
        client = httpx.AsyncClient(limits=httpx.Limits(keepalive_expiry=60))
        get = lambda path: loop.run_until_complete(client.get(url + path)).status_code
    """,
    "aiohttp": """
        import aiohttp, asyncio
        loop = asyncio.new_event_loop()

        async def make():
            return aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=60))

        async def status(path):
            async with client.get(url + path) as response:
                await response.read()
                return response.status

        client = loop.run_until_complete(make())
        get = lambda path: loop.run_until_complete(status(path))
    """,
}


@pytest.mark.parametrize("client", KEPT)
def test_a_library_that_keeps_its_own_connections_keeps_none_for_longer(
    run: Interpreter, origin: Origin, client: str
) -> None:
    needs(client)
    code = """
        result = [get("/keepalive-timeout/15"), get("/bytes/3")]
        wait(20)
        result.append(get("/bytes/3"))
        wait(20)
        result.append(get("/bytes/3"))
    """
    said = "(.*Unclosed.*)?"
    assert run(KEPT[client], CLOCKS, code, url=origin.url, stderr=said) == [200] * 4
    first, second, third, fourth = (request.connection_id for request in origin.requests)
    assert first == second != third, "15 s were said"
    assert third == fourth, "nothing was said"


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_hang_ups_on_async_clients_count_as_well(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        careless(url)
        wait(100)
        act("server")
        careless(url)
        result = limit()
    """
    acts = {"server": origin.close_idle}
    assert 60 <= run(ASYNC_CLIENTS[client], CLOCKS, code, url=origin.url, acts=acts) <= 61


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_connection_lost_in_the_middle_of_a_response_is_no_hang_up(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        async def lose():
            async with new() as client:
                async with streaming(client, url + "/truncated") as response:
                    await part(response)
                    wait(100)

        try:
            asyncio.run(lose())
        except Exception:
            pass
        result = limit()
    """
    assert run(ASYNC_CLIENTS[client], CLOCKS, code, url=origin.url) == 345
