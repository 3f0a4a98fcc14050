"""A timeout belongs to its caller: it is in force on a kept connection, and never passed on with one."""

from __future__ import annotations

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

NAMES = {
    "http.client": "TimeoutError",
    "urlopen": "TimeoutError",
    "urllib3": "ReadTimeoutError",
    "requests": "ReadTimeout",
    "httpx": "ReadTimeout",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_kept_connection_times_out_when_its_new_caller_says(run: Interpreter, plain: Origin, client: str) -> None:
    code = """
        result = [fetch(url + "/bytes/3", timeout=60)]
        result.append(fetch(url + "/slow/30000", timeout=0.2))
        result.append(fetch(url + "/bytes/3", timeout=60))
    """
    assert run(CLIENTS[client], code, url=plain.url) == [[200, "012"], NAMES[client], [200, "012"]]
    assert plain.requests[1].connection_id == plain.requests[0].connection_id
    assert plain.requests[2].connection_id != plain.requests[0].connection_id


def test_http_client_and_urlopen_use_the_timeout_of_the_call(run: Interpreter, origin: Origin) -> None:
    code = """
        import socket
        from http.client import HTTPSConnection
        from urllib.request import urlopen

        def seen(response):
            timeout = response.fp.raw._sock.gettimeout()
            response.read()
            return timeout

        def by_connection(**options):
            connection = HTTPSConnection(url.partition("//")[2], **options)
            connection.request("GET", "/bytes/3")
            timeout = seen(connection.getresponse())
            connection.close()
            return timeout

        result = []
        for timeout in (60, None, 30.5):
            result += [by_connection(timeout=timeout), seen(urlopen(url, timeout=timeout))]
        result += [by_connection(), seen(urlopen(url))]
        socket.setdefaulttimeout(45)
        result += [by_connection(), seen(urlopen(url))]
    """
    assert run(code, url=origin.url) == [60, 60, None, None, 30.5, 30.5, None, None, 45, 45]
    assert origin.accepted == 1


@pytest.mark.parametrize("library", ["urllib3", "requests"])
def test_urllib3_and_requests_use_the_timeout_of_the_call(run: Interpreter, origin: Origin, library: str) -> None:
    code = """
        import requests, urllib3

        def seen(timeout):
            if library == "requests":
                raw = requests.get(url, stream=True, timeout=timeout).raw
            else:
                timeout = urllib3.Timeout(*timeout) if isinstance(timeout, tuple) else timeout
                raw = urllib3.PoolManager().request("GET", url, preload_content=False, timeout=timeout)
            value = raw._original_response.fp.raw._sock.gettimeout()
            raw.read()
            return value

        result = [seen(timeout) for timeout in (60, None, 30.5, (5, 50))]
    """
    assert run(code, url=origin.url, library=library)[:3] == [60, None, 30.5]
    assert origin.accepted == 1


def test_looking_for_a_stale_connection_leaves_no_timeout_behind(run: Interpreter, origin: Origin) -> None:
    """The probe of a TLS connection on which something waits reads without blocking; here it is session tickets."""
    code = """
        import ssl
        from http.client import HTTPSConnection

        def call():
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/slow/20")  # longer than any wait at zero
            body = connection.getresponse().read().decode()
            connection.close()
            return body

        result = [call() for _ in range(4)]
    """
    assert run(code, url=origin.url) == ["at last"] * 4
    assert origin.accepted == 1
