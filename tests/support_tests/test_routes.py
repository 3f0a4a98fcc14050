"""Every path of the origin does what its table in `routes` says."""

from __future__ import annotations

import gzip
import json
from http.client import BadStatusLine, HTTPConnection, IncompleteRead

import pytest

from tests.support.origin import Origin
from tests.support_tests.client import get

# Each as path, status, body.
KEPT = [
    ("/bytes/0", 200, b""),
    ("/bytes/12", 200, b"012345678901"),
    ("/chunked/0", 200, b""),
    ("/chunked/1001?trailer=1", 200, b"0123456789" * 100 + b"0"),
    ("/status/204", 204, b""),
    ("/status/304", 304, b""),
    ("/status/500", 500, b"{}"),
    ("/redirect/2", 302, b"elsewhere"),
    ("/redirect/2?status=307", 307, b"elsewhere"),
    ("/slow/1", 200, b"at last"),
    ("/continue", 200, b"after two interim responses"),
    ("/cookie?a=b", 200, b"set"),
    ("/keepalive-timeout/5", 200, b"for a while"),
    ("/http10?keep=1", 200, b"old"),
    ("/nowhere", 404, b'{"unknown path": "/nowhere"}'),
]

CLOSED = [
    ("/close", 200, b"goodbye"),
    ("/http10", 200, b"old"),
    ("/no-length", 200, b"until the end"),
    ("/silent-close", 200, b"see you"),
    ("/reset", 200, b"see you"),
    ("/early/413", 413, b"enough"),
]


@pytest.mark.parametrize(("path", "status", "body"), KEPT)
def test_answers_and_keeps_the_connection(
    origin: Origin, client: HTTPConnection, path: str, status: int, body: bytes
) -> None:
    assert get(client, path) == (status, body)
    assert json.loads(get(client, "/")[1]) == {"connection": 1, "number": 2}


@pytest.mark.parametrize(("path", "status", "body"), CLOSED)
def test_answers_and_closes_the_connection(
    origin: Origin, client: HTTPConnection, path: str, status: int, body: bytes
) -> None:
    assert get(client, path) == (status, body)
    origin.wait_for(lambda: origin.open == 0)


def test_announces_only_the_polite_close(origin: Origin, client: HTTPConnection) -> None:
    announced = {}
    for path in ("/close", "/silent-close"):
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        announced[path] = response.headers["Connection"]
        client.close()
    assert announced == {"/close": "close", "/silent-close": None}


def test_head_has_no_body(origin: Origin, client: HTTPConnection) -> None:
    for path in ("/bytes/5", "/chunked/5", "/"):
        assert get(client, path, "HEAD") == (200, b"")
    assert origin.accepted == 1


def test_fields_of_the_scripted_answers(origin: Origin, client: HTTPConnection) -> None:
    def fields(path: str) -> dict[str, str]:
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        return dict(response.headers)

    assert fields("/cookie?a=b")["Set-Cookie"] == "a=b; Path=/"
    assert fields("/keepalive-timeout/5")["Keep-Alive"] == "timeout=5"
    assert fields("/redirect/2")["Location"] == "/redirect/1?status=302"
    assert fields("/redirect/1")["Location"] == "/"
    assert fields("/redirect?to=http://other/")["Location"] == "http://other/"


def test_gzip_is_gzip(client: HTTPConnection) -> None:
    client.request("GET", "/gzip")
    response = client.getresponse()
    assert response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.read())) == {"packed": True}


def test_drop_answers_nothing(client: HTTPConnection) -> None:
    with pytest.raises(BadStatusLine):
        get(client, "/drop")


def test_truncated_sends_less_than_it_announced(client: HTTPConnection) -> None:
    with pytest.raises(IncompleteRead) as short:
        get(client, "/truncated")
    assert short.value.partial == b"only this"


def test_the_client_may_ask_for_the_close(origin: Origin, client: HTTPConnection) -> None:
    client.request("GET", "/", headers={"Connection": "close"})
    response = client.getresponse()
    response.read()
    assert response.headers["Connection"] == "close"
    origin.wait_for(lambda: origin.open == 0)
