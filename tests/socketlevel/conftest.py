"""Each file here is one story of a connection that failed while nobody looked.

The clients and the interpreter are those of tests/clients; `client` runs a story once for each of them.
"""

from __future__ import annotations

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.conftest import authority, origin, plain, run, tree
from tests.support.origin import Origin

__all__ = ["authority", "origin", "plain", "run", "tree"]


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """The snippet that defines `fetch` for one client."""
    return CLIENTS[request.param]


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest) -> Origin:
    """The same story over TCP and over TLS."""
    fixture = {"http": "plain", "https": "origin"}[request.param]
    server: Origin = request.getfixturevalue(fixture)
    return server


STORY = """
    # Two requests on one connection, the deed while it is idle, then one that must not be sent twice.
    result = [fetch(url + "/bytes/3"), fetch(url + "/bytes/3")]
    act("deed")
    result.append(fetch(url + "/bytes/3", "POST", b"once"))
    result.append(fetch(url + "/bytes/3"))
"""
ANSWERS = [[200, "012"]] * 4
