"""A connection that dies under a request: the request is sent once more where that is safe, and never otherwise.

What the server received decides. The connection dies at a moment that the test chooses: `TAKEN`, after it was taken
from the pool; `SENDING`, after the last look at it and before the first byte goes out; or the server reads first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from textwrap import dedent

import pytest

from tests.clients.careless import CLIENTS as SYNC
from tests.clients.careless import FETCH
from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin

TAKEN = """
    from lambda_keepalive import transport
    deeds = []

    def acquire(key, original=transport.pool.acquire):
        connection = original(key)
        while connection is not None and deeds:
            act(deeds.pop())
        return connection

    transport.pool.acquire = acquire
"""
SENDING = """
    from lambda_keepalive.pool import autopsy
    deeds = []

    def tcp(sock, original=autopsy.tcp):
        state = original(sock)
        while deeds:
            act(deeds.pop())
        return state

    autopsy.tcp = tcp
"""
# A kept connection, and a request whose connection dies.
STORY = """
    result = [fetch(url + "/bytes/3")]
    deeds.append("deed")
    result.append(fetch(url + "/echo", method, body and body.encode(), headers))
    if isinstance(result[1], list):
        result[1][1] = json.loads(result[1][1])["body"]
    from lambda_keepalive.stats import stats
    result.append(stats.peek().replayed)
"""
# What each client raises when a kept connection is lost, with or without the layer. OpenSSL does not tell a reset from
# an end while it writes.
LOST = {
    "http.client": {"ConnectionResetError", "RemoteDisconnected", "BrokenPipeError", "SSLEOFError"},
    "urlopen": {"ConnectionResetError", "RemoteDisconnected", "URLError"},
    "urllib3": {"ProtocolError", "SSLError"},
    "requests": {"ConnectionError", "SSLError"},
    "httpx": {"ReadError", "WriteError", "RemoteProtocolError"},
    "httpx async": {"ReadError", "WriteError", "RemoteProtocolError"},
}
ASYNC = {
    "httpx async": """
        import asyncio
        import httpx

        async def once(url, method, body, headers, timeout):
            async with httpx.AsyncClient() as client:
                response = await client.request(method, url, content=body, headers=headers, timeout=timeout)
                return response.status_code, response.content

        def call(*arguments):
            return asyncio.run(once(*arguments))
    """,
}
CLIENTS = SYNC | {name: dedent(code) + dedent(FETCH) for name, code in ASYNC.items()}
METHODS = {"GET": None, "PUT": "body", "POST": "body"}


@pytest.fixture(params=["plain", "TLS"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Origin]:
    with Origin(tls=authority if request.param == "TLS" else None) as origin:
        yield origin


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("deed", ["FIN", "RST", "half-close"])
def test_a_connection_that_died_after_it_was_taken_gets_no_request(
    run: Interpreter, server: Origin, client: str, method: str, deed: str
) -> None:
    story = {"url": server.url, "method": method, "body": METHODS[method], "headers": {}}
    deeds = {"FIN": server.close_idle, "RST": server.reset_idle, "half-close": server.half_close_idle}
    answers = run(TAKEN, CLIENTS[client], STORY, acts={"deed": deeds[deed]}, **story)
    assert answers == [[200, "012"], [200, METHODS[method] or ""], 0]
    assert [request.path for request in server.requests] == ["/bytes/3", "/echo"]
    assert server.accepted == 2


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("deed", ["FIN", "RST"])
def test_a_request_that_crosses_the_end_is_sent_once_more_if_it_is_idempotent(
    run: Interpreter, server: Origin, client: str, deed: str
) -> None:
    """A POST is not: on loopback the reset is here before anybody can ask what it answers (test_undelivered)."""
    code = """
        result = []
        for method, body, headers in wanted:
            fetch(url + "/bytes/3")
            deeds.append("deed")
            result.append(fetch(url + "/echo", method, body and body.encode(), headers))
        result = [answer if isinstance(answer, str) else answer[0] for answer in result]
        from lambda_keepalive.stats import stats
        result.append(stats.peek().replayed)
    """
    wanted = [
        ("GET", None, {}),
        ("PUT", "body", {}),
        ("POST", "body", {"Idempotency-Key": '"8e03978e"'}),
        ("POST", "body", {}),
        ("PATCH", "body", {}),
    ]
    acts = {"deed": {"FIN": server.close_idle, "RST": server.reset_idle}[deed]}
    *answers, replayed = run(SENDING, CLIENTS[client], code, acts=acts, url=server.url, wanted=wanted)
    assert answers[:3] == [200, 200, 200]
    assert set(answers[3:]) <= LOST[client]
    assert replayed == 3
    received = [(request.method, request.body) for request in server.requests if request.path == "/echo"]
    assert received == [("GET", b""), ("PUT", b"body"), ("POST", b"body")]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_half_closed_connection_that_swallows_a_post_loses_it_once(
    run: Interpreter, server: Origin, client: str
) -> None:
    code = """
        fetch(url + "/bytes/3")
        deeds.append("deed")
        result = fetch(url + "/echo", "POST", b"body")
    """
    assert run(SENDING, CLIENTS[client], code, acts={"deed": server.half_close_idle}, url=server.url) in LOST[client]
    assert [request.path for request in server.requests] == ["/bytes/3", "/echo"]


# What a server does that has read a request on a connection that carried another one before.
ENDS = {
    "a reset": Exchange.reset,
    "a FIN": Exchange.hang_up,
    "a byte and a FIN": lambda exchange: (exchange.send(b"H"), exchange.hang_up()),
    "a byte and a reset": lambda exchange: (exchange.send(b"H"), exchange.reset()),
    "100 Continue and a FIN": lambda exchange: (exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n"), exchange.hang_up()),
    "half a status line and a FIN": lambda exchange: (exchange.send(b"HTTP/1."), exchange.hang_up()),
}
READ_FIRST = """
    result = []
    for n, (method, headers) in enumerate(wanted):
        fetch(url + "/bytes/3")
        result.append(fetch(f"{url}/end?n={n}", method, b"body" if method == "POST" else None, headers))
    from lambda_keepalive.stats import stats
    result = [result, stats.peek().replayed]
