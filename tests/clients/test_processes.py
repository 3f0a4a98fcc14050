"""Threads, forks, the garbage collector and the interpreter's end: no mix-up, no leak, no noise."""

from __future__ import annotations

import sys

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin


def test_sixteen_threads_with_mixed_clients_get_their_own_answers(run: Interpreter, origin: Origin) -> None:
    code = """
        import json, threading
        import requests, urllib3
        from http.client import HTTPSConnection
        from urllib.request import urlopen

        def by_connection(path):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", path)
            body = connection.getresponse().read()
            connection.close()
            return body

        ways = [
            lambda path: requests.get(url + path).content,
            lambda path: requests.Session().get(url + path).content,
            lambda path: urllib3.PoolManager().request("GET", url + path).data,
            lambda path: urlopen(url + path).read(),
            by_connection,
        ]
        wrong, start = [], threading.Barrier(16)

        def work(thread):
            start.wait()
            for n in range(20):
                path = f"/echo?id={thread}-{n}"
                try:
                    if json.loads(ways[(thread + n) % len(ways)](path))["target"] != path:
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
    # Room for all: the connections of http.client, urllib3 and requests (its own CA bundle) count for the same host.
    assert run(code, url=origin.url, environ={"KEEPALIVE_MAX_IDLE_PER_HOST": "48"}) == []
    assert origin.received == 16 * 20
    assert origin.accepted <= 3 * 16, "no more than one per thread and kind"


# Makes `in_child(function)`: its result, computed in a forked child that then exits as os.fork's children should.
FORK = """
    import json, os

    def in_child(function):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, json.dumps(function()).encode())
            except BaseException as error:
                os.write(writer, json.dumps(repr(error)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return json.loads(text)
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_a_child_opens_its_own_connection_and_the_parents_survives(
    run: Interpreter, origin: Origin, client: str
) -> None:
    code = """
        def status():
            return fetch(url)[0]

        result = [status(), in_child(status), status(), in_child(lambda: [status(), status()]), status()]
    """
    assert run(CLIENTS[client], FORK, code, url=origin.url) == [200, 200, 200, [200, 200], 200]
    # Request by request: the parent's three on one, each child's on its own.
    connections = [request.connection_id for request in origin.requests]
    parent, first, _, second, _, _ = connections
    assert connections == [parent, first, parent, second, second, parent]
    assert len({parent, first, second}) == 3


def test_a_session_that_a_child_inherits_opens_its_own_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        import requests
        session = requests.Session()
        call = lambda: session.get(url).status_code

        def close():
            session.close()
            return "closed"

        result = [call(), in_child(call), call(), in_child(close), call()]
    """
    assert run(FORK, code, url=origin.url) == [200, 200, 200, "closed", 200]
    parent, child, *rest = (request.connection_id for request in origin.requests)
    assert child != parent
    assert rest == [parent, parent]


def test_a_fork_in_the_middle_of_a_response_harms_neither(run: Interpreter, plain: Origin) -> None:
    code = """
        from urllib.request import urlopen
        response = urlopen(url + "/bytes/100000")
        head = response.read(10)
        child = in_child(lambda: urlopen(url + "/bytes/3").read().decode())
        rest = response.read()
        result = [child, len(head + rest), urlopen(url + "/bytes/2").read().decode()]
    """
    assert run(FORK, code, url=plain.url) == ["012", 100000, "01"]


def test_multiprocessing_works_by_fork_by_spawn_and_by_a_server_of_forks(run: Interpreter, origin: Origin) -> None:
    code = """
        import multiprocessing, requests
        requests.get(url)
        for method in ("fork", "spawn", "forkserver"):
            context = multiprocessing.get_context(method)
            for _ in range(2):
                process = context.Process(target=requests.get, args=(url,))
                process.start()
                process.join()
                assert process.exitcode == 0
        requests.get(url)
    """
    run(code, url=origin.url)
    assert (origin.received, origin.accepted) == (8, 7)
    parent, *children, last = (request.connection_id for request in origin.requests)
    assert parent == last
    assert parent not in children


EXITS = {
    "after careless calls": "fetch(url)",
    "with a kept session": "import requests; session = requests.Session(); session.get(url)",
    "with a kept response": "from urllib.request import urlopen; response = urlopen(url)",
    "with a half read response": "from urllib.request import urlopen; urlopen(url).read(1)",
    "with a kept connection": """
        from http.client import HTTPSConnection
        connection = HTTPSConnection(url.partition("//")[2])
        connection.request("GET", "/")
        connection.getresponse().read()
    """,
    "by sys.exit": "fetch(url); print(json.dumps({'result': None}), flush=True); sys.exit(0)",
    "with a call at exit": "import atexit; atexit.register(fetch, url); fetch(url)",
    "with a call in a finalizer": """
        class Late:
            def __del__(self):
                fetch(url)
        late = Late()
        fetch(url)
    """,
    "with a daemon thread in a call": """
        import threading
        threading.Thread(target=fetch, args=(url + "/slow/30000",), daemon=True).start()
        fetch(url)
    """,
}


@pytest.mark.parametrize("end", EXITS)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_interpreter_ends_without_a_sound(run: Interpreter, origin: Origin, client: str, end: str) -> None:
    if sys.version_info[:3] == (3, 13, 0) and (client, end) == ("httpx", "with a call in a finalizer"):
        pytest.skip("CPython 3.13.0 crashes when it collects garbage there, with the layer and without")
    run(CLIENTS[client], EXITS[end], url=origin.url)


@pytest.mark.parametrize("client", CLIENTS)
def test_careless_calls_leave_no_unclosed_socket(run: Interpreter, origin: Origin, client: str) -> None:
    """Development mode reports each socket that nobody closed, at the interpreter's end at the latest."""
    code = "result = [fetch(url)[0] for _ in range(3)]"
    assert (
        run(CLIENTS[client], code, url=origin.url, options=("-X", "dev", "-W", "ignore::DeprecationWarning"))
        == [200] * 3
    )


def test_connections_in_reference_cycles_come_back_or_are_closed(run: Interpreter, origin: Origin) -> None:
    code = """
        import gc, os
        import requests
        from http.client import HTTPSConnection
        from urllib.request import urlopen

        def descriptors():
            return len(os.listdir("/proc/self/fd"))

        def cycle(read):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.itself = connection
            connection.request("GET", "/bytes/3")
            connection.response = connection.getresponse()
            if read:
                connection.response.read()
            session = requests.Session()
            session.itself = session
            response = session.get(url, stream=True)
            response.session = session
            if read:
                response.content
            held = urlopen(url)
            held.itself = held
            if read:
                held.read()

        cycle(True)
        gc.collect()
        before = descriptors()
        for n in range(30):
            cycle(n % 2)
            gc.collect()
        result = descriptors() - before
    """
    assert abs(run(code, url=origin.url)) <= 3


@pytest.mark.parametrize("client", CLIENTS)
def test_descriptors_stay_flat(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        import os
        paths = ["/bytes/3", "/close", "/no-length", "/chunked/100", "/status/404", "/truncated"]

        def round():
            for path in paths:
                fetch(url + path)

        round()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            round()
        result = len(os.listdir("/proc/self/fd")) - before
    """
    assert run(CLIENTS[client], code, url=origin.url) <= 1


def test_a_signal_handler_may_call_in_the_middle_of_anything(run: Interpreter, plain: Origin) -> None:
    code = """
        import signal
        from urllib.request import urlopen
        answers = []

        def handler(number, frame):
            answers.append(urlopen(url + "/bytes/2").read().decode())
            signal.setitimer(signal.ITIMER_REAL, 0.001)

        urlopen(url).read()  # imports are not for signal handlers
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        bodies = {urlopen(url + "/bytes/3").read().decode() for _ in range(300)}
        signal.setitimer(signal.ITIMER_REAL, 0)
        result = [sorted(bodies), sorted(set(answers))]
    """
    assert run(code, url=plain.url) == [["012"], ["01"]]
