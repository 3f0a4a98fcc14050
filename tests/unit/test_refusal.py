"""One test for each named rule by which a connection is never pooled."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection

import pytest
from lambda_keepalive import refusal
from lambda_keepalive.config import Config
from lambda_keepalive.refusal import is_known_class, refused_address, refused_socket


@pytest.mark.parametrize(
    ("host", "port", "verdict"),
    [("127.0.0.1", 9001, "runtime-api"), ("127.0.0.1", 9002, None), ("10.0.0.1", 9001, None)],
)
def test_runtime_api(host: str, port: int, verdict: str | None) -> None:
    settings = Config({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "KEEPALIVE_LOOPBACK": "1"})
    assert refused_address(host, port, settings) == verdict


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert refused_address(host, 80, Config({})) == "loopback"
    assert refused_address(host, 80, Config({"KEEPALIVE_LOOPBACK": "1"})) is None


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "12.7.0.1", "::2", "[::12]"])
def test_what_only_looks_like_loopback_is_pooled(host: str) -> None:
    assert refused_address(host, 80, Config({})) is None


def test_loopback_is_seen_on_the_socket_where_a_name_led_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        assert refused_socket(client, loopback=False) == "loopback"
        assert refused_socket(client, loopback=True) is None


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("db.internal", "excluded"),
        ("DB.Internal", "excluded"),
        ("a.b.internal", "excluded"),
        ("internal", None),
        ("exact.example", "excluded"),
        ("inexact.example", None),
    ],
)
def test_excluded(host: str, verdict: str | None) -> None:
    settings = Config({"KEEPALIVE_EXCLUDE_HOSTS": "*.internal, exact.example"})
    assert refused_address(host, 443, settings) == verdict


class Renamed(HTTPConnection):
    """Changes nothing about connecting."""

    def hello(self) -> None:
        pass


class Connecting(HTTPSConnection):
    def connect(self) -> None:
        pass


class Sending(HTTPConnection):
    def send(self, data: object) -> None:
        pass


@pytest.mark.parametrize(
    ("client", "known"),
    [(HTTPConnection, True), (HTTPSConnection, True), (Renamed, True), (Connecting, False), (Sending, False)],
)
def test_foreign_class(client: type, known: bool) -> None:
    assert is_known_class(client) is known
    assert is_known_class(client) is known


def test_a_wrapper_that_keeps_the_module_of_what_it_wraps_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    import functools

    class Traced(HTTPConnection):
        connect = functools.wraps(HTTPConnection.connect)(lambda self: None)

    assert is_known_class(Traced)


def test_foreign_socket() -> None:
    class Own(socket.socket):
        pass

    class Tls(ssl.SSLSocket):
        pass

    with Own() as own:
        assert refused_socket(own, loopback=True) == "foreign-socket"
    assert refused_socket(object(), loopback=True) == "foreign-socket"  # type: ignore[arg-type]


def test_a_unix_socket_has_no_address_to_refuse() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert refused_socket(ours, loopback=False) is None


def test_every_rule_of_the_table_has_a_test_of_its_name() -> None:
    rules = [line.split("|")[1].strip() for line in (refusal.__doc__ or "").splitlines() if line.startswith("| ")]
    for rule in rules:
        if rule not in ("rule", "---"):
            assert f"test_{rule.replace('-', '_')}" in globals(), rule
