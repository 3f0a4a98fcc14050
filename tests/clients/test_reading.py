"""However a body is read, in parts, late or not at all: the bytes are right, and only a body read to its end keeps
the connection."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Each defines `read(url)`: makes a call, reads 2500 bytes in some way, returns them; nothing is closed unless said.
TO_THE_END = {
    "requests, content": "def read(url): return requests.get(url).content",
    "requests, iter_content": """
        def read(url):
            return b"".join(requests.get(url, stream=True).iter_content(7))
    """,
    "requests, iter_lines": """
        def read(url):
            return b"".join(requests.get(url, stream=True).iter_lines())
    """,
    "requests, raw.read": """
        def read(url):
            with requests.get(url, stream=True) as response:
                return response.raw.read()
    """,
    "requests, raw.read in parts": """
        def read(url):
            raw = requests.get(url, stream=True).raw
            return b"".join(iter(lambda: raw.read(100), b""))
    """,
    "requests, with statement": """
        def read(url):
            with requests.get(url, stream=True) as response:
                return b"".join(response.iter_content(1000))
    """,
    "urllib3, data": "def read(url): return urllib3.PoolManager().request('GET', url).data",
    "urllib3, stream": """
        def read(url):
            return b"".join(urllib3.PoolManager().request("GET", url, preload_content=False).stream(7))
    """,
    "urllib3, read in parts": """
        def read(url):
            response = urllib3.PoolManager().request("GET", url, preload_content=False)
            return b"".join(iter(lambda: response.read(99), b""))
    """,
    "urllib3, iteration": """
        def read(url):
            return b"".join(urllib3.PoolManager().request("GET", url, preload_content=False))
    """,
    "urllib3, released before it is read": """
        def read(url):
            response = urllib3.PoolManager().request("GET", url, preload_content=False)
            body = response.read()
            response.release_conn()
            return body
    """,
    "urllib3, decoded by nobody": """
        def read(url):
            with urllib3.PoolManager().request("GET", url, preload_content=False) as response:
                return response.read(decode_content=False)
    """,
    "http.client, read": """
        def read(url):
            connection = connect(url)
            return connection.getresponse().read()
    """,
    "http.client, read of exactly the length and one more": """
        def read(url):
            response = connect(url).getresponse()
            body = response.read(2500)
            assert response.read(1) == b""
            return body
    """,
    "http.client, lines": """
        def read(url):
            return b"".join(connect(url).getresponse())
    """,
    "http.client, readinto": """
        def read(url):
            response, parts, buffer = connect(url).getresponse(), [], bytearray(333)
            while size := response.readinto(buffer):
                parts.append(bytes(buffer[:size]))
            return b"".join(parts)
    """,
    "http.client, read1": """
        def read(url):
            response = connect(url).getresponse()
            return b"".join(iter(lambda: response.read1(500), b""))
    """,
    "http.client, closed between head and body by `with`": """
        def read(url):
            with connect(url).getresponse() as response:
                return response.read()
    """,
    "http.client, read after a peek": """
        def read(url):
            response = connect(url).getresponse()
            assert response.peek(1)[:1] == b"0"
            return response.read()
    """,
    "urlopen, read": "def read(url): return urlopen(url).read()",
    "urlopen, lines": "def read(url): return b''.join(urlopen(url).readlines())",
    "urlopen, copied": """
        import io, shutil

        def read(url):
            target = io.BytesIO()
            with urlopen(url) as response:
                shutil.copyfileobj(response, target)
            return target.getvalue()
    """,
    "urlopen, as text": """
        import io

        def read(url):
            with io.TextIOWrapper(urlopen(url), encoding="ascii") as text:
                return text.read().encode()
    """,
}

# Each leaves the body unread or part of it; returns whatever.
NOT_TO_THE_END = {
    "requests, stream never read": "def read(url): requests.get(url, stream=True)",
    "requests, closed": "def read(url): requests.get(url, stream=True).close()",
    "requests, with statement": """
        def read(url):
            with requests.get(url, stream=True):
                pass
    """,
    "requests, first part": "def read(url): next(requests.get(url, stream=True).iter_content(10))",
    "requests, exception in the with statement": """
        def read(url):
            try:
                with requests.get(url, stream=True) as response:
                    next(response.iter_content(10))
                    raise LookupError
            except LookupError:
                pass
    """,
    "urllib3, never read": "def read(url): urllib3.PoolManager().request('GET', url, preload_content=False)",
    "urllib3, closed": "def read(url): urllib3.PoolManager().request('GET', url, preload_content=False).close()",
    "urllib3, first part": """
        def read(url):
            response = urllib3.PoolManager().request("GET", url, preload_content=False)
            response.read(10)
            response.close()
    """,
    "urllib3, first part and dropped": """
        def read(url):
            urllib3.PoolManager().request("GET", url, preload_content=False).read(10)
    """,
    "urllib3, first part of a stream": """
        def read(url):
            stream = urllib3.PoolManager().request("GET", url, preload_content=False).stream(10)
            next(stream)
            stream.close()
    """,
    "http.client, never read": "def read(url): connect(url).getresponse()",
    "http.client, response closed": "def read(url): connect(url).getresponse().close()",
    "http.client, connection closed": """
        def read(url):
            connection = connect(url)
            response = connection.getresponse()
            connection.close()
            assert response.read() == b""
    """,
    "http.client, first part": "def read(url): connect(url).getresponse().read(10)",
    "http.client, all but the last byte": "def read(url): connect(url).getresponse().read(2499)",
    "http.client, no response asked for": "def read(url): connect(url).close()",
    "http.client, exception": """
        def read(url):
            try:
                connection = connect(url)
                connection.getresponse().read(1)
                connection.request("GET", "/bytes/1")
            except Exception:
                connection.close()
    """,
    "urlopen, never read": "def read(url): urlopen(url)",
    "urlopen, closed": "def read(url): urlopen(url).close()",
    "urlopen, with statement": """
        def read(url):
            with urlopen(url):
                pass
    """,
    "urlopen, first line": """
        def read(url):
            with urlopen(url) as response:
                response.read(10)
    """,
}

PREPARE = """
    import base64
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit
    from urllib.request import urlopen

    import requests
    import urllib3

    def connect(url):
        parts = urlsplit(url)
        connection = {"http": HTTPConnection, "https": HTTPSConnection}[parts.scheme](parts.netloc)
        connection.request("GET", parts.path)
        return connection
