"""Careless code of every kind opens one connection: 12 calls in 4 invocations, by the server's own count."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

INVOCATIONS = 4
CALLS = 3

# Each defines `call(url, n)`: one careless call whose answer names n, returned as text. `seen` reads the answer of
# /echo.
SEEN = """
def seen(body):
    return json.loads(body)["target"].rpartition("=")[2]
"""

REQUESTS = {
    "requests.get": """
        import requests

        def call(url, n):
            return seen(requests.get(f"{url}/echo?n={n}").content)
    """,
    "requests.post of json": """
        import requests

        def call(url, n):
            return requests.post(f"{url}/echo", json={"n": str(n)}).json()["body"].split('"')[3]
    """,
    "a Session per call": """
        import requests

        def call(url, n):
            with requests.Session() as session:
                return seen(session.get(f"{url}/echo?n={n}").content)
    """,
    "a Session per call that nobody closes": """
        import requests

        def call(url, n):
            return seen(requests.Session().get(f"{url}/echo?n={n}").content)
    """,
    "a Session per call that stays alive": """
        import requests
        sessions = []

        def call(url, n):
            sessions.append(requests.Session())
            return seen(sessions[-1].get(f"{url}/echo?n={n}").content)
    """,
    "a Session that is closed before the body is read": """
        import requests

        def call(url, n):
            with requests.Session() as session:
                response = session.get(f"{url}/echo?n={n}", stream=True)
            return seen(response.content)
    """,
    "requests.get with a redirect": """
        import requests

        def call(url, n):
            response = requests.get(f"{url}/redirect?to=/echo%3Fn%3D{n}")
            return seen(response.content)
    """,
}

URLLIB = {
    "urlopen of a string": """
        from urllib.request import urlopen

        def call(url, n):
            with urlopen(f"{url}/echo?n={n}") as response:
                return seen(response.read())
    """,
    "urlopen that nobody closes": """
        from urllib.request import urlopen

        def call(url, n):
            return seen(urlopen(f"{url}/echo?n={n}").read())
    """,
    "urlopen of a Request": """
        from urllib.request import Request, urlopen

        def call(url, n):
            request = Request(f"{url}/echo?n={n}", headers={"X-Own": "1"}, method="PUT")
            with urlopen(request, timeout=10) as response:
                return seen(response.read())
    """,
    "urlopen with data": """
        from urllib.request import urlopen

        def call(url, n):
            with urlopen(f"{url}/echo", data=str(n).encode()) as response:
                return json.loads(response.read())["body"]
    """,
    "urlopen with a redirect": """
        from urllib.request import urlopen

        def call(url, n):
            with urlopen(f"{url}/redirect?to=/echo%3Fn%3D{n}") as response:
                return seen(response.read())
    """,
    "urlopen that raises HTTPError": """
        from urllib.error import HTTPError
        from urllib.request import urlopen

        def call(url, n):
            try:
                urlopen(f"{url}/{n}")
            except HTTPError as error:
                with error:
                    return json.loads(error.read())["unknown path"].strip("/")
    """,
    "an opener per call": """
        from urllib.request import build_opener

        def call(url, n):
            with build_opener().open(f"{url}/echo?n={n}") as response:
                return seen(response.read())
    """,
}

URLLIB3 = {
    "a PoolManager per call": """
        import urllib3

        def call(url, n):
            return seen(urllib3.PoolManager().request("GET", f"{url}/echo?n={n}").data)
    """,
    "a PoolManager per call that is cleared": """
        import urllib3

        def call(url, n):
            with urllib3.PoolManager() as manager:
                return seen(manager.request("GET", f"{url}/echo?n={n}").data)
    """,
    "a PoolManager per call in a cycle": """
        import gc
        import urllib3

        def call(url, n):
            manager = urllib3.PoolManager()
            manager.itself = manager
            answer = seen(manager.request("GET", f"{url}/echo?n={n}").data)
            del manager
            gc.collect()
            return answer
    """,
    "an HTTPSConnectionPool per call": """
        import urllib3

        def call(url, n):
            pool = urllib3.HTTPSConnectionPool("127.0.0.1", int(url.rpartition(":")[2]))
            return seen(pool.request("GET", f"/echo?n={n}").data)
    """,
    "a urllib3 response that is read later": """
        import urllib3

        def call(url, n):
            response = urllib3.PoolManager().request("GET", f"{url}/echo?n={n}", preload_content=False)
            body = b"".join(response.stream(7))
            response.release_conn()
            return seen(body)
    """,
}

HTTP_CLIENT = {
    "an HTTPSConnection per call": """
        from http.client import HTTPSConnection

        def call(url, n):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", f"/echo?n={n}")
            body = connection.getresponse().read()
            connection.close()
            return seen(body)
    """,
    "an HTTPSConnection per call that nobody closes": """
        from http.client import HTTPSConnection

        def call(url, n):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("POST", f"/echo?n={n}", body=b"abc")
            return seen(connection.getresponse().read())
    """,
    "an HTTPSConnection per call in a cycle": """
        import gc
        from http.client import HTTPSConnection

        def call(url, n):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.itself = connection
            connection.request("GET", f"/echo?n={n}")
            answer = seen(connection.getresponse().read())
            del connection
            gc.collect()
            return answer
    """,
    "an http.client response that outlives its connection": """
        from http.client import HTTPSConnection

        def start(url, n):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", f"/echo?n={n}")
            return connection.getresponse()

        def call(url, n):
            return seen(start(url, n).read())
    """,
    "an HTTPSConnection per call with a context per call": """
        import ssl
        from http.client import HTTPSConnection

        def call(url, n):
            connection = HTTPSConnection(url.partition("//")[2], context=ssl.create_default_context())
            connection.request("GET", f"/echo?n={n}")
            body = connection.getresponse().read()
            connection.close()
            return seen(body)
    """,
}

BOTOCORE = {
    "boto3.client per call": """
        import boto3

        def call(url, n):
            client = boto3.client("dynamodb", endpoint_url=url)
            return client.get_item(TableName="items", Key={"id": {"S": str(n)}})["Item"]["id"]["S"]
    """,
    "boto3.client per call that is closed": """
        import boto3

        def call(url, n):
            client = boto3.client("dynamodb", endpoint_url=url)
            answer = client.get_item(TableName="items", Key={"id": {"S": str(n)}})
            client.close()
            return answer["Item"]["id"]["S"]
    """,
    "boto3.Session().client per call": """
        import boto3

        def call(url, n):
            client = boto3.Session().client("dynamodb", endpoint_url=url)
            return client.get_item(TableName="items", Key={"id": {"S": str(n)}})["Item"]["id"]["S"]
    """,
    "boto3.resource per call": """
        import boto3

        def call(url, n):
            table = boto3.resource("dynamodb", endpoint_url=url).Table("items")
            return table.get_item(Key={"id": str(n)})["Item"]["id"]
    """,
}

PATTERNS = REQUESTS | URLLIB | URLLIB3 | HTTP_CLIENT | BOTOCORE

# The edges of an invocation as the patch of awslambdaric tells them; tests/functions has the real ones.
LOOP = """
from lambda_keepalive import lifecycle

