"""Event loops of other kinds, loops under debug, and loops that are gone: at worst all is as without the layer."""

from __future__ import annotations

import importlib.util

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin
from tests.support.proxy import Proxy

RULES = """
    from lambda_keepalive.stats import stats
    result = [answers, sorted(stats.peek().not_reused)]
"""


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_connections_of_uvloop_are_left_alone(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        import uvloop

        async def main():
            async with new() as client:
                return [await fetch(client, url + "/bytes/3") for _ in range(3)]

        def invocation():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(main())

        answers = [invocation() for _ in range(2)]
        result = answers
    """
    answers = run(ASYNC_CLIENTS[client], code, url=origin.url, layer=False)
    without = origin.accepted
    assert run(ASYNC_CLIENTS[client], code, RULES, url=origin.url) == [answers, ["foreign-loop"]]
    assert answers == [[[200, "012"]] * 3] * 2
    # One for each loop at least; aiohttp 3.9 takes more, with the layer or without.
    assert origin.accepted - without >= 2


@pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="trio is not installed")
def test_connections_of_trio_are_left_alone(run: Interpreter, origin: Origin) -> None:
    code = """
        import trio

        async def main():
            async with new() as client:
                return [await fetch(client, url + "/bytes/3") for _ in range(3)]

        answers = [trio.run(main) for _ in range(2)]
    """
    result = run(ASYNC_CLIENTS["httpx"], code, RULES, url=origin.url)
    assert result == [[[[200, "012"]] * 3] * 2, ["foreign-loop"]]
    assert (origin.received, origin.accepted) == (6, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_loop_of_another_kind_never_gets_a_connection_of_asyncios(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        import uvloop

        def by_uvloop():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(once(url + "/bytes/3"))

        result = [careless(url + "/bytes/3"), by_uvloop(), careless(url + "/bytes/3")]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200, "012"]] * 3
    assert (origin.received, origin.accepted) == (3, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_debug_mode_has_nothing_to_say(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        import logging
        logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.msg)  # slow machine

        async def main():
            answer = await once(url + "/bytes/3")
            async with new() as client:
                return [answer, *await asyncio.gather(*[fetch(client, url + "/bytes/3") for _ in range(3)])]

        result = [asyncio.run(main()) for _ in range(3)]
        import gc; gc.collect()
    """
    environ = {"PYTHONASYNCIODEBUG": "1"}
    answers = run(ASYNC_CLIENTS[client], code, url=origin.url, environ=environ, options=("-X", "dev", "-W", "error"))
    assert answers == [[[200, "012"]] * 4] * 3
    assert origin.accepted == 3


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_client_of_a_loop_that_runs_elsewhere_keeps_its_connection(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """Two threads, each with a loop: what is idle in the one is not taken by the other."""
    code = """
        import threading

        ready, leave = threading.Event(), threading.Event()
        theirs = []

        async def their_main():
            async with new() as client:
                theirs.append(await fetch(client, url + "/bytes/3"))
                ready.set()
                await asyncio.to_thread(leave.wait)
                theirs.append(await fetch(client, url + "/bytes/3"))

        thread = threading.Thread(target=lambda: asyncio.run(their_main()))
        thread.start()
        ready.wait()
        ours = careless(url + "/bytes/3")
        leave.set()
        thread.join()
        result = [*theirs, ours]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200, "012"]] * 3
    assert (origin.received, origin.accepted) == (3, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_proxy_that_is_the_same_is_shared_across_loops(run: Interpreter, origin: Origin, client: str) -> None:
    with Proxy() as proxy:
        code = """
            async def main():
                client = aiohttp.ClientSession(trust_env=True) if "aiohttp" in globals() else new()
                async with client:
                    return await fetch(client, url + "/bytes/3")

            result = [asyncio.run(main()) for _ in range(3)]
        """
        environ = {"https_proxy": proxy.url}
        assert run(ASYNC_CLIENTS[client], code, url=origin.url, environ=environ) == [[200, "012"]] * 3
        assert (origin.received, origin.accepted) == (3, 1)
