"""However httpx is used, one connection serves all calls of all invocations, by the server's own count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import ANSWERS, CALLS, INVOCATIONS, LOOP, LOOP_WITHOUT_LAYER, SEEN
from tests.support.origin import Origin

# Each defines `call(url, n)`: one careless call whose answer names n, returned as text.
PATTERNS = {
    "httpx.get": """
        import httpx

        def call(url, n):
            return seen(httpx.get(f"{url}/echo?n={n}").content)
    """,
    "httpx.post of json": """
        import httpx

        def call(url, n):
            return httpx.post(f"{url}/echo", json={"n": str(n)}).json()["body"].split('"')[3]
    """,
    "httpx.stream": """
        import httpx

        def call(url, n):
            with httpx.stream("GET", f"{url}/echo?n={n}") as response:
                return seen(b"".join(response.iter_raw(7)))
    """,
    "httpx.get with a redirect": """
        import httpx

        def call(url, n):
            response = httpx.get(f"{url}/redirect?to=/echo", headers={"N": str(n)}, follow_redirects=True)
            return dict(response.json()["headers"])["N"]
    """,
    "a Client per call": """
        import httpx

        def call(url, n):
            with httpx.Client() as client:
                return seen(client.get(f"{url}/echo?n={n}").content)
    """,
    "a Client per call that nobody closes": """
        import gc, httpx
        gc.disable()  # the client is in a cycle with its response: nothing but the next call finds it

        def call(url, n):
            return seen(httpx.Client().get(f"{url}/echo?n={n}").content)
    """,
    "a Client per call that the garbage collector finds": """
        import gc, httpx

        def call(url, n):
            answer = seen(httpx.Client().get(f"{url}/echo?n={n}").content)
            gc.collect()
            return answer
    """,
    "a Client per call that stays alive": """
        import httpx
        clients = []

        def call(url, n):
            clients.append(httpx.Client())
            return seen(clients[-1].get(f"{url}/echo?n={n}").content)
    """,
    "a Client kept in the module and httpx.get in turn": """
        import httpx
        client = httpx.Client()

        def call(url, n):
            return seen((client if n % 2 else httpx).get(f"{url}/echo?n={n}").content)
    """,
    "a transport of one's own per call": """
        import httpx

        def call(url, n):
            with httpx.Client(transport=httpx.HTTPTransport(retries=2)) as client:
                return seen(client.get(f"{url}/echo?n={n}").content)
    """,
    "a mounted transport per call": """
        import httpx

        def call(url, n):
            with httpx.Client(mounts={"https://": httpx.HTTPTransport()}) as client:
                return seen(client.get(f"{url}/echo?n={n}").content)
    """,
    "a Client with a context per call": """
        import httpx, ssl

        def call(url, n):
            with httpx.Client(verify=ssl.create_default_context()) as client:
                return seen(client.get(f"{url}/echo?n={n}").content)
    """,
    "a client as the SDKs of OpenAI and Anthropic make it": """
        import httpx

        class Wrapper(httpx.Client):
            def __del__(self):
                if not self.is_closed:
                    self.close()

        def call(url, n):
            limits = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
            timeout = httpx.Timeout(600, connect=5.0)
            client = Wrapper(base_url=url, timeout=timeout, limits=limits, follow_redirects=True)
            request = client.build_request("POST", "/echo", json={"n": str(n)})
            return json.loads(client.send(request, stream=False).json()["body"])["n"]
    """,
    "an httpcore pool per call": """
        import httpcore

        def call(url, n):
            with httpcore.ConnectionPool() as pool:
                return seen(pool.request("GET", f"{url}/echo?n={n}").content)
    """,
    "httpcore.request": """
        import httpcore

        def call(url, n):
            return seen(httpcore.request("GET", f"{url}/echo?n={n}").content)
    """,
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_twelve_calls_in_four_invocations_open_one_connection(run: Interpreter, origin: Origin, pattern: str) -> None:
    answers = run(SEEN, PATTERNS[pattern], LOOP, url=origin.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == ANSWERS
    assert (origin.accepted, origin.handshakes) == (1, 1)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_so_they_do_without_tls(run: Interpreter, plain: Origin, pattern: str) -> None:
    answers = run(SEEN, PATTERNS[pattern], LOOP, url=plain.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == ANSWERS
    assert plain.accepted == 1


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if "kept in the module" not in pattern])
def test_without_the_layer_each_call_opens_its_own(run: Interpreter, origin: Origin, pattern: str) -> None:
    code = SEEN, PATTERNS[pattern], LOOP_WITHOUT_LAYER
    answers = run(*code, layer=False, url=origin.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == ANSWERS
    assert origin.accepted == INVOCATIONS * CALLS


def test_a_unix_socket_is_a_place_like_any_other(run: Interpreter, plain: Origin, tmp_path: Path) -> None:
    code = """
        import httpx, socket, threading

        path = directory + "/socket"
        listener = socket.create_server(path, family=socket.AF_UNIX)
        accepted = []

        def serve():
            while True:
                connection, _ = listener.accept()
                accepted.append(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")

        threading.Thread(target=serve, daemon=True).start()

        def get(**options):
            with httpx.Client(transport=httpx.HTTPTransport(**options)) as client:
                return client.get(url).text

        result = [[get(uds=path), get(uds=path), len(get())], len(accepted)]
    """
    answers = run(code, url=f"{plain.url}/bytes/3", directory=str(tmp_path))
    assert answers == [["hi", "hi", 3], 1]
    assert plain.accepted == 1
