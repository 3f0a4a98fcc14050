"""A test can close, reset, half-close or disturb the idle connections, and only those."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.local.required import ROOT, require
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin
from tests.support_tests.client import connect, get


def test_close_idle_sends_a_fin(origin: Origin, client: HTTPConnection) -> None:
    get(client, "/")
    assert origin.close_idle() == 1
    assert origin.open == 0
    assert client.sock.recv(1) == b""


def test_close_idle_can_omit_close_notify(authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    with (
        Origin(tls=authority) as origin,
        socket.create_connection((origin.host, origin.port), timeout=10) as raw,
    ):
        wrapped = context.wrap_socket(raw, server_hostname=origin.host, suppress_ragged_eofs=False)
        with closing(wrapped) as client:
            client.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(1000)
            assert origin.close_idle(close_notify=False) == 1
            with pytest.raises(ssl.SSLEOFError):
                client.recv(1)


def test_reset_idle_sends_an_rst(origin: Origin, client: HTTPConnection) -> None:
    get(client, "/")
    assert origin.reset_idle() == 1
    with pytest.raises(ConnectionResetError):
        socket.socket.recv(client.sock, 1)  # below TLS, where OpenSSL may call an RST an end


def test_half_close_sends_a_fin_and_goes_on_reading(origin: Origin, client: HTTPConnection) -> None:
    get(client, "/")
    assert origin.half_close_idle() == 1
    assert origin.open == 1
    assert client.sock.recv(1) == b""
    client.close()
    origin.wait_for(lambda: origin.open == 0)


def test_ambush_resets_the_next_request_unread(plain: Origin, authority: Authority) -> None:
    with closing(connect(plain, authority)) as client:
        get(client, "/")
        assert plain.ambush_idle() == 1
        with pytest.raises(ConnectionResetError):
            get(client, "/")
    assert plain.received == 1


def test_a_vanished_connection_says_nothing_until_it_is_spoken_to(plain: Origin, authority: Authority) -> None:
    require(ROOT, "root, to close a connection without a packet")
    with closing(connect(plain, authority)) as client:
        get(client, "/")
        assert plain.vanish_idle() == 1
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
        client.sock.setblocking(True)
        client.sock.sendall(b"anybody there?")
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)


def test_surplus_arrives_on_an_idle_connection(origin: Origin, client: HTTPConnection) -> None:
    get(client, "/")
    assert origin.send_surplus(b"unasked") == 1
    assert client.sock.recv(100) == b"unasked"


def test_a_busy_connection_is_left_alone(plain: Origin, authority: Authority) -> None:
    entered, leave = threading.Event(), threading.Event()

    def answer(exchange: Exchange) -> None:
        entered.set()
        leave.wait(10)
        exchange.respond(200, b"undisturbed")

    plain.route("/busy", answer)
    with closing(connect(plain, authority)) as busy, closing(connect(plain, authority)) as idle:
        get(idle, "/")
        busy.request("GET", "/busy")
        entered.wait(10)
        assert plain.close_idle() == 1
        leave.set()
        assert busy.getresponse().read() == b"undisturbed"
