"""The isolation matrix: in one process, calls with every setting in turn; no connection ever serves two of them.

All pairs of settings meet, since whatever is idle when a call connects could be taken for it by mistake. What
`tests/clients/callers` says a client cannot express is no cell of its row.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import certifi
import pytest

from tests.clients.callers import CALLERS, CANNOT
from tests.clients.conftest import ROOT, needs
from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Origin
from tests.support.proxy import Proxy

NAME = "localhost"
OTHER_NAME = "service.test"

Settings = dict[str, Any]


class World:
    """Servers that differ in whom they are and whom they let in, two proxies, and what a client needs to tell them
    apart."""

    def __init__(self, stack: ExitStack, authority: Authority, directory: Path) -> None:
        other = Authority(directory / "other")
        names = (NAME, OTHER_NAME, "127.0.0.1")
        self.origin = Origin(tls=authority, names=names, client_authority=authority)
        self.stranger = Origin(tls=other, names=names)
        self.old = Origin(tls=authority, names=names, maximum_tls=ssl.TLSVersion.TLSv1_2)
        self.demanding = Origin(tls=authority, names=names, client_authority=authority)
        assert self.origin.tls_context is not None
        self.origin.tls_context.verify_mode = ssl.CERT_OPTIONAL
        self.proxy, self.other_proxy = Proxy(), Proxy()
        for server in (self.origin, self.stranger, self.old, self.demanding, self.proxy, self.other_proxy):
            stack.enter_context(server)
        # As large as those of real programs, which are not loaded before a chain needs a part of them.
        self.bundle = str(authority.bundle_with(certifi.where()))
        self.copy = str(shutil.copy(self.bundle, directory / "copy.pem"))
        self.other = str(other.bundle_with(certifi.where()))
        self.environ = {
            **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "HTTPLIB2_CA_CERTS"), self.bundle),
            "KEEPALIVE_RUNTIME_DIR": str(directory / "runtime"),
            # Room for an idle connection of each setting, so that it is there to be taken by mistake.
            "KEEPALIVE_MAX_IDLE_PER_HOST": "100",
            "PYTHONPATH": str(ROOT),
        }
        self.ann, self.bob = (str(authority.issue(name).path) for name in ("ann.test", "bob.test"))
        self.mallory = str(other.issue("mallory.test").path)

    def fingerprint(self) -> str:
        pem = ssl.get_server_certificate((self.origin.host, self.origin.port))
        self.origin.reset()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def allowed(self) -> dict[str, Settings]:
        """Settings by which the origin and its client agree; each needs a connection of its own."""
        return {
            "none": {},
            "host as dialled": {"url": self.origin.url},
            "verify off": {"verify": False},
            "CA": {"ca": self.copy},
            "client certificate": {"certificate": self.ann},
            "other client certificate": {"certificate": self.bob},
            "server name": {"server_name": OTHER_NAME},
            "fingerprint": {"fingerprint": self.fingerprint()},
            "proxy": {"proxy": self.proxy.url},
            "other proxy": {"proxy": self.other_proxy.url},
            "proxy, verify off": {"proxy": self.proxy.url, "verify": False},
            "proxy, client certificate": {"proxy": self.proxy.url, "certificate": self.ann},
            "source address": {"source": "127.0.0.2"},
            "other source address": {"source": "127.0.0.3"},
            "source address, verify off": {"source": "127.0.0.2", "verify": False},
            "TLS minimum version": {"minimum_tls": "TLSv1_3"},
            "socket options": {"socket_options": [[socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1]]},
        }

    def permissive(self) -> dict[str, Settings]:
        """Calls that succeed, and leave a connection that their counterparts in `forbidden` must not get."""
        return {
            "none": {},
            "verify off": {"verify": False},
            "CA": {"ca": self.copy},
            "fingerprint": {"fingerprint": self.fingerprint()},
            "proxy": {"proxy": self.proxy.url},
            "proxy, verify off": {"proxy": self.proxy.url, "verify": False},
            "a stranger, verify off": {"url": self.stranger.url_for(NAME), "verify": False},
            "a stranger, trusted": {"url": self.stranger.url_for(NAME), "ca": self.other},
            "TLS 1.2": {"url": self.old.url_for(NAME)},
            "TLS 1.2, verify off": {"url": self.old.url_for(NAME), "verify": False},
            "client certificate": {"url": self.demanding.url_for(NAME), "certificate": self.ann},
        }

    def forbidden(self) -> dict[str, Settings]:
        """Calls that one side must refuse, whatever is open already."""
        return {
            "other CA": {"ca": self.other},
            "wrong fingerprint": {"fingerprint": "aa" * 32},
            "wrong server name": {"server_name": "elsewhere.test"},
            "other CA, proxy": {"proxy": self.proxy.url, "ca": self.other},
            "a stranger": {"url": self.stranger.url_for(NAME)},
            "a stranger, CA": {"url": self.stranger.url_for(NAME), "ca": self.copy},
            "TLS 1.3 at least": {"url": self.old.url_for(NAME), "minimum_tls": "TLSv1_3"},
            "no client certificate": {"url": self.demanding.url_for(NAME)},
            "client certificate of others": {"url": self.demanding.url_for(NAME), "certificate": self.mallory},
        }

    def row(self, client: str, cells: dict[str, Settings]) -> dict[str, Settings]:
        """The cells that this client can express; those without a URL call the origin."""
        return {
            name: {"url": self.origin.url_for(NAME), **settings}
            for name, settings in cells.items()
            if not any((client, setting) in CANNOT for setting in settings)
        }


@pytest.fixture
def world(authority: Authority, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, authority, tmp_path)


CALL = """
    import warnings
    from tests.clients.callers.{client} import call

    warnings.simplefilter("ignore")  # unverified calls warn

    def outcome(settings):
        if "socket_options" in settings:
            settings["socket_options"] = [tuple(option) for option in settings["socket_options"]]
        try:
            call(**settings)
            return "answered"
        except Exception as error:
            chain = type(error).__name__
            while error := error.__cause__ or error.__context__:
                chain += " from " + type(error).__name__
            # What clients call it if a certificate is not to their liking, or the server does not like theirs.
            refusals = "SSL", "Certificate", "Fingerprint", "ConnectionReset", "BrokenPipe", "ClientOSError"
            return "refused" if any(word in chain for word in refusals) else chain

    result = [outcome(settings) for settings in calls]
