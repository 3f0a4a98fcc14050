"""Two tenants in one process share a connection and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Each defines `ann(url)` and `bob(url)`: Ann brings everything that must stay hers, Bob brings nothing.
TENANTS = {
    "requests, functions": """
        import requests

        def ann(url):
            requests.get(
                url, cookies={"session": "of-ann"}, auth=("ann", "secret"), headers={"X-Ann": "of-ann"},
                params={"ann": "of-ann"},
            )

        def bob(url):
            requests.get(url)
    """,
    "requests, sessions": """
        import requests

        def ann(url):
            with requests.Session() as session:
                session.headers["X-Ann"] = "of-ann"
                session.auth = ("ann", "secret")
                session.params = {"ann": "of-ann"}
                session.get(url.replace("/echo", "/cookie?session=of-ann"))
                session.get(url)

        def bob(url):
            with requests.Session() as session:
                session.get(url)
                assert not session.cookies
    """,
    "requests, sessions side by side": """
        import requests
        of_ann, of_bob = requests.Session(), requests.Session()
        of_ann.headers["X-Ann"] = "of-ann"
        of_ann.auth = ("ann", "secret")

        def ann(url):
            of_ann.get(url.replace("/echo", "/cookie?session=of-ann"))
            of_ann.get(url)

        def bob(url):
            of_bob.get(url)
            assert not of_bob.cookies
    """,
    "urllib3": """
        import urllib3

        def ann(url):
            headers = urllib3.make_headers(basic_auth="ann:secret") | {"Cookie": "session=of-ann", "X-Ann": "of-ann"}
            urllib3.PoolManager(headers=headers).request("GET", url)

        def bob(url):
            urllib3.PoolManager().request("GET", url)
    """,
    "httpx, functions": """
        import httpx

        def ann(url):
            httpx.get(
                url, cookies={"session": "of-ann"}, auth=("ann", "secret"), headers={"X-Ann": "of-ann"},
                params={"ann": "of-ann"},
            )

        def bob(url):
            httpx.get(url)
    """,
    "httpx, clients side by side": """
        import httpx
        of_ann = httpx.Client(headers={"X-Ann": "of-ann"}, auth=("ann", "secret"))
        of_bob = httpx.Client()

        def ann(url):
            of_ann.get(url.replace("/echo", "/cookie?session=of-ann"))
            of_ann.get(url)

        def bob(url):
            of_bob.get(url)
            assert not of_bob.cookies
    """,
    "urlopen": """
        import http.cookiejar
        from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

        def ann(url):
            opener = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))
            opener.addheaders = [("X-Ann", "of-ann")]
            opener.open(url.replace("/echo", "/cookie?session=of-ann")).read()
            opener.open(Request(url, headers={"Authorization": "Basic YW5uOnNlY3JldA=="})).read()

        def bob(url):
            urlopen(url).read()
    """,
    "http.client": """
        from http.client import HTTPSConnection

        def get(url, headers):
            connection = HTTPSConnection(url.partition("//")[2].partition("/")[0])
            connection.request("GET", "/echo", headers=headers)
            connection.getresponse().read()
            connection.close()

        def ann(url):
            get(url, {"Authorization": "Basic YW5uOnNlY3JldA==", "Cookie": "session=of-ann", "X-Ann": "of-ann"})

        def bob(url):
            get(url, {})
    """,
}


@pytest.mark.parametrize("client", TENANTS)
def test_nothing_of_one_tenant_reaches_the_other_over_the_shared_connection(
    run: Interpreter, origin: Origin, client: str
) -> None:
    loop = """
        for _ in range(3):
            ann(url + "/echo")
            act("mark")
            bob(url + "/echo")
            act("mark")
    """
    marks: list[int] = [0]
    run(TENANTS[client], loop, acts={"mark": lambda: marks.append(origin.received)}, url=origin.url)
    assert origin.accepted == 1
    turns = [origin.requests[start:end] for start, end in pairwise(marks)]
    for of_ann, of_bob in zip(turns[::2], turns[1::2], strict=True):
        (request,) = of_bob
        fields = {name.lower() for name, _ in request.headers}
        assert fields.isdisjoint({"cookie", "authorization", "x-ann"})
        assert "of-ann" not in repr(request)
        assert "of-ann" in repr(of_ann[-1])
        assert "YW5uOnNlY3JldA" in of_ann[-1].header("Authorization")


def test_botocore_signs_each_tenants_request_with_his_own_key(run: Interpreter, origin: Origin) -> None:
    code = """
        import boto3

        def call(name):
            client = boto3.client(
                "dynamodb", endpoint_url=url, aws_access_key_id=name, aws_secret_access_key="secret",
                aws_session_token="token-of-" + name,
            )
            client.get_item(TableName="items", Key={"id": {"S": name}})

        for name in ("ANN", "BOB") * 3:
            call(name)
    """
    run(code, url=origin.url)
    assert origin.accepted == 1
    for name, request in zip(["ANN", "BOB"] * 3, origin.requests, strict=True):
        assert f"Credential={name}/" in request.header("Authorization")
        assert request.header("X-Amz-Security-Token") == f"token-of-{name}"


def test_hooks_retries_and_adapters_stay_with_their_session(run: Interpreter, origin: Origin) -> None:
    code = """
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        seen = []
        with requests.Session() as session:
            session.hooks["response"].append(lambda response, *args, **kwargs: seen.append(response.status_code))
            session.mount("https://", HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], backoff_factor=0)))
            session.max_redirects = 1
            try:
                session.get(url + "/status/503")
            except requests.exceptions.RetryError:
                seen.append("gave up")
        with requests.Session() as session:
            result = [session.get(url + "/status/503").status_code, session.get(url + "/redirect/3").status_code, seen]
    """
    assert run(code, url=origin.url) == [503, 200, ["gave up"]]
    assert [request.path for request in origin.requests].count("/status/503") == 3 + 1
    assert origin.accepted == 1