"""
REQUESTS = [("GET", {}), ("POST", {}), ("POST", {"Idempotency-Key": "1"}), ("DELETE", {})]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("end", ENDS)
def test_a_server_that_reads_the_request_first_gets_it_twice_only_if_it_is_idempotent_and_unanswered(
    run: Interpreter, server: Origin, client: str, end: str
) -> None:
    received: list[str] = []

    def die(exchange: Exchange) -> None:
        received.append(exchange.request.query["n"])
        ENDS[end](exchange)

    server.route("/end", die)
    answers, replayed = run(CLIENTS[client], READ_FIRST, url=server.url, wanted=REQUESTS)
    assert all(isinstance(answer, str) for answer in answers), "nobody got an answer"
    again = end in ("a reset", "a FIN")
    assert received == (["0", "0", "1", "2", "2", "3", "3"] if again else ["0", "1", "2", "3"])
    assert replayed == (3 if again else 0)
    if again:
        assert set(answers) <= LOST[client]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_new_connection_that_dies_is_its_callers_affair(run: Interpreter, plain: Origin, client: str) -> None:
    plain.route("/end", Exchange.hang_up)
    code = 'result = [fetch(url + "/end") for _ in range(3)]'
    assert set(run(CLIENTS[client], code, url=plain.url)) <= LOST[client]
    assert plain.received == 3


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_is_sent_again_where_the_user_says_so(run: Interpreter, plain: Origin, client: str) -> None:
    plain.route("/end", Exchange.hang_up)
    answers, replayed = run(
        CLIENTS[client], READ_FIRST, environ={"KEEPALIVE_REPLAY": "0"}, url=plain.url, wanted=REQUESTS
    )
    assert set(answers) <= LOST[client]
    assert replayed == 0
    assert len([request for request in plain.requests if request.path == "/end"]) == len(REQUESTS)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("seconds", "times"), [(60, 2), (0.3, 1)])
def test_nothing_is_sent_again_when_the_invocation_is_about_to_end(
    run: Interpreter, plain: Origin, client: str, seconds: float, times: int
) -> None:
    plain.route("/end", Exchange.hang_up)
    code = """
        import time
        from lambda_keepalive import lifecycle
        fetch(url + "/bytes/3")
        lifecycle.starting("1", time.time() + seconds)
        result = fetch(url + "/end")
    """
    assert run(CLIENTS[client], code, url=plain.url, seconds=seconds) in LOST[client]
    assert [request.path for request in plain.requests] == ["/bytes/3"] + ["/end"] * times


@pytest.mark.parametrize("client", CLIENTS)
def test_a_timeout_is_the_callers_choice(run: Interpreter, plain: Origin, client: str) -> None:
    code = """
        fetch(url + "/bytes/3")
        result = fetch(url + "/slow/30000", timeout=0.2)
    """
    assert "Timeout" in run(CLIENTS[client], code, url=plain.url)
    assert plain.received == 2


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_is_gone_is_reported_as_one_that_cannot_be_reached(
    run: Interpreter, client: str, authority: Authority
) -> None:
    """As a call without a kept connection would see it."""
    with ExitStack() as stack:
        server = stack.enter_context(Origin(tls=authority))
        story = {"url": server.url, "method": "GET", "body": None, "headers": {}}
        end = stack.pop_all().close
        code = CLIENTS[client].replace("type(error).__name__", "repr(error)")
        answers = run(SENDING, code, STORY, acts={"deed": end}, **story)
    assert re.search("refused|All connection attempts failed", answers[1])
    assert answers[2] == 0


AIOHTTP = dedent("""
    import asyncio
    import aiohttp

    async def once(url, method, body, headers, timeout):
        async with aiohttp.ClientSession() as session:
            async with session.request(method, url, data=body, headers=headers) as response:
                return response.status, await response.read()

    def call(*arguments):
        return asyncio.run(once(*arguments))
