"""Where the client libraries' own tests see that the layer is there, what their users see (tests/suites/known.toml)."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

PREPARE = """
    import warnings
    from http.client import HTTPConnection
    from urllib.parse import urlsplit
    from urllib.request import urlopen

    import requests
    import urllib3
"""

# Each defines `leave(url)`: makes a call and closes its response without reading it, with everything still referred to.
CLOSED_UNREAD = {
    "requests": """
        def leave(url):
            kept.append(requests.Session())
            kept.append(kept[-1].get(url, stream=True))
            kept[-1].close()
    """,
    "urllib3": """
        def leave(url):
            kept.append(urllib3.PoolManager())
            kept.append(kept[-1].request("GET", url, preload_content=False))
            kept[-1].close()
    """,
    "urlopen": """
        def leave(url):
            kept.append(urlopen(url))
            kept[-1].close()
    """,
    "http.client": """
        def leave(url):
            connection = HTTPConnection(urlsplit(url).netloc)
            connection.request("GET", urlsplit(url).path)
            kept.append(connection.getresponse())
            connection.close()
            kept[-1].close()
            kept.append(connection)
    """,
}
LEAVE = """
    kept = []
    leave(url)
    act("wait")
"""


@pytest.mark.parametrize("client", CLOSED_UNREAD)
def test_closing_an_unread_response_reaches_the_server(run: Interpreter, plain: Origin, client: str) -> None:
    """The server learns at once, from a FIN or RST, that nobody wants the rest. Found by urllib3's
    test_closing_response_actually_closes_connection, whose body is empty."""
    # Larger than every buffer on the way, so that the server cannot have got rid of it.
    url = f"{plain.url}/bytes/8000000"
    run(PREPARE, CLOSED_UNREAD[client], LEAVE, url=url, acts={"wait": lambda: plain.wait_for(lambda: plain.open == 0)})
    assert plain.accepted == 1


@pytest.mark.parametrize("client", CLOSED_UNREAD)
def test_closing_a_response_without_a_body_keeps_the_connection(run: Interpreter, plain: Origin, client: str) -> None:
    """Where nothing is to be read the exchange is over, read or not: the same test of urllib3's sees a connection that
    stays open."""
    run(PREPARE, CLOSED_UNREAD[client], "kept = []; leave(url); leave(url)", url=f"{plain.url}/bytes/0")
    assert plain.accepted == 1


@pytest.mark.parametrize("pool", ["requests", "urllib3"])
def test_each_unverified_request_warns(run: Interpreter, origin: Origin, pool: str) -> None:
    """InsecureRequestWarning belongs to the request, so a reused connection does not silence it, while urllib3's
    warnings about the handshake (test_ssl_wrong_system_time) are given once for each connection."""
    call = {
        "requests": "requests.get(url, verify=False)",
        "urllib3": "urllib3.PoolManager(cert_reqs='CERT_NONE').request('GET', url)",
    }[pool]
    code = f"""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                {call}
        result = [warning.category.__name__ for warning in caught]
    """
    assert run(PREPARE, code, url=origin.url) == ["InsecureRequestWarning"] * 3
    assert origin.accepted == 1


def test_a_local_server_learns_that_its_client_closed(run: Interpreter, plain: Origin) -> None:
    """Servers that serve one connection at a time do nothing else before the client has closed it (test_xmlrpc), and
    they are local ones, which are not pooled unless KEEPALIVE_LOOPBACK=1."""
    code = """
        connection = HTTPConnection(urlsplit(url).netloc)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
        act("wait")
    """
    acts = {"wait": lambda: plain.wait_for(lambda: plain.open == 0)}
    run(PREPARE, code, url=plain.url, environ={"KEEPALIVE_LOOPBACK": "0"}, acts=acts)
