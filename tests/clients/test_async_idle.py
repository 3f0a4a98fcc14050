"""What happens to an async connection between two event loops, when nobody can be told of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin
from tests.support.origin.exchange import Exchange

# Three calls, and something that the server does on the idle connection between the first and the second.
BETWEEN = """
    result = [careless(url + "/bytes/3")]
    assert act("server") == 1
    result += [careless(url + "/bytes/3", "POST", b"x"), careless(url + "/bytes/3")]
"""
ACTS: dict[str, Callable[[Origin], int]] = {
    "FIN": lambda origin: origin.close_idle(close_notify=False),
    "close_notify and FIN": Origin.close_idle,
    "RST": Origin.reset_idle,
    "half-close": Origin.half_close_idle,
    "a response to nothing": Origin.send_surplus,
    "one byte": lambda origin: origin.send_surplus(b"H"),
}


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("server", ["origin", "plain"])
def test_a_connection_that_the_server_ended_meanwhile_is_replaced_in_silence(
    run: Interpreter, request: pytest.FixtureRequest, client: str, act: str, server: str
) -> None:
    origin: Origin = request.getfixturevalue(server)
    acts = {"server": lambda: ACTS[act](origin)}
    assert run(ASYNC_CLIENTS[client], BETWEEN, url=origin.url, acts=acts) == [[200, "012"]] * 3
    assert (origin.received, origin.accepted) == (3, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_connection_that_was_idle_for_too_long_by_either_clock_is_replaced(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        import time
        wall = time.time
        result = [careless(url + "/bytes/3")]
        # A sandbox that was frozen: the monotonic clock stood still.
        time.time = lambda: wall() + 346
        result.append(careless(url + "/bytes/3"))
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200, "012"]] * 2
    assert (origin.received, origin.accepted) == (2, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_the_servers_word_on_how_long_it_waits_is_kept(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        import time
        wall = time.time
        result = [careless(url + "/keepalive-timeout/5")]
        time.time = lambda: wall() + 4.5
        result.append(careless(url + "/bytes/3"))
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url)[1:] == [[200, "012"]]
    assert (origin.received, origin.accepted) == (2, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_the_check_at_the_start_of_an_invocation_finds_what_the_server_closed(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        from lambda_keepalive import lifecycle, transport
        kept = []

        async def leave():
            kept.append(new())
            return await fetch(kept[0], url + "/bytes/3")

        answers = [asyncio.run(leave()), careless(url + "/bytes/3")]
        before = transport.pool.idle_count()
        act("server")
        lifecycle.starting("id")
        result = [before, transport.pool.idle_count()]
    """
    said = "(Unclosed .*)?"
    assert run(ASYNC_CLIENTS[client], code, url=origin.url, acts={"server": origin.close_idle}, stderr=said) == [1, 0]


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_forked_child_opens_its_own_and_leaves_the_parents_alone(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        import os
        result = [careless(url + "/bytes/3")]
        child = os.fork()
        if child == 0:
            os._exit(careless(url + "/bytes/3") != [200, "012"])
        assert os.waitpid(child, 0)[1] == 0
        result.append(careless(url + "/bytes/3"))
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200, "012"]] * 2
    assert (origin.received, origin.accepted) == (3, 2)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_threads_with_loops_of_their_own_share_what_is_idle(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        from concurrent.futures import ThreadPoolExecutor

        def worker(first):
            answers = [careless(f"{url}/echo?n={first + i}") for i in range(20)]
            return [int(json.loads(body)["target"].rpartition("=")[2]) for _, body in answers]

        careless(url)
        with ThreadPoolExecutor(4) as threads:
            result = sum(threads.map(worker, range(0, 80, 20)), [])
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == list(range(80))
    assert origin.received == 81
    assert origin.accepted <= 4


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_nothing_leaks_over_hundreds_of_event_loops(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        import os

        def descriptors():
            return len(os.listdir("/proc/self/fd"))

        careless(url + "/bytes/3")
        before = descriptors()
        result = [{careless(url + "/bytes/3")[1] for _ in range(500)} == {"012"}, descriptors() - before]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [True, 0]
    assert (origin.received, origin.accepted) == (501, 1)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_connection_moves_with_large_bodies_in_both_directions(run: Interpreter, origin: Origin, client: str) -> None:
    """Buffers that were full once, on either side, are empty when the connection moves."""

    def answer(exchange: Exchange) -> None:
        exchange.respond(200, exchange.request.body[::-1])

    origin.route("/reverse", answer)
    code = """
        body = bytes(range(65, 91)) * 40000
        text = body[::-1].decode()
        result = [careless(url + "/reverse", "POST", body) == [200, text] for _ in range(4)]
    """
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [True] * 4
    assert (origin.received, origin.accepted) == (4, 1)
