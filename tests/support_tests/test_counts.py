"""What the origin counts is what happened."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection

import pytest

from tests.support.certificates import Authority
from tests.support.origin import Client, Origin
from tests.support_tests.client import connect, get


def test_counts_connections_and_requests(origin: Origin, authority: Authority, client: HTTPConnection) -> None:
    for number in (1, 2, 3):
        assert json.loads(get(client, "/")[1]) == {"connection": 1, "number": number}
    with closing(connect(origin, authority)) as other:
        assert json.loads(get(other, "/")[1]) == {"connection": 2, "number": 1}
    assert origin.accepted == 2
    assert origin.received == 4
    assert origin.handshakes == (2 if origin.url.startswith("https") else 0)
    assert [(r.connection_id, r.number_on_connection) for r in origin.requests] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
    ]


def test_a_connection_counts_before_it_sends_a_request(origin: Origin) -> None:
    with closing(socket.create_connection((origin.host, origin.port))):
        origin.wait_for(lambda: origin.accepted == 1)
    assert origin.requests == []


def test_reset_starts_from_zero_and_keeps_connections(origin: Origin, client: HTTPConnection) -> None:
    get(client, "/")
    origin.reset()
    get(client, "/")
    assert (origin.accepted, origin.received, origin.open) == (0, 1, 1)


def test_wait_for_gives_up(origin: Origin) -> None:
    with pytest.raises(TimeoutError, match="accepted 0"):
        origin.wait_for(lambda: origin.accepted == 1, timeout=0.01)


def test_requests_hold_what_arrived(origin: Origin, client: HTTPConnection) -> None:
    client.request("POST", "/echo?a=1", body=iter([b"two ", b"chunks"]), headers={"X-One": "1"}, encode_chunked=True)
    echoed = json.loads(client.getresponse().read())
    (request,) = origin.requests
    assert (request.method, request.path, request.query) == ("POST", "/echo", {"a": "1"})
    assert request.body == b"two chunks"
    assert request.header("x-one") == "1"
    assert [tuple(header) for header in echoed["headers"]] == request.headers


def test_a_client_that_leaves_in_the_middle_of_a_body_made_no_request(origin: Origin, client: HTTPConnection) -> None:
    client.putrequest("POST", "/")
    client.putheader("Content-Length", "10")
    client.endheaders(b"half")
    origin.wait_for(lambda: origin.accepted == 1)
    client.close()
    origin.wait_for(lambda: origin.open == 0)
    assert origin.received == 0


def test_clients_are_known_by_address_server_name_certificate_and_protocol(authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.load_cert_chain(authority.issue("ann.test", "anna.test").path)
    with Origin(tls=authority, client_authority=authority) as origin:
        for host in ("localhost", "127.0.0.1"):
            with closing(
                HTTPSConnection(host, origin.port, source_address=("127.0.0.2", 0), context=context)
            ) as client:
                get(client, "/")
        named, unnamed = origin.clients[1], origin.clients[2]
    assert named == Client("127.0.0.2", "localhost", ("ann.test", "anna.test"), "TLSv1.3")
    assert unnamed.server_name is None
