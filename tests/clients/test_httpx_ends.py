"""How an exchange of httpx can end, what becomes of its connection, and of those who still hold a piece of it."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

PREPARE = """
    import gc, threading
    import httpx, httpcore

    def get(path="/bytes/3", **options):
        return httpx.get(url + path, **options).text

    def crowded():
        limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(5, pool=0.01)
        with httpx.Client(limits=limits, timeout=timeout) as client, client.stream("GET", url):
            return client.get(url)

    def outcome(call):
        try:
            return call()
        except Exception as error:
            return f"{type(error).__module__}.{type(error).__name__}"
"""

# What is done with a response that is not read to its end. An open one outlives its client.
LEFT = {
    "nothing": "def leave(client, response): pass",
    "part of it is read": "def leave(client, response): next(response.iter_raw(10))",
    "it is closed": "def leave(client, response): response.close()",
    "its client is closed": "def leave(client, response): client.close()",
    "its client is closed after a part": """
        def leave(client, response):
            next(response.iter_raw(10))
            client.close()
    """,
    "an exception breaks the reading off": """
        def leave(client, response):
            try:
                for _ in response.iter_raw(10):
                    raise LookupError
            except LookupError:
                response.close()
    """,
}


@pytest.mark.parametrize("left", LEFT)
def test_a_response_not_read_to_its_end_ends_its_connection(run: Interpreter, origin: Origin, left: str) -> None:
    code = """
        def call():
            client = httpx.Client()
            leave(client, client.send(client.build_request("GET", url + "/chunked/100000"), stream=True))

        result = []
        for _ in range(3):
            call()
            gc.collect()
            result.append(get())
    """
    assert run(PREPARE, LEFT[left], code, url=origin.url) == ["012"] * 3
    last_on = {request.connection_id: request.path for request in origin.requests}
    assert sorted(last_on.values()) == ["/bytes/3"] + ["/chunked/100000"] * 3


def test_a_client_closed_in_the_middle_of_a_response_ends_that_response_as_ever(
    run: Interpreter, plain: Origin
) -> None:
    code = """
        client = httpx.Client()
        response = client.send(client.build_request("GET", url + "/bytes/1000000"), stream=True)
        next(response.iter_raw(10))
        client.close()
        result = [get(), outcome(lambda: [len(part) for part in response.iter_raw()]), outcome(response.read)]
    """
    with_layer = run(PREPARE, code, url=plain.url)
    assert with_layer[0] == "012"
    assert with_layer == run(PREPARE, code, layer=False, url=plain.url)


FAILURES = {
    "nobody listens": "httpx.get(f'http://127.0.0.1:{free_port}/')",
    "no such host": "httpx.get('http://host.invalid/')",
    "a certificate of somebody else": "httpx.get(url.replace('127.0.0.1', '127.0.0.2'))",
    "the server drops the request": "get('/drop')",
    "a truncated body": "get('/truncated')",
    "a time-out": "get('/slow/5000', timeout=0.05)",
    "a pool time-out": "crowded()",
    "an unknown protocol": "httpx.get('gopher://host.test/')",
    "a request that breaks off": "httpx.post(url, content=(1 / (2 - n) and b'x' for n in range(3)))",
    "too little body": "httpx.post(url, content=iter([b'x']), headers={'Content-Length': '5'})",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_an_exception_is_the_same_as_without_the_layer(run: Interpreter, origin: Origin, failure: str) -> None:
    code = f"""
        import socket
        with socket.create_server(("127.0.0.1", 0)) as free:
            free_port = free.getsockname()[1]
        result = [get(), outcome(lambda: {FAILURES[failure]}), get()]
    """
    answers = run(PREPARE, code, url=origin.url)
    assert answers == run(PREPARE, code, layer=False, url=origin.url)
    assert answers[0] == answers[2] == "012"
    assert answers[1].startswith(("httpx.", "builtins.", "h11."))


def test_whoever_kept_the_stream_of_a_response_has_a_closed_one_when_its_client_is_closed(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        with httpx.Client() as client:
            stream = client.get(url).extensions["network_stream"]
            before = [stream.get_extra_info("socket").fileno() >= 0, stream.get_extra_info("ssl_object") is not None]
        after = [stream.get_extra_info("socket").fileno(), stream.get_extra_info("ssl_object")]
        after += [stream.get_extra_info("is_readable"), outcome(lambda: stream.read(1)), outcome(stream.close)]
        result = [before, after, get()]
    """
    answers = run(PREPARE, code, url=origin.url)
    assert answers == [[True, True], [-1, None, True, "httpcore.ReadError", None], "012"]
    assert origin.accepted == 1
    assert answers == run(PREPARE, code, layer=False, url=origin.url)


