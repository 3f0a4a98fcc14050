"""Through a proxy, plain or by a tunnel: one connection, as long as proxy and tunnel are the same in everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin
from tests.support.proxy import Proxy

NAME = "service.test"


@pytest.fixture
def named(authority: Authority) -> Iterator[Origin]:
    """An origin that no resolver knows; only the proxy finds it."""
    with Origin(tls=authority, names=(NAME,)) as origin:
        yield origin


@pytest.fixture
def proxy(named: Origin) -> Iterator[Proxy]:
    with Proxy(upstream=(named.host, named.port)) as proxy:
        yield proxy


# Each defines `call(url, proxy, headers=None)`: one careless call through a proxy; `headers` are for the proxy.
TUNNELS = {
    "requests": """
        import requests

        def call(url, proxy, headers=None):
            return requests.get(url, proxies={"https": proxy}).status_code
    """,
    "requests, from the environment": """
        import os
        import requests

        def call(url, proxy, headers=None):
            os.environ["HTTPS_PROXY"] = proxy
            return requests.get(url).status_code
    """,
    "urllib3": """
        import urllib3

        def call(url, proxy, headers=None):
            return urllib3.ProxyManager(proxy, proxy_headers=headers).request("GET", url).status
    """,
    "http.client": """
        from http.client import HTTPSConnection

        def call(url, proxy, headers=None):
            connection = HTTPSConnection(proxy.partition("//")[2].rpartition("@")[2])
            connection.set_tunnel(url.partition("//")[2].partition("/")[0], 443, headers=headers or {})
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            connection.close()
            return response.status
    """,
    "urlopen": """
        from urllib.request import ProxyHandler, build_opener

        def call(url, proxy, headers=None):
            with build_opener(ProxyHandler({"https": proxy})).open(url) as response:
                response.read()
                return response.status
    """,
    "httpx": """
        import httpx

        def call(url, proxy, headers=None):
            transport = httpx.HTTPTransport(proxy=httpx.Proxy(proxy, headers=headers))
            with httpx.Client(transport=transport) as client:
                return client.get(url).status_code
    """,
    "httpx, from the environment": """
        import os
        import httpx

        def call(url, proxy, headers=None):
            os.environ["HTTPS_PROXY"] = proxy
            return httpx.get(url).status_code
    """,
    "boto3": """
        import boto3
        from botocore.config import Config

        def call(url, proxy, headers=None):
            client = boto3.client("dynamodb", endpoint_url=url, config=Config(proxies={"https": proxy}))
            answer = client.get_item(TableName="items", Key={"id": {"S": "1"}})
            return answer["ResponseMetadata"]["HTTPStatusCode"]
    """,
}

PLAIN = {
    "requests": """
        import requests

        def call(url, proxy):
            return requests.get(url, proxies={"http": proxy}).text
    """,
    "urllib3": """
        import urllib3

        def call(url, proxy):
            return urllib3.ProxyManager(proxy).request("GET", url).data.decode()
    """,
    "urlopen": """
        from urllib.request import ProxyHandler, build_opener

        def call(url, proxy):
            with build_opener(ProxyHandler({"http": proxy})).open(url) as response:
                return response.read().decode()
    """,
    "httpx": """
        import httpx

        def call(url, proxy):
            with httpx.Client(transport=httpx.HTTPTransport(proxy=httpx.Proxy(proxy))) as client:
                return client.get(url).text
    """,
}


@pytest.mark.parametrize("client", TUNNELS)
def test_a_tunnel_is_kept(run: Interpreter, named: Origin, proxy: Proxy, client: str) -> None:
    loop = "result = [call(url, proxy) for _ in range(12)]"
    assert run(TUNNELS[client], loop, url=f"https://{NAME}/", proxy=proxy.url) == [200] * 12
    assert (proxy.accepted, named.accepted, named.received) == (1, 1, 12)


@pytest.mark.parametrize("client", [client for client in TUNNELS if client != "boto3"])
def test_a_request_whose_tunnel_ends_under_it_is_sent_once_more_through_a_new_one(
    run: Interpreter, named: Origin, proxy: Proxy, client: str
) -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.request.number_on_connection > 1:
            exchange.hang_up()
        else:
            exchange.respond(200)

    named.route("/", answer)
    code = """
        result = [call(url, proxy) for _ in range(2)]
        from lambda_keepalive.stats import stats
        result.append(stats.peek().replayed)
    """
    credentials = proxy.url.replace("//", "//ann:secret@")
    assert run(TUNNELS[client], code, url=f"https://{NAME}/", proxy=credentials) == [200, 200, 1]
    assert (proxy.accepted, named.accepted, named.received) == (2, 2, 3)
    first, second = proxy.tunnels
    assert (first.target, first.headers) == (second.target, second.headers)


@pytest.mark.parametrize("client", TUNNELS)
def test_without_the_layer_each_call_makes_a_tunnel(run: Interpreter, named: Origin, proxy: Proxy, client: str) -> None:
    loop = "result = [call(url, proxy) for _ in range(3)]"
    assert run(TUNNELS[client], loop, layer=False, url=f"https://{NAME}/", proxy=proxy.url) == [200] * 3
    assert proxy.accepted == 3


@pytest.mark.parametrize("client", TUNNELS)
def test_a_tunnel_through_another_proxy_is_another_connection(
    run: Interpreter, named: Origin, proxy: Proxy, client: str
) -> None:
    loop = "result = [call(url, proxy) for proxy in proxies * 2]"
    with Proxy(upstream=(named.host, named.port)) as other:
        proxies = [proxy.url, other.url]
        assert run(TUNNELS[client], loop, url=f"https://{NAME}/", proxies=proxies) == [200] * 4
        assert (proxy.accepted, other.accepted) == (1, 1)


@pytest.mark.parametrize("client", ["requests", "urlopen", "httpx", "boto3"])
def test_a_tunnel_with_other_credentials_is_another_connection(
    run: Interpreter, named: Origin, proxy: Proxy, client: str
) -> None:
    proxies = [f"http://{user}:secret@127.0.0.1:{proxy.port}" for user in ("ann", "bob")]
    loop = "result = [call(url, proxy) for proxy in proxies * 2]"
    assert run(TUNNELS[client], loop, url=f"https://{NAME}/", proxies=proxies) == [200] * 4
    assert proxy.accepted == 2
    credentials = [value for tunnel in proxy.tunnels for name, value in tunnel.headers if name == "Proxy-Authorization"]
    assert len(set(credentials)) == 2


@pytest.mark.parametrize("client", ["urllib3", "http.client", "httpx"])
def test_a_tunnel_with_other_fields_is_another_connection(
    run: Interpreter, named: Origin, proxy: Proxy, client: str
) -> None:
    loop = "result = [call(url, proxy, {'X-Tenant': tenant}) for tenant in ('a', 'b', 'a', 'b')]"
    assert run(TUNNELS[client], loop, url=f"https://{NAME}/", proxy=proxy.url) == [200] * 4
    assert proxy.accepted == 2


def test_a_tunnel_is_not_taken_for_a_direct_connection(run: Interpreter, plain: Origin) -> None:
    code = """
        from http.client import HTTPConnection

        def call(tunnel):
            connection = HTTPConnection("127.0.0.1", port)
            if tunnel:
                connection.set_tunnel("service.test", 80)
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            connection.close()
            return response.status

        result = [call(True), call(False), call(True)]
    """
    with Proxy(upstream=(plain.host, plain.port)) as proxy:
        # This proxy answers 405 to all but CONNECT.
        assert run(code, port=proxy.port) == [200, 405, 200]
        assert proxy.accepted == 2
    assert plain.accepted == 1


@pytest.mark.parametrize("client", PLAIN)
def test_a_connection_to_a_plain_proxy_is_kept_and_each_request_names_its_target(
    run: Interpreter, plain: Origin, client: str
) -> None:
    loop = "result = [call(f'http://host-{n % 2}.test/bytes/{n}', proxy) for n in range(6)]"
    assert run(PLAIN[client], loop, proxy=plain.url) == ["012345"[:n] for n in range(6)]
    assert [request.target for request in plain.requests] == [f"http://host-{n % 2}.test/bytes/{n}" for n in range(6)]
    assert [request.header("Host") for request in plain.requests] == [f"host-{n % 2}.test" for n in range(6)]
    # urllib3's connections know which host they are for, also on the way through a proxy.
    assert plain.accepted <= 2


def test_a_host_that_no_proxy_is_for_is_called_directly(run: Interpreter, plain: Origin, origin: Origin) -> None:
    code = """
        import os, requests
        from urllib.request import urlopen
        os.environ.update(HTTP_PROXY=proxy, NO_PROXY="127.0.0.1")
        for _ in range(3):
            requests.get("http://host.test/bytes/1")
            requests.get(url)
            urlopen("http://host.test/bytes/1").read()
            urlopen(url).read()
        del os.environ["HTTP_PROXY"]
        try:
            requests.get("http://host.test/bytes/1")
        except requests.ConnectionError:
            result = "no such host"
    """
    with Origin() as direct:
        assert run(code, url=direct.url, proxy=plain.url) == "no such host"
        assert (direct.received, direct.accepted) == (6, 2)
    assert (plain.received, plain.accepted) == (6, 2)
