"""nginx's own count of connections and requests, under careless clients."""

import pytest

CALLS = {
    "requests": "import requests\ndef call(): return requests.get(url).json()\n",
    "urllib3": "import urllib3\ndef call(): return urllib3.PoolManager(ca_certs=bundle).request('GET', url).json()\n",
    "urlopen": "import json, urllib.request\ndef call(): return json.load(urllib.request.urlopen(url))\n",
    "http.client": """
import http.client, json
def call():
    connection = http.client.HTTPSConnection(url.partition("//")[2])
    connection.request("GET", "/")
    body = json.load(connection.getresponse())
    connection.close()
    return body
""",
}
clients = pytest.mark.parametrize("client", CALLS)


@clients
def test_twelve_careless_calls_are_one_connection(run, nginx, authority, client):
    answers = run(CALLS[client], "result = [call() for _ in range(12)]", url=nginx, bundle=str(authority.bundle))
    assert {answer["connection"] for answer in answers} == {answers[0]["connection"]}
    assert [answer["number"] for answer in answers] == list(range(1, 13))


@clients
@pytest.mark.parametrize("nginx", [{"keepalive_requests": 4}], indirect=True)
def test_a_connection_that_nginx_ends_after_four_requests_is_followed_by_a_new_one(run, nginx, authority, client):
    answers = run(CALLS[client], "result = [call() for _ in range(12)]", url=nginx, bundle=str(authority.bundle))
    assert [answer["number"] for answer in answers] == [1, 2, 3, 4] * 3


@clients
@pytest.mark.parametrize("nginx", [{"keepalive_timeout": "1s"}], indirect=True)
def test_a_connection_that_nginx_closed_while_idle_costs_a_new_one_and_no_error(run, nginx, authority, client):
    """The snippet waits until the socket is readable, which an idle one is only when the peer has gone."""
    answers = run(
        CALLS[client],
        """
        import select
        from lambda_keepalive import transport
        first = call()
        [[connection]] = transport.pool._idle.values()
        select.select([connection.sock.fileno()], [], [], 30)
        result = [first, call(), call()]
        """,
        url=nginx,
        bundle=str(authority.bundle),
    )
    assert [answer["number"] for answer in answers] == [1, 1, 2]


@clients
@pytest.mark.parametrize("nginx", [{"keepalive_timeout": "30s 2s"}], indirect=True)
def test_the_hint_of_nginx_becomes_the_idle_limit_of_its_connections(run, nginx, authority, client):
    limit = run(
        CALLS[client],
        """
        from lambda_keepalive import transport
        call()
        [[connection]] = transport.pool._idle.values()
        result = connection.idle_timeout
        """,
        url=nginx,
        bundle=str(authority.bundle),
    )
    assert limit == 2.0