"""
BODY = ("0123456789" * 250)[:2500]


@pytest.mark.parametrize("body", ["bytes", "chunked"])
@pytest.mark.parametrize("way", TO_THE_END)
def test_a_body_that_was_read_keeps_the_connection(run: Interpreter, plain: Origin, way: str, body: str) -> None:
    loop = "result = [read(url).decode() for _ in range(3)]"
    assert run(PREPARE, TO_THE_END[way], loop, url=f"{plain.url}/{body}/2500") == [BODY] * 3
    assert plain.accepted == 1


@pytest.mark.parametrize("body", ["bytes", "chunked"])
@pytest.mark.parametrize("way", NOT_TO_THE_END)
def test_a_body_that_was_not_read_loses_the_connection(run: Interpreter, plain: Origin, way: str, body: str) -> None:
    loop = """
        import gc
        for _ in range(3):
            read(url)
            gc.collect()
    """
    run(PREPARE, NOT_TO_THE_END[way], loop, url=f"{plain.url}/{body}/2500")
    plain.wait_for(lambda: plain.open == 0 and plain.accepted == 3)


def test_a_response_outlives_its_connection_object_and_its_pool(run: Interpreter, origin: Origin) -> None:
    code = """
        import gc
        responses = [connect(url).getresponse(), urlopen(url)]
        responses += [requests.get(url, stream=True).raw]
        responses += [urllib3.PoolManager().request("GET", url, preload_content=False)]
        gc.collect()
        others = [requests.get(url).text, urlopen(url).read().decode()]
        result = others + [response.read().decode() for response in responses]
    """
    assert run(PREPARE, code, url=f"{origin.url}/chunked/2500") == [BODY] * 6


def test_a_connection_that_urllib3_has_back_with_an_unread_body_is_lent_to_nobody(
    run: Interpreter, plain: Origin
) -> None:
    code = """
        pool = urllib3.PoolManager()
        response = pool.request("GET", url, preload_content=False)
        response.release_conn()
        other = urllib3.PoolManager().request("GET", url).data.decode()
        result = [other, response.read().decode()]
    """
    # Larger than every buffer on the way, so that most of it is still in the server.
    size = 8_000_000
    first, second = run(PREPARE, code, url=f"{plain.url}/bytes/{size}")
    assert first == second == "0123456789" * (size // 10)
    assert plain.accepted == 2


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_an_http_client_connection_serves_its_owner_again_and_again(
    run: Interpreter, plain: Origin, origin: Origin, tls: bool
) -> None:
    code = """
        connection = connect(url)
        result = [connection.getresponse().read().decode()]
        connection.request("GET", "/bytes/3")
        result.append(connection.getresponse().read().decode())
        connection.close()
        assert connection.sock is None
        connection.close()
        connection.request("GET", "/bytes/4")
        result.append(connection.getresponse().read().decode())
        result.append(connection.sock is not None)
        connection.close()
    """
    server = origin if tls else plain
    assert run(PREPARE, code, url=f"{server.url}/bytes/2") == ["01", "012", "0123", True]
    assert server.accepted == 1


def test_a_kept_session_keeps_its_connection_to_itself_until_somebody_needs_one(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        session = requests.Session()
        result = [session.get(url).status_code, requests.get(url).status_code, session.get(url).status_code]
    """
    assert run(PREPARE, code, url=f"{origin.url}/bytes/1") == [200, 200, 200]
    assert origin.accepted == 1


def test_a_pool_that_blocks_still_counts_its_places(run: Interpreter, origin: Origin) -> None:
    code = """
        pool = urllib3.HTTPSConnectionPool("127.0.0.1", port, maxsize=1, block=True)
        for _ in range(3):
            pool.request("GET", "/bytes/1")
            requests.get(url)  # borrows what the pool holds
        held = pool.request("GET", "/bytes/1", preload_content=False)
        try:
            pool.request("GET", "/bytes/1", pool_timeout=0.01)
        except urllib3.exceptions.EmptyPoolError as error:
            result = type(error).__name__
        held.read()
    """
    assert run(PREPARE, code, url=f"{origin.url}/bytes/1", port=origin.port) == "EmptyPoolError"
