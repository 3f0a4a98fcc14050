"""What starting costs, as lists that cannot be noisy: modules imported, paths left behind; `make bench` has times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter

OURS = {
    "lambda_keepalive",
    "lambda_keepalive.boot",
    "lambda_keepalive.config",
    "lambda_keepalive.guard",
    "lambda_keepalive.hooks",
    "lambda_keepalive.patches",
    "lambda_keepalive.patching",
    "sitecustomize",
}

MODULES = "import sys; result = sorted(sys.modules)"


def test_starting_imports_our_starters_and_nothing_else(run: Interpreter) -> None:
    bare = set(run(MODULES, layer=False, options=("-S",), environ={}))
    with_site = set(run(MODULES, layer=False))
    ours = set(run(MODULES))
    assert ours - with_site == OURS
    # What `site` and the test's own prelude import is not ours to forbid; this is.
    forbidden = {"ssl", "socket", "http.client", "asyncio", "logging", "inspect", "typing", "re", "threading", "wrapt"}
    assert forbidden & ours <= forbidden & (with_site | bare)


@pytest.mark.parametrize("switch", [{"KEEPALIVE_ENABLED": "0"}, {"KEEPALIVE_MODE": "off"}])
def test_switched_off_it_awaits_no_module(run: Interpreter, switch: dict[str, str]) -> None:
    code = """
        import sys
        import http.client, ssl
        from lambda_keepalive import hooks, patching
        result = [patching.applied(), hooks._finder in sys.meta_path]
    """
    assert run(code, environ=switch) == [[], False]


def test_path_and_environment_are_as_without_the_layer(run: Interpreter, tmp_path: Path) -> None:
    code = "import os, sys; result = [sys.path, os.environ.get('PYTHONPATH')]"
    assert run(code) == run(code, layer=False)
    own = {"PYTHONPATH": os.pathsep.join([str(tmp_path), "/nowhere"])}
    assert run(code, environ=own) == run(code, layer=False, environ=own)


def test_an_empty_entry_of_pythonpath_stays_one(run: Interpreter, tree: Path) -> None:
    """`PYTHONPATH=a:` names the current directory too (using/cmdline.html)."""
    code = "import os; result = os.environ.get('PYTHONPATH')"
    assert run(code, environ={"PYTHONPATH": "/nowhere:"}) == "/nowhere:"


@pytest.mark.parametrize(
    ("imports", "patched"),
    [
        ("json, os", []),
        ("ssl", ["socket", "ssl_context"]),
        ("http.client", ["http_client", "socket", "ssl_context"]),
        ("urllib.request", ["http_client", "socket", "ssl_context", "urllib_request"]),
        ("urllib3", ["http_client", "socket", "ssl_context", "urllib3"]),
        ("requests", ["http_client", "socket", "ssl_context", "urllib3", "urllib_request"]),
    ],
)
def test_a_patch_is_loaded_when_its_client_is(run: Interpreter, imports: str, patched: list[str]) -> None:
    code = f"""
        import {imports}
        import sys
        prefix = "lambda_keepalive.patches."
        result = sorted(name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix))
    """
    loaded = run(code)
    assert set(patched) <= set(loaded)
    if imports not in ("urllib3", "requests"):  # whose own imports differ by version
        assert loaded == patched


@pytest.mark.parametrize(
    ("clients", "patched"),
    [
        (
            "urllib3",
            {"socket", "ssl", "http.client", "urllib3.connection", "urllib3.connectionpool", "requests.sessions"},
        ),
        ("-urllib3,-boto3", {"socket", "ssl", "http.client", "urllib.request"}),
        ("http.client", {"socket", "ssl", "http.client"}),
    ],
)
def test_only_the_chosen_clients_are_patched(run: Interpreter, clients: str, patched: set[str]) -> None:
    code = """
        import requests, urllib.request
        from lambda_keepalive import patching
        result = sorted({owner.__name__ if type(owner) is type(json) else owner.__module__
                         for owner, *_ in patching._applied})
    """
    assert set(run(code, environ={"KEEPALIVE_CLIENTS": clients})) - {"urllib.request"} == patched - {"urllib.request"}


def test_undoing_everything_leaves_the_libraries_as_they_were(run: Interpreter) -> None:
    code = """
        import http.client, requests, ssl, urllib.request, urllib3
        import urllib3.connectionpool
        from lambda_keepalive import patching

        def attributes():
            owners = [
                http.client, http.client.HTTPConnection, http.client.HTTPSConnection, http.client.HTTPResponse,
                ssl.SSLContext, urllib.request, urllib.request.AbstractHTTPHandler, urllib3.connectionpool,
                urllib3.connection.HTTPConnection, urllib3.connection.HTTPSConnection,
                urllib3.connectionpool.HTTPConnectionPool,
            ]
            return [
                f"{owner.__name__}.{name}"
                for owner in owners
                for name, value in vars(owner).items()
                if "keepalive" in name or "lambda_keepalive" in str(getattr(value, "__globals__", {}).get("__name__"))
            ]

        before = len(attributes())
        patching.undo()
        result = [before > 10, attributes()]
    """
    assert run(code) == [True, []]
