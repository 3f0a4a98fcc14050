"""The origin at the level of bytes: what it sends, and what it makes of what it is sent."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.support.origin import Exchange, Origin
from tests.support_tests.client import exchange_bytes, get


def test_expect_100_continue_is_answered_before_the_body(plain: Origin) -> None:
    with closing(socket.create_connection((plain.host, plain.port), timeout=10)) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_early_answers_before_the_body_without_100(plain: Origin) -> None:
    head = b"POST /early/413 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    assert exchange_bytes(plain, head).startswith(b"HTTP/1.1 413 Content Too Large\r\n")


def test_early_survives_a_client_that_goes_on_sending(origin: Origin, client: HTTPConnection) -> None:
    """The lingering close lets the response arrive although megabytes follow it."""
    client.request("POST", "/early/413", body=b"x" * 3_000_000)
    assert client.getresponse().read() == b"enough"


def test_early_may_keep_the_connection(origin: Origin, client: HTTPConnection) -> None:
    client.request("POST", "/early/413?keep=1", body=b"x" * 100_000)
    assert client.getresponse().read() == b"enough"
    assert json.loads(get(client, "/")[1])["connection"] == 1


def test_surplus_arrives_with_the_response(plain: Origin) -> None:
    answer = exchange_bytes(plain, b"GET /surplus HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\npoison")


@pytest.mark.parametrize("garbage", [b"what\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"x" * 40_000])
def test_garbage_is_refused(plain: Origin, garbage: bytes) -> None:
    assert exchange_bytes(plain, garbage).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert plain.received == 0


def test_a_route_of_the_test_has_the_wire_to_itself(plain: Origin) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(b"anything at all")
        exchange.hang_up()

    plain.route("/mine", answer)
    assert exchange_bytes(plain, b"GET /mine HTTP/1.1\r\nHost: a\r\n\r\n") == b"anything at all"


def test_a_proxys_target_finds_its_route(plain: Origin) -> None:
    answer = exchange_bytes(plain, b"GET http://other.test/bytes/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n012")
    assert plain.requests[0].target == "http://other.test/bytes/3"
