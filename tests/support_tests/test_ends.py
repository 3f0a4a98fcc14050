"""TLS as the test wants it, other addresses, a process of its own, and nothing left at the end."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from http.client import BadStatusLine, HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.origin import Origin, OriginProcess
from tests.support_tests.client import connect, get


def test_mutual_tls_wants_a_client_certificate(authority: Authority, tmp_path: Path) -> None:
    clients = Authority(tmp_path / "clients")
    with Origin(tls=authority, client_authority=clients) as origin:
        context = ssl.create_default_context(cafile=str(authority.bundle))
        with closing(HTTPSConnection(origin.host, origin.port, timeout=10, context=context)) as client:
            with pytest.raises((ssl.SSLError, ConnectionError, BadStatusLine)):
                get(client, "/")
            client.close()
            context.load_cert_chain(clients.issue("a-client.test").path)
            assert get(client, "/")[0] == 200
    assert origin.handshakes == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_offered_tls_versions_are_chosen(authority: Authority, version: ssl.TLSVersion) -> None:
    with (
        Origin(tls=authority, minimum_tls=version, maximum_tls=version) as origin,
        closing(connect(origin, authority)) as client,
    ):
        get(client, "/")
        assert isinstance(client.sock, ssl.SSLSocket)
        assert client.sock.version() == version.name.replace("_", ".")


def test_a_bundle_can_hold_other_roots_too(authority: Authority, tmp_path: Path) -> None:
    bundle = authority.bundle_with(Authority(tmp_path).bundle)
    assert len(ssl.create_default_context(cafile=str(bundle)).get_ca_certs()) == 2


def test_serves_on_ipv6() -> None:
    with Origin(host="::1") as origin, closing(HTTPConnection("::1", origin.port, timeout=10)) as client:
        assert origin.url == f"http://[::1]:{origin.port}"
        assert get(client, "/")[0] == 200


def test_nothing_is_left_at_the_end(authority: Authority) -> None:
    """Threads end although a connection is open, one is in a handler and one never finished its handshake."""
    before = set(threading.enumerate())
    with (
        closing(socket.socket()) as silent,
        Origin(tls=authority) as origin,
        closing(connect(origin, authority)) as idle,
        closing(connect(origin, authority)) as waiting,
    ):
        silent.connect((origin.host, origin.port))
        get(idle, "/")
        waiting.request("GET", "/slow/100000")
        origin.wait_for(lambda: origin.received == 2)
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("plain", [False, True])
def test_serves_as_a_process_of_its_own(tmp_path: Path, plain: bool) -> None:
    with OriginProcess(tmp_path, plain=plain) as origin:
        host, port = origin.url.partition("://")[2].split(":")
        if plain:
            client = HTTPConnection(host, int(port), timeout=10)
        else:
            client = HTTPSConnection(
                host, int(port), timeout=10, context=ssl.create_default_context(cafile=origin.bundle)
            )
        with closing(client):
            get(client, "/")
            get(client, "/")
            assert origin.counts() == {"accepted": 1, "handshakes": int(not plain), "requests": 2, "open": 1}
            origin.reset()
            assert origin.counts()["requests"] == 0
            assert origin.close_idle() == 1
            assert origin.counts()["open"] == 0
