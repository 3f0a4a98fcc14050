"""Mode `observe` changes nothing and foretells what mode `on` does: by the server's own counts, with each client."""

from __future__ import annotations

import re

import pytest

from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.clients.observed import check_forecast
from tests.support.origin import Origin

# Each defines `call(url)`.
PATTERNS = {
    "http.client, closed": """
        from http.client import HTTPSConnection

        def call(url):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/bytes/10")
            body = connection.getresponse().read()
            connection.close()
    """,
    "http.client, forgotten": """
        from http.client import HTTPSConnection

        def call(url):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/bytes/10")
            response = connection.getresponse()
            del connection
            response.read()
    """,
    "http.client, kept": """
        from http.client import HTTPSConnection
        connection = None

        def call(url):
            global connection
            connection = connection or HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/bytes/10")
            connection.getresponse().read()
    """,
    "http.client, not read": """
        from http.client import HTTPSConnection

        def call(url):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/bytes/100")
            connection.getresponse().read(1)
            connection.close()
    """,
    "urlopen": """
        from urllib.request import urlopen

        def call(url):
            with urlopen(url + "/bytes/10") as response:
                response.read()
    """,
    "urlopen, chunked": """
        from urllib.request import urlopen

        def call(url):
            urlopen(url + "/chunked/30").read()
    """,
    "urlopen, no content": """
        from urllib.request import urlopen

        def call(url):
            urlopen(url + "/status/204")
    """,
    "urllib3, a pool per call": """
        import urllib3

        def call(url):
            urllib3.PoolManager().request("GET", url + "/bytes/10")
    """,
    "urllib3, a pool that is kept": """
        import urllib3
        pool = urllib3.PoolManager()

        def call(url):
            pool.request("GET", url + "/bytes/10")
    """,
    "urllib3, pools that stay alive": """
        import urllib3
        pools = []

        def call(url):
            pools.append(urllib3.PoolManager())
            pools[-1].request("GET", url + "/bytes/10")
    """,
    "requests.get": """
        import requests

        def call(url):
            requests.get(url + "/bytes/10")
    """,
    "requests.get, chunked": """
        import requests

        def call(url):
            requests.get(url + "/chunked/30")
    """,
    "requests.Session, closed": """
        import requests

        def call(url):
            with requests.Session() as session:
                session.post(url + "/echo", data=b"x" * 100)
    """,
    "requests, asked to close": """
        import requests

        def call(url):
            requests.get(url + "/bytes/10", headers={"Connection": "close"})
    """,
    "requests, the server closes": """
        import requests

        def call(url):
            requests.get(url + "/close")
    """,
    "requests and urlopen in turn": """
        import requests
        from urllib.request import urlopen

        def call(url):
            requests.get(url + "/bytes/10")
            urlopen(url + "/bytes/10").read()
    """,
    "httpx.get": """
        import httpx

        def call(url):
            httpx.get(url + "/bytes/10")
    """,
    "httpx.post, chunked answer": """
        import httpx

        def call(url):
            httpx.post(url + "/chunked/30", content=b"x")
    """,
    "httpx, a Client that is kept": """
        import httpx
        client = httpx.Client()

        def call(url):
            client.get(url + "/bytes/10")
    """,
    "httpx, Clients that stay alive": """
        import httpx
        clients = []

        def call(url):
            clients.append(httpx.Client())
            clients[-1].get(url + "/bytes/10")
    """,
    "httpx, not read": """
        import httpx

        def call(url):
            with httpx.Client() as client, client.stream("GET", url + "/bytes/100") as response:
                next(response.iter_raw(10))
    """,
    "httpx, asked to close": """
        import httpx

        def call(url):
            httpx.get(url + "/bytes/10", headers={"Connection": "close"})
    """,
    "boto3, a client per call": """
        import boto3

        def call(url):
            boto3.client("dynamodb", endpoint_url=url).get_item(TableName="items", Key={"id": {"S": "1"}})
    """,
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_observing_changes_nothing_and_foretells_mode_on(run: Interpreter, origin: Origin, pattern: str) -> None:
    client = re.split(r"[., ]", pattern)[0]
    needs("http_client" if client == "http" else client)
    check_forecast(run, origin, PATTERNS[pattern])
