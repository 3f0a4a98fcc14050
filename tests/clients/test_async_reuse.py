"""Careless async code of every kind opens one connection: 12 calls in 4 invocations, in event loops of their own."""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS, most_connections
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Each defines `invocation(n)`, a handler that makes three calls numbered from n and returns what was answered.
PATTERNS = {
    "a client per call": """
        async def main(n):
            return [await once(f"{url}/echo?n={n + i}") for i in range(3)]

        def invocation(n):
            return asyncio.run(main(n))
    """,
    "a client per invocation": """
        async def main(n):
            async with new() as client:
                return [await fetch(client, f"{url}/echo?n={n + i}") for i in range(3)]

        def invocation(n):
            return asyncio.run(main(n))
    """,
    "a loop per call": """
        def invocation(n):
            return [careless(f"{url}/echo?n={n + i}") for i in range(3)]
    """,
    "a loop that is closed by hand": """
        def invocation(n):
            loop = asyncio.new_event_loop()
            try:
                return [loop.run_until_complete(once(f"{url}/echo?n={n + i}")) for i in range(3)]
            finally:
                loop.close()
    """,
    "one loop for all": """
        import atexit
        loop = asyncio.new_event_loop()
        atexit.register(loop.close)

        def invocation(n):
            return [loop.run_until_complete(once(f"{url}/echo?n={n + i}")) for i in range(3)]
    """,
    "a task per call": """
        async def main(n):
            return [await asyncio.create_task(once(f"{url}/echo?n={n + i}")) for i in range(3)]

        def invocation(n):
            return asyncio.run(main(n))
    """,
    "anyio.run": """
        import anyio

        async def main(n):
            return [await once(f"{url}/echo?n={n + i}") for i in range(3)]

        def invocation(n):
            return anyio.run(main, n)
    """,
    "a thread per invocation": """
        import threading

        def invocation(n):
            answers = []

            def calls():
                answers.extend(careless(f"{url}/echo?n={n + i}") for i in range(3))

            thread = threading.Thread(target=calls)
            thread.start()
            thread.join()
            return answers
    """,
    "a POST": """
        async def main(n):
            answers = [await once(f"{url}/echo?n={n + i}", "POST", b"x" * 70000) for i in range(3)]
            assert all(json.loads(body)["body"] == "x" * 70000 for _, body in answers)
            return answers

        def invocation(n):
            return asyncio.run(main(n))
    """,
}
RUN = """
def seen(answer):
    status, body = answer
    return status, int(json.loads(body)["target"].rpartition("=")[2])

result = [seen(answer) for first in range(0, 12, 3) for answer in invocation(first)]
"""


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_twelve_calls_in_four_invocations_open_one_connection(
    run: Interpreter, origin: Origin, client: str, pattern: str
) -> None:
    answers = run(ASYNC_CLIENTS[client], PATTERNS[pattern], RUN, url=origin.url, options=("-X", "dev"), stderr=SLOW)
    assert answers == [[200, n] for n in range(12)]
    assert origin.received == 12
    assert origin.accepted <= most_connections(client)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_also_without_tls(run: Interpreter, plain: Origin, client: str) -> None:
    answers = run(ASYNC_CLIENTS[client], PATTERNS["a client per call"], RUN, url=plain.url)
    assert answers == [[200, n] for n in range(12)]
    assert plain.received == 12
    assert plain.accepted <= most_connections(client)


# asyncio's debug mode, which -X dev turns on, says this of the first call of a slow machine.
SLOW = r"(Executing <[^\n]*> took [\d.]+ seconds\n)*"


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_calls_at_once_are_answered_each_its_own_and_leave_at_most_ten_connections(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        async def main():
            async with new() as client:
                return await asyncio.gather(*[fetch(client, f"{url}/echo?n={n}") for n in range(20)])

        def numbers(answers):
            return [int(json.loads(body)["target"].rpartition("=")[2]) for _, body in answers]

        result = [numbers(asyncio.run(main())) for _ in range(3)]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [list(range(20))] * 3
    assert origin.received == 60
    # KEEPALIVE_MAX_IDLE_PER_HOST of the first twenty are kept: twice ten are new.
    assert origin.accepted <= 40


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_calls_that_a_gather_makes_by_clients_of_their_own_share(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        async def main():
            return await asyncio.gather(*[once(f"{url}/echo?n={n}") for n in range(5)])

        result = [[status for status, _ in asyncio.run(main())] for _ in range(4)]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200] * 5] * 4
    assert origin.received == 20
    assert origin.accepted == 5


LEFT_BEHIND = """
    kept = []

    async def main():
        client = new()
        kept.append(client)
        return await fetch(client, f"{url}/bytes/3")

    result = [asyncio.run(main()) for _ in range(4)]
"""


def test_the_connection_of_a_client_whose_loop_is_closed_is_taken_over(run: Interpreter, origin: Origin) -> None:
    answers = run(ASYNC_CLIENTS["httpx"], LEFT_BEHIND, url=origin.url)
    assert answers == [[200, "012"]] * 4
    assert (origin.received, origin.accepted) == (4, 1)


def test_a_session_that_is_left_behind_is_only_complained_about_by_aiohttp(run: Interpreter, origin: Origin) -> None:
    answers = run(ASYNC_CLIENTS["aiohttp"], LEFT_BEHIND, url=origin.url, stderr="(Unclosed .*)?")
    assert answers == [[200, "012"]] * 4
    assert (origin.received, origin.accepted) == (4, 1)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_client_that_nobody_closes_gives_its_connection_back(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        async def main():
            return await fetch(new(), f"{url}/bytes/3")

        result = [asyncio.run(main()) for _ in range(4)]
    """
    answers = run(ASYNC_CLIENTS[client], code, url=origin.url, stderr="(Unclosed .*)?")
    assert answers == [[200, "012"]] * 4
    assert (origin.received, origin.accepted) == (4, 1)


SECOND_LOOP = """
    async def make():
        return new()

    client = asyncio.run(make())

    async def main():
        return await fetch(client, f"{url}/bytes/3")

    result = [asyncio.run(main()) for _ in range(4)]
"""


def test_a_module_level_httpx_client_works_in_every_loop(run: Interpreter, origin: Origin) -> None:
    """Without the layer the second loop ends in `RuntimeError: Event loop is closed`."""
    assert run(ASYNC_CLIENTS["httpx"], SECOND_LOOP, url=origin.url) == [[200, "012"]] * 4
    assert (origin.received, origin.accepted) == (4, 1)


def test_a_module_level_aiohttp_session_fares_as_without_the_layer(run: Interpreter, origin: Origin) -> None:
    answers = [
        run(ASYNC_CLIENTS["aiohttp"], SECOND_LOOP, layer=layer, url=origin.url, stderr=".*") for layer in (False, True)
    ]
    assert answers[0] == answers[1]