""") + dedent(FETCH)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("deed", ["FIN", "RST", "half-close"])
def test_aiohttp_sends_nothing_on_a_connection_that_died_after_it_was_taken(
    run: Interpreter, server: Origin, method: str, deed: str
) -> None:
    story = {"url": server.url, "method": method, "body": METHODS[method], "headers": {}}
    deeds = {"FIN": server.close_idle, "RST": server.reset_idle, "half-close": server.half_close_idle}
    answers = run(TAKEN, AIOHTTP, STORY, acts={"deed": deeds[deed]}, **story)
    assert answers == [[200, "012"], [200, METHODS[method] or ""], 0]
    assert [request.path for request in server.requests] == ["/bytes/3", "/echo"]


def test_aiohttp_sends_again_what_it_always_did_and_nothing_else(run: Interpreter, plain: Origin) -> None:
    """From 3.10 on: what is idempotent, once, by itself; the layer adds nothing to that."""
    received: list[str] = []

    def die(exchange: Exchange) -> None:
        received.append(exchange.request.query["n"])
        exchange.hang_up()

    plain.route("/end", die)
    answers, replayed = run(AIOHTTP, READ_FIRST, url=plain.url, wanted=[("GET", {}), ("POST", {})])
    assert set(answers) == {"ServerDisconnectedError"}
    assert received in (["0", "0", "1"], ["0", "1"])
    assert replayed == 0


def test_the_response_to_a_second_attempt_can_be_shut_down_from_outside(run: Interpreter, plain: Origin) -> None:
    """urllib3's `HTTPResponse.shutdown` is for another thread than the one that reads."""
    pytest.importorskip("urllib3", minversion="2.3")

    def begin(exchange: Exchange) -> None:
        if exchange.request.number_on_connection > 1:
            exchange.hang_up()
        else:
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")

    plain.route("/begin", begin)
    code = """
        import threading
        import urllib3
        manager = urllib3.PoolManager(retries=False)
        manager.request("GET", url + "/bytes/3")
        response = manager.request("GET", url + "/begin", preload_content=False)
        result = [response.read(4).decode()]
        closing = threading.Thread(target=response.shutdown)
        closing.start()
        try:
            response.read(5)
        except urllib3.exceptions.HTTPError as error:
            result.append(type(error).__name__)
        closing.join()
        from lambda_keepalive.stats import stats
        result.append(stats.peek().replayed)
    """
    assert run(code, url=plain.url) == ["some", "ProtocolError", 1]