def test_a_client_serves_its_owner_again_after_others_took_its_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        client = httpx.Client()
        result = [f() for f in [lambda: client.get(url + "/bytes/3").text, get] * 4]
        result.append(len(client._transport._pool.connections))
        client.close()
        client._transport._pool.close()
        result.append(get())
    """
    assert run(PREPARE, code, url=origin.url) == ["012"] * 8 + [1, "012"]
    assert origin.accepted == 1


def test_trace_events_tell_of_a_connect_only_where_there_was_one(run: Interpreter, origin: Origin) -> None:
    code = """
        def traced():
            events = []
            httpx.Client().get(
                url, extensions={"trace": lambda event, info: events.append(event)}
            )
            return [event.partition(".")[0] + event[event.rindex("."):] for event in events]

        result = [traced(), traced()]
    """
    first, second = run(PREPARE, code, url=origin.url)
    assert [event for event in first if event.endswith(".started")][:1] == ["connection.started"]
    assert first[-len(second) :] == second
    assert "connection.started" not in second


def test_a_server_name_of_the_request_is_part_of_the_identity(run: Interpreter, origin: Origin) -> None:
    code = """
        names = [None, "localhost", None, "localhost", "elsewhere.test"]
        asking = [{"sni_hostname": name} if name else {} for name in names]
        result = []
        for extensions in asking:
            with httpx.Client() as client:
                result.append(outcome(lambda: client.get(url + "/bytes/1", extensions=extensions).text))
    """
    assert run(PREPARE, code, url=origin.url) == ["0"] * 4 + ["httpx.ConnectError"]
    assert (origin.received, origin.handshakes) == (4, 2)


def test_one_client_in_sixteen_threads_beside_careless_calls(run: Interpreter, origin: Origin) -> None:
    code = """
        client, wrong, start = httpx.Client(), [], threading.Barrier(16)

        def work(thread):
            start.wait()
            for n in range(20):
                path = f"/echo?id={thread}-{n}"
                try:
                    ask = (client if (thread + n) % 2 else httpx).get
                    if ask(url + path).json()["target"] != path:
                        wrong.append(path)
                except Exception as error:
                    wrong.append(repr(error))

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        result = wrong
    """
    assert run(PREPARE, code, url=origin.url, environ={"KEEPALIVE_MAX_IDLE_PER_HOST": "32"}) == []
    assert origin.received == 16 * 20
    assert origin.accepted <= 32, "no more than one per thread and kind"


def test_a_client_that_a_child_inherits_opens_its_own_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        import os
        client = httpx.Client()

        def status():
            return client.get(url).status_code

        def in_child():
            child = os.fork()
            if child == 0:
                os._exit(0 if [status(), get(), status()] == [200, "012", 200] else 1)
            return os.waitpid(child, 0)[1]

        result = [status(), in_child(), status(), get()]
    """
    assert run(PREPARE, code, url=origin.url) == [200, 0, 200, "012"]
    connections = [request.connection_id for request in origin.requests]
    parent, child = connections[0], connections[1]
    assert connections == [parent, child, child, child, parent, parent]
    assert parent != child


def test_idle_connections_of_live_clients_are_counted_and_checked(run: Interpreter, origin: Origin) -> None:
    code = """
        from lambda_keepalive import lifecycle, transport
        client = httpx.Client()
        client.get(url)
        result = [transport.pool.idle_count()]
        act("close")
        lifecycle.starting("next")
        result += [transport.pool.idle_count(), client.get(url + "/bytes/3").text, transport.pool.idle_count()]
    """
    assert run(PREPARE, code, acts={"close": origin.close_idle}, url=origin.url) == [1, 0, "012", 1]
    assert origin.accepted == 2