"""


def outcomes(run: Interpreter, world: World, client: str, calls: list[Settings]) -> list[str]:
    """What came of each call, all made in one process: `answered`, `refused`, or another error by its name."""
    needs(client)
    return list(run(CALL.format(client=client), calls=calls, environ=world.environ))


@pytest.mark.parametrize("client", CALLERS)
def test_each_setting_has_a_connection_of_its_own_and_keeps_it(run: Interpreter, world: World, client: str) -> None:
    row = world.row(client, world.allowed())
    order = [*row, *reversed(row), *row]
    answers = outcomes(run, world, client, [row[name] for name in order])
    assert list(zip(order, answers, strict=True)) == [(name, "answered") for name in order]
    used: dict[str, set[int]] = {name: set() for name in row}
    for name, request in zip(order, world.origin.requests, strict=True):
        used[name].add(request.connection_id)
    assert {name: len(connections) for name, connections in used.items()} == dict.fromkeys(row, 1)
    assert world.origin.accepted == len(row)

    seen = {name: world.origin.clients[connection] for name, (connection,) in used.items()}
    for name, settings in row.items():
        certificate = {world.ann: ("ann.test",), world.bob: ("bob.test",), None: ()}[settings.get("certificate")]
        assert (name, seen[name].certificate) == (name, certificate)
        assert (name, seen[name].address) == (name, settings.get("source", "127.0.0.1"))
        if "server_name" in settings:
            assert seen[name].server_name == OTHER_NAME
    assert world.proxy.accepted == len([name for name in row if row[name].get("proxy") == world.proxy.url])


@pytest.mark.parametrize("client", CALLERS)
def test_what_must_be_refused_is_refused_beside_any_open_connection(
    run: Interpreter, world: World, client: str
) -> None:
    permissive, forbidden = (world.row(client, cells) for cells in (world.permissive(), world.forbidden()))
    calls = [*permissive.items(), *forbidden.items()] * 2
    answers = outcomes(run, world, client, [settings for _, settings in calls])
    expected = dict.fromkeys(permissive, "answered") | dict.fromkeys(forbidden, "refused")
    assert [(name, answer) for (name, _), answer in zip(calls, answers, strict=True)] == [
        (name, expected[name]) for name, _ in calls
    ]
    servers = world.origin, world.stranger, world.old, world.demanding
    assert sum(server.received for server in servers) == 2 * len(permissive)
