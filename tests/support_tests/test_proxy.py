"""The proxy tunnels and counts, and leaves nothing behind."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection, RemoteDisconnected

import pytest

from tests.support.certificates import Authority
from tests.support.origin import Origin
from tests.support.proxy import Proxy
from tests.support_tests.client import get


def test_tunnels_tls_to_where_the_client_says(authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    with Origin(tls=authority) as origin, Proxy() as proxy:
        with closing(HTTPSConnection("127.0.0.1", proxy.port, timeout=10, context=context)) as client:
            client.set_tunnel(origin.host, origin.port, {"Proxy-Authorization": "Basic eDp5"})
            assert json.loads(get(client, "/")[1]) == {"connection": 1, "number": 1}
            assert get(client, "/bytes/200000")[1].endswith(b"789")
        assert (proxy.accepted, origin.accepted, origin.received) == (1, 1, 2)
    (tunnel,) = proxy.tunnels
    assert tunnel.target == f"{origin.host}:{origin.port}"
    assert ("Proxy-Authorization", "Basic eDp5") in tunnel.headers


def test_a_fixed_upstream_serves_any_name() -> None:
    with (
        Origin() as origin,
        Proxy(upstream=(origin.host, origin.port)) as proxy,
        closing(HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as client,
    ):
        client.set_tunnel("no-resolver-knows.test", 80)
        assert get(client, "/bytes/3") == (200, b"012")
    assert proxy.tunnels[0].target == "no-resolver-knows.test:80"


def test_a_close_of_the_origin_reaches_the_client() -> None:
    with (
        Origin() as origin,
        Proxy() as proxy,
        closing(HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as client,
    ):
        client.set_tunnel(origin.host, origin.port)
        get(client, "/")
        assert origin.close_idle() == 1
        assert client.sock.recv(1) == b""


def test_refuses_what_is_no_tunnel() -> None:
    with Proxy() as proxy, closing(HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as client:
        assert get(client, "/")[0] == 405
    assert proxy.tunnels == []


def test_an_unreachable_target_ends_the_connection() -> None:
    with Origin() as origin:
        nobody = origin.port
    with Proxy() as proxy, closing(HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as client:
        client.set_tunnel("127.0.0.1", nobody)
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            get(client, "/")


def test_open_tunnels_end_with_the_proxy() -> None:
    before = set(threading.enumerate())
    with closing(HTTPConnection("127.0.0.1", timeout=10)) as client:
        with Origin() as origin, Proxy() as proxy:
            client.port = proxy.port
            client.set_tunnel(origin.host, origin.port)
            get(client, "/")
        assert set(threading.enumerate()) == before