result = []
for invocation in range(invocations):
    lifecycle.starting(str(invocation))
    result.append([call(url, invocation * calls + n) for n in range(calls)])
    lifecycle.ending()
"""
LOOP_WITHOUT_LAYER = """
result = [[call(url, invocation * calls + n) for n in range(calls)] for invocation in range(invocations)]
"""
ANSWERS = [[str(invocation * CALLS + n) for n in range(CALLS)] for invocation in range(INVOCATIONS)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_twelve_calls_in_four_invocations_open_one_connection(run: Interpreter, origin: Origin, pattern: str) -> None:
    answers = run(SEEN, PATTERNS[pattern], LOOP, url=origin.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == ANSWERS
    assert origin.accepted == 1
    assert origin.handshakes == 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_without_the_layer_each_call_opens_its_own(run: Interpreter, origin: Origin, pattern: str) -> None:
    code = SEEN, PATTERNS[pattern], LOOP_WITHOUT_LAYER
    answers = run(*code, layer=False, url=origin.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == ANSWERS
    assert origin.accepted >= INVOCATIONS * CALLS


def test_requests_shares_with_urllib3_and_urlopen_with_http_client_without_tls(run: Interpreter, plain: Origin) -> None:
    code = """
        import requests, urllib3
        from http.client import HTTPConnection
        from urllib.request import urlopen

        for _ in range(3):
            requests.get(url)
            urllib3.PoolManager().request("GET", url)
            urlopen(url).read()
            connection = HTTPConnection(url.partition("//")[2])
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
    """
    run(code, url=plain.url)
    assert plain.received == 12
    assert plain.accepted == 2  # urllib3 sets socket options that http.client does not


def test_urlopen_and_http_client_share_one_connection(run: Interpreter, origin: Origin) -> None:
    code = """
        from http.client import HTTPSConnection
        from urllib.request import urlopen

        for _ in range(3):
            urlopen(url).read()
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
    """
    run(code, url=origin.url)
    assert (origin.received, origin.accepted) == (6, 1)


def test_two_origins_get_one_connection_each(run: Interpreter, origin: Origin, plain: Origin) -> None:
    code = """
        import requests

        for _ in range(3):
            for url in urls:
                requests.get(url)
    """
    run(code, urls=[origin.url, plain.url])
    assert (origin.accepted, plain.accepted) == (1, 1)
