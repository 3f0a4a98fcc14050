"""httplib2: connections of its own making, which an `Http` keeps until it dies."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import ANSWERS, CALLS, INVOCATIONS, LOOP, LOOP_WITHOUT_LAYER, SEEN
from tests.support.origin import Origin

PATTERNS = {
    "an Http per call": """
        import httplib2

        def call(url, n):
            return seen(httplib2.Http().request(f"{url}/echo?n={n}")[1])
    """,
    "an Http per call that is closed": """
        import httplib2

        def call(url, n):
            http = httplib2.Http(timeout=10)
            answer = seen(http.request(f"{url}/echo?n={n}", "PUT", body=b"x")[1])
            http.close()
            return answer
    """,
    "an Http per call that stays alive": """
        import httplib2
        kept = []

        def call(url, n):
            kept.append(httplib2.Http())
            return seen(kept[-1].request(f"{url}/echo?n={n}")[1])
    """,
    "an Http per call in a cycle": """
        import gc, httplib2
        gc.disable()

        def call(url, n):
            http = httplib2.Http()
            http.itself = http
            return seen(http.request(f"{url}/echo?n={n}")[1])
    """,
}

GET = """
    import httplib2

    def get(path="/bytes/3", method="GET", http=None, **options):
        return (http or httplib2.Http(**options)).request(url + path, method)[1].decode()

    def outcome(call):
        try:
            return call()
        except Exception as error:
            return type(error).__name__
"""


@pytest.mark.parametrize("pattern", PATTERNS)
def test_twelve_calls_in_four_invocations_open_one_connection(run: Interpreter, origin: Origin, pattern: str) -> None:
    names = {"invocations": INVOCATIONS, "calls": CALLS}
    assert run(SEEN, PATTERNS[pattern], LOOP, url=origin.url, **names) == ANSWERS
    assert (origin.accepted, origin.handshakes) == (1, 1)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_without_the_layer_each_call_opens_its_own(run: Interpreter, origin: Origin, pattern: str) -> None:
    names = {"invocations": INVOCATIONS, "calls": CALLS}
    assert run(SEEN, PATTERNS[pattern], LOOP_WITHOUT_LAYER, layer=False, url=origin.url, **names) == ANSWERS
    assert origin.accepted == INVOCATIONS * CALLS


@pytest.mark.parametrize("path", ["/no-length", "/close", "/surplus", "/http10"])
def test_what_is_no_clean_end_ends_the_connection(run: Interpreter, plain: Origin, path: str) -> None:
    code = "result = [[outcome(lambda: get(path)), get()] for _ in range(3)]"
    answers = run(GET, code, url=plain.url, path=path)
    assert [after for _, after in answers] == ["012"] * 3
    last_on = {request.connection_id: request.path for request in plain.requests}
    assert list(last_on.values()).count(path) == 3
    assert answers == run(GET, code, layer=False, url=plain.url, path=path)


def test_head_and_a_redirect_keep_the_connection(run: Interpreter, origin: Origin) -> None:
    code = (
        """result = [get(method="HEAD"), get("/redirect?to=/bytes/2"), get("/status/204"), get("/chunked/5"), get()]"""
    )
    assert run(GET, code, url=origin.url) == ["", "01", "", "01234", "012"]
    assert origin.accepted == 1


def test_a_kept_http_serves_its_owner_after_others_took_its_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        kept = httplib2.Http()
        result = [call() for call in [lambda: get(http=kept), get] * 3]
        result.append(len(kept.connections))
    """
    assert run(GET, code, url=origin.url) == ["012"] * 6 + [1]
    assert origin.accepted == 1


def test_a_time_out_is_its_callers_own(run: Interpreter, origin: Origin) -> None:
    code = """
        import socket

        def timeout():
            http = httplib2.Http()
            get(http=http)
            return [connection.sock.gettimeout() for connection in http.connections.values()]

        result = [get(timeout=5), outcome(lambda: get("/slow/3000", timeout=0.05)), get(timeout=7), timeout()]
        socket.setdefaulttimeout(9)
        result.append(timeout())
    """
    assert run(GET, code, url=origin.url) == ["012", "TimeoutError", "012", [None], [9.0]]


def test_a_child_opens_its_own_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        import os
        kept = httplib2.Http()

        def in_child():
            child = os.fork()
            if child == 0:
                os._exit(0 if [get(http=kept), get()] == ["012", "012"] else 1)
            return os.waitpid(child, 0)[1]

        result = [get(http=kept), in_child(), get(http=kept), get()]
    """
    assert run(GET, code, url=origin.url) == ["012", 0, "012", "012"]
    parent, child, *rest = (request.connection_id for request in origin.requests)
    assert rest == [child, parent, parent]


def test_a_proxy_is_left_to_pysocks(run: Interpreter, origin: Origin) -> None:
    code = """
        from httplib2 import ProxyInfo

        proxy = ProxyInfo(3, "127.0.0.1", 9)
        result = [get(), outcome(lambda: get(proxy_info=proxy)), get()]
    """
    answers = run(GET, code, url=origin.url)
    assert answers[0] == answers[2] == "012"
    assert answers == run(GET, code, layer=False, url=origin.url)


def test_sixteen_threads_get_their_own_answers(run: Interpreter, origin: Origin) -> None:
    code = """
        import threading
        wrong, start = [], threading.Barrier(16)

        def work(thread):
            kept = httplib2.Http()
            start.wait()
            for n in range(20):
                path = f"/echo?id={thread}-{n}"
                try:
                    if json.loads(get(path, http=kept if n % 2 else None))["target"] != path:
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
    environ = {"KEEPALIVE_MAX_IDLE_PER_HOST": "32"}
    assert run(GET, code, url=origin.url, environ=environ) == []
    assert origin.received == 16 * 20
    assert origin.accepted <= 32


def test_tenants_share_a_connection_and_nothing_else(run: Interpreter, origin: Origin) -> None:
    code = """
        for _ in range(3):
            ann = httplib2.Http()
            ann.add_credentials("ann", "secret")
            ann.request(url + "/echo", headers={"Cookie": "session=of-ann"})
            httplib2.Http().request(url + "/echo")
    """
    run(GET, code, url=origin.url)
    assert origin.accepted == 1
    for request in origin.requests[1::2]:
        assert {name.lower() for name, _ in request.headers}.isdisjoint({"cookie", "authorization"})
