"""`ssl.create_default_context` may give out a context again that everybody has let go of: nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clients.interpreter import Interpreter

PREPARE = """
import gc, os, ssl, threading, weakref
from lambda_keepalive import spare_context

def context(**sources):
    return ssl.create_default_context(**sources)

made = 0
original = ssl.SSLContext.__new__

def counted(cls, *args, **kwargs):
    global made
    made += 1
    return original(cls, *args, **kwargs)

ssl.SSLContext.__new__ = staticmethod(counted)

def is_new(**sources):
    "Whether the next context had to be made."
    before = made
    context(**sources)
    return made > before
"""


@pytest.fixture
def with_layer(run: Interpreter, environ: dict[str, str]) -> Any:
    """Runs a snippet with the layer."""
    return lambda code, **names: run(PREPARE, code, environ=environ, options=("-W", "ignore"), **names)


def test_a_context_that_nobody_holds_is_given_out_again(with_layer: Any) -> None:
    code = """
        context()
        result = [is_new(), type(context()) is ssl.SSLContext, made]
    """
    assert with_layer(code) == [False, True, 1]


def test_no_context_has_two_owners(with_layer: Any) -> None:
    code = """
        held = [context() for _ in range(40)]
        taken = []
        def take():
            mine = []
            for _ in range(300):
                mine[:] = [context(), context()]
                taken.append(mine[0] is mine[1])
            last.extend(mine)
        last = []
        held.clear()
        threads = [threading.Thread(target=take) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        result = [any(taken), len(last), len({id(each) for each in last})]
    """
    assert with_layer(code) == [False, 16, 16]


def test_an_open_connection_holds_its_context(with_layer: Any) -> None:
    code = """
        import socket
        mine = context()
        ours, theirs = socket.socketpair()
        wrapped = mine.wrap_socket(ours, server_hostname="localhost", do_handshake_on_connect=False)
        del mine
        result = is_new()
        theirs.close()
        wrapped.close()
    """
    assert with_layer(code) is True


# What somebody may have done to a context before he let go of it.
DONE = {
    "verification off": "mine.check_hostname = False; mine.verify_mode = ssl.CERT_NONE",
    "host name unchecked": "mine.check_hostname = False",
    "flags": "mine.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF",
    "options": "mine.options |= ssl.OP_NO_TICKET",
    "old protocols": "mine.minimum_version = ssl.TLSVersion.TLSv1_3",
    "no new protocols": "mine.maximum_version = ssl.TLSVersion.TLSv1_2",
    "ciphers": "mine.set_ciphers('ECDHE+AESGCM')",
    "ALPN": "mine.set_alpn_protocols(['h2'])",
    "curve": "mine.set_ecdh_curve('prime256v1')",
    "another CA": "mine.load_verify_locations(bundle)",
    "client certificate": "mine.load_cert_chain(certificate)",
    "key log": "mine.keylog_filename = log",
    "message callback": "mine._msg_callback = lambda *_: None",
    "common name": "mine.hostname_checks_common_name = False",
    "attribute": "mine.mine = 1",
    "class of sockets": "mine.sslsocket_class = type('Mine', (ssl.SSLSocket,), {})",
    "class": "mine.__class__ = type('Mine', (ssl.SSLContext,), {})",
    "weak reference": "global reference; reference = weakref.ref(mine)",
}


@pytest.mark.parametrize("deed", DONE)
def test_a_context_that_was_changed_is_not_given_out_again(
    with_layer: Any, authority: Any, tmp_path: Path, deed: str
) -> None:
    if deed == "client certificate":
        authority.issue("localhost")
    certificate = next(iter(Path(authority.bundle).parent.glob("certificate-*.pem")), None)
    code = f"""
        def change():
            mine = context()
            {DONE[deed]}
        change()
        gc.collect()
        result = is_new()
    """
    names = {"bundle": str(authority.bundle), "certificate": str(certificate), "log": str(tmp_path / "log")}
    assert with_layer(code, **names) is True


# What decides what a new context is, and how it changes.
CIRCUMSTANCES = {
    "arguments": "sources['cafile'] = other",
    "file": "os.utime(bundle, ns=(1, 1))",
    "environment": "os.environ['SSL_CERT_FILE'] = other; sources.clear()",
    "key log": "os.environ['SSLKEYLOGFILE'] = other + '.log'",
}


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_under_other_circumstances_a_new_one_is_made(
    with_layer: Any, authority: Any, tmp_path: Path, circumstance: str
) -> None:
    bundle, other = tmp_path / "bundle.pem", tmp_path / "other.pem"
    bundle.write_bytes(Path(authority.bundle).read_bytes())
    other.write_bytes(Path(authority.bundle).read_bytes())
    code = f"""
        sources = {{"cafile": bundle}}
        context(**sources)
        same = is_new(**sources)
        {CIRCUMSTANCES[circumstance]}
        result = [same, is_new(**sources)]
    """
    assert with_layer(code, bundle=str(bundle), other=str(other)) == [False, True]


def test_contexts_of_many_kinds_are_not_hoarded(with_layer: Any, authority: Any) -> None:
    code = """
        text = open(bundle).read()
        for number in range(100):
            context(cadata=text + str(number))
        held = [context() for _ in range(100)]
        result = [len(spare_context._spares), max(len(kept) for kept in spare_context._spares.values())]
    """
    assert with_layer(code, bundle=str(authority.bundle)) == [8, 32]


def test_bad_arguments_raise_what_they_ever_raised(with_layer: Any) -> None:
    code = """
        result = []
        for arguments, sources in ((("x",), {}), ((), {"capfile": 1}), ((), {"cafile": "/no/such/file"})):
            try:
                ssl.create_default_context(*arguments, **sources)
            except Exception as error:
                result.append(type(error).__name__)
    """
    assert with_layer(code) == ["TypeError", "TypeError", "FileNotFoundError"]
