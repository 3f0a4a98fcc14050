"""KEEPALIVE_STICKY_HOSTS: load balancers find their target again; no other cookie is ever kept."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.load_balancer import LoadBalancer
from tests.support.origin import Origin

STICKY = {"KEEPALIVE_STICKY_HOSTS": "*.example.com,127.0.0.*"}
CALLERS = {
    "http.client": """
        from http.client import HTTPSConnection
        def call(url, cookie=None):
            connection = HTTPSConnection(url.split("/")[2])
            connection.request("GET", "/sticky", headers={"Cookie": cookie} if cookie else {})
            connection.getresponse().read()
            connection.close()
    """,
    "urllib.request": """
        from urllib.request import Request, urlopen
        def call(url, cookie=None):
            with urlopen(Request(url, headers={"Cookie": cookie} if cookie else {})) as response:
                response.read()
    """,
    "urllib3": """
        import os
        import urllib3
        def call(url, cookie=None):
            pool = urllib3.PoolManager(ca_certs=os.environ["SSL_CERT_FILE"])
            pool.request("GET", url, headers={"Cookie": cookie} if cookie else {})
    """,
    "requests": """
        import requests
        def call(url, cookie=None):
            requests.get(url, headers={"Cookie": cookie} if cookie else {})
    """,
    "httpx": """
        import httpx, os, ssl
        def call(url, cookie=None):
            context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
            httpx.get(url, headers={"Cookie": cookie} if cookie else {}, verify=context)
    """,
    "httpx async": """
        import asyncio, httpx, os, ssl
        def call(url, cookie=None):
            async def main():
                context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
                async with httpx.AsyncClient(verify=context) as client:
                    await client.get(url, headers={"Cookie": cookie} if cookie else {})
            asyncio.run(main())
    """,
    "aiohttp": """
        import asyncio, aiohttp
        def call(url, cookie=None):
            async def main():
                async with aiohttp.ClientSession() as session:
                    async with session.get(url, headers={"Cookie": cookie} if cookie else {}) as response:
                        await response.read()
            asyncio.run(main())
    """,
}


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> str:
    """A function `call(url, cookie)` that throws its client away."""
    name: str = request.param
    if name.split()[0] in ("urllib3", "requests", "httpx", "aiohttp"):
        pytest.importorskip(name.split()[0])
    return CALLERS[name]


def test_calls_land_on_the_same_target(run: Interpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    run(caller, "for _ in range(4): call(url)", url=origin.url + "/sticky", environ=STICKY)
    assert balancer.landed == ["one"] * 4
    assert balancer.cookies == ["", *["AWSALB=one; AWSALBCORS=one"] * 3]


def test_without_the_setting_nothing_is_kept(run: Interpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    run(caller, "for _ in range(4): call(url)", url=origin.url + "/sticky")
    assert balancer.landed == ["one", "two"] * 2
    assert balancer.cookies == [""] * 4


def test_the_callers_cookies_win(run: Interpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    code = "call(url); call(url, 'a=1; AWSALB=two'); call(url, 'b=2')"
    run(caller, code, url=origin.url + "/sticky", environ=STICKY)
    assert balancer.cookies == ["", "a=1; AWSALB=two; AWSALBCORS=one", "b=2; AWSALB=two; AWSALBCORS=two"]


def test_another_origin_gets_nothing(run: Interpreter, origin: Origin, caller: str) -> None:
    """Not even one that differs by its port, or by a host that the setting does not name."""
    balancer = LoadBalancer(origin)
    with Origin(tls=None) as other:
        elsewhere = LoadBalancer(other)
        code = """
            call(url)
            from urllib.request import urlopen
            urlopen(other).read()
            call(url.replace('127.0.0.1', 'localhost'))
        """
        run(caller, code, url=origin.url + "/sticky", other=other.url + "/sticky", environ=STICKY)
        assert elsewhere.cookies == [""]
    assert balancer.cookies == ["", ""]


@pytest.mark.parametrize(
    "attributes",
    [
        "; Max-Age=0",
        "; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
        "; Path=/other",
        "; Max-Age=soon",
        "; Expires=soon",
        "é",
    ],
)
def test_what_has_ended_or_is_for_others_is_dropped(run: Interpreter, origin: Origin, attributes: str) -> None:
    balancer = LoadBalancer(origin, attributes)
    run(CALLERS["urllib.request"], "for _ in range(3): call(url)", url=origin.url + "/sticky", environ=STICKY)
    assert balancer.cookies == [""] * 3


@pytest.mark.parametrize(
    "attributes", ["", "; Max-Age=60; Secure; SameSite=None", "; Expires=Thu, 01 Jan 2099 00:00:00 GMT"]
)
def test_what_lasts_is_kept(run: Interpreter, origin: Origin, attributes: str) -> None:
    balancer = LoadBalancer(origin, attributes)
    run(CALLERS["urllib.request"], "for _ in range(3): call(url)", url=origin.url + "/sticky", environ=STICKY)
    assert balancer.landed == ["one"] * 3
