"""An async exchange that did not end well, or not provably, leaves nothing to the next call; the answer stays right."""

from __future__ import annotations

import threading

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin
from tests.support.origin.exchange import Exchange

# Each defines `spoil()`, a coroutine that does something to the first connection.
SPOILERS = {
    "cancelled while it waits for the response": """
        async def spoil():
            async with new() as client:
                task = asyncio.create_task(fetch(client, url + "/held"))
                await asyncio.to_thread(act, "arrived")
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
    """,
    "cancelled in the middle of the body": """
        async def read():
            async with new() as client, streaming(client, url + "/half") as response:
                assert await part(response) == b"first"
                reading.set()
                await part(response)
                await asyncio.sleep(3600)

        async def spoil():
            global reading
            reading = asyncio.Event()
            task = asyncio.create_task(read())
            await reading.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
    """,
    "timed out by asyncio": """
        async def spoil():
            try:
                async with asyncio.timeout(0.2):
                    await once(url + "/held")
            except TimeoutError:
                return
            raise AssertionError
    """,
    "timed out by the client": """
        async def spoil():
            assert "Timeout" in await once(url + "/held", timeout=0.2)
    """,
    "body not read": """
        async def spoil():
            async with new() as client, streaming(client, url + "/half"):
                pass
    """,
    "body read in part": """
        async def spoil():
            async with new() as client, streaming(client, url + "/bytes/300000") as response:
                await part(response)
    """,
    "the client closed in the middle": """
        async def spoil():
            async with new() as client:
                task = asyncio.create_task(fetch(client, url + "/held"))
                await asyncio.to_thread(act, "arrived")
            task.cancel()
            await asyncio.wait([task])
    """,
    "the loop ended in the middle": """
        async def spoil():
            global kept
            kept = new()
            task = asyncio.create_task(fetch(kept, url + "/held"))
            await asyncio.to_thread(act, "arrived")
    """,
    "the server says close": """
        async def spoil():
            assert (await once(url + "/close"))[0] == 200
    """,
    "only the close ends the body": """
        async def spoil():
            assert (await once(url + "/no-length/3"))[0] == 200
    """,
    "HTTP/1.0": """
        async def spoil():
            assert (await once(url + "/http10"))[0] == 200
    """,
    "the body is cut off": """
        async def spoil():
            await once(url + "/truncated/10")
    """,
    "a whole response too much": """
        async def spoil():
            await once(url + "/surplus")
    """,
    "a piece of a response too much": """
        async def spoil():
            await once(url + "/piece")
    """,
}
THEN = """
    import warnings
    warnings.simplefilter("ignore", ResourceWarning)  # the loop that ends in the middle
    asyncio.run(spoil())
    act("done")
    result = [careless(f"{url}/echo?n={n}")[1] for n in range(2)]
    result = [json.loads(body)["target"] for body in result]
"""


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
@pytest.mark.parametrize("spoiler", SPOILERS)
def test_what_was_not_read_to_its_end_is_not_reused(
    run: Interpreter, origin: Origin, client: str, spoiler: str
) -> None:
    arrived, done = threading.Event(), threading.Event()

    def held(exchange: Exchange) -> None:
        arrived.set()
        done.wait(20)
        exchange.hang_up()

    def half(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        done.wait(20)
        exchange.hang_up()

    origin.route("/held", held)
    origin.route("/half", half)
    origin.route("/piece", lambda exchange: exchange.respond(200, b"body", surplus=b"HTTP/1.1 200"))

    def end() -> None:
        # What was opened so far does not matter: aiohttp connects again when its session is closed in the middle.
        origin.reset()
        done.set()

    acts = {"arrived": lambda: arrived.wait(20), "done": end}
    said = ".*" if "loop ended" in spoiler else ""
    answers = run(ASYNC_CLIENTS[client], SPOILERS[spoiler], THEN, url=origin.url, acts=acts, stderr=said)
    assert answers == ["/echo?n=0", "/echo?n=1"]
    assert origin.accepted == 1


# Each defines `ask(url)`, a coroutine whose request makes the connection unfit for others.
TAINTED = {
    ("aiohttp", "asked-close"): """
        async def ask(url):
            async with new() as client, client.get(url, headers={"Connection": "close"}) as response:
                return await response.text()
    """,
    ("aiohttp", "credentials"): """
        async def ask(url):
            async with new() as client, client.get(url, headers={"Authorization": "NTLM abc"}) as response:
                return await response.text()
    """,
    ("aiohttp", "body-length"): """
        async def ask(url):
            async with new() as client, client.post(url, data=b"abc", headers={"Content-Length": "4"}) as response:
                return await response.text()
    """,
    ("aiohttp", "keepalive-off"): """
        async def ask(url):
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.ClientSession(connector=connector) as client, client.get(url) as response:
                return await response.text()
    """,
    ("aiohttp", "foreign-class"): """
        class Connector(aiohttp.TCPConnector):
            async def _create_connection(self, *arguments):
                return await super()._create_connection(*arguments)

        async def ask(url):
            async with aiohttp.ClientSession(connector=Connector()) as client, client.get(url) as response:
                return await response.text()
    """,
    ("httpx", "asked-close"): """
        async def ask(url):
            async with new() as client:
                return (await client.get(url, headers={"Connection": "close"})).text
    """,
    ("httpx", "credentials"): """
        async def ask(url):
            async with new() as client:
                return (await client.get(url, headers={"Authorization": "Negotiate abc"})).text
    """,
    ("httpx", "keepalive-off"): """
        async def ask(url):
            async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:
                return (await client.get(url)).text
    """,
}


@pytest.mark.parametrize(("client", "rule"), TAINTED)
def test_a_rule_keeps_the_connection_of_a_request_out_of_the_pool(
    run: Interpreter, origin: Origin, client: str, rule: str
) -> None:
    origin.route("/early", lambda exchange: exchange.respond(200, b"012"), before_body=True)
    code = """
        from lambda_keepalive.stats import stats

        answers = [asyncio.run(ask(url + "/early")) for _ in range(2)]
        counted = stats.peek()
        result = [answers, sorted({*counted.discarded, *counted.not_reused} - {"first", "in-use"})]
    """
    answers, rules = run(ASYNC_CLIENTS[client], TAINTED[client, rule], code, url=origin.url)
    assert answers == ["012"] * 2
    assert rules == [rule]
    assert origin.accepted == 2


def test_traces_of_aiohttp_tell_a_reused_connection_from_a_new_one(run: Interpreter, origin: Origin) -> None:
    code = """
        result = []

        def note(name):
            async def listener(session, context, parameters):
                result.append(name)
            return listener

        async def main():
            config = aiohttp.TraceConfig()
            config.on_connection_create_end.append(note("created"))
            config.on_connection_reuseconn.append(note("reused"))
            async with aiohttp.ClientSession(trace_configs=[config]) as client:
                await fetch(client, url)

        for _ in range(3):
            asyncio.run(main())
    """
    assert run(ASYNC_CLIENTS["aiohttp"], code, url=origin.url) == ["created", "reused", "reused"]


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_the_counters_tell_what_the_server_saw(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        from lambda_keepalive.stats import stats
        from lambda_keepalive import transport

        for _ in range(5):
            careless(url)
        counted = stats.peek()
        (origin,) = counted.origins.values()
        result = [
            origin.requests, origin.opened, origin.reused, counted.tls_handshakes, origin.connect_ms > 0,
            counted.discarded, counted.not_reused, transport.pool.idle_count(),
        ]
    """
    counted = run(ASYNC_CLIENTS[client], code, url=origin.url)
    assert counted == [5, 1, 4, 1, True, {}, {"first": 1}, 1]
    assert (origin.received, origin.accepted) == (5, 1)


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_head_response_that_announces_a_length_is_whole(run: Interpreter, origin: Origin, client: str) -> None:
    """And is no fault where the connection cannot be kept after it, as by aiohttp 3.10."""
    code = 'result = [careless(f"{url}/bytes/10", method) for method in ("HEAD", "GET")]'
    assert run(ASYNC_CLIENTS[client], code, url=origin.url) == [[200, ""], [200, "0123456789"]]
    assert origin.accepted <= 2
