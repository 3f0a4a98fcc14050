"""Careless functions, by every client and several of its patterns: twelve calls in four invocations, one connection.

Each client has one function, in a sandbox that is frozen between invocations. Each pattern has an origin of its own,
whose count decides. Async patterns run in a new event loop for each invocation, as handlers do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.clients.async_clients import most_connections
from tests.functions import careless, careless_async
from tests.local import Emulator
from tests.support.certificates import Authority
from tests.support.origin import Origin

INVOCATIONS = 4
CALLS = 3

FUNCTIONS = careless.FUNCTIONS | careless_async.FUNCTIONS

# What has to be installed, where it is not named like the client.
LIBRARIES = {"http.client": "http", "urllib.request": "urllib", "httpx, async": "httpx"}


@pytest.mark.parametrize("client", FUNCTIONS)
def test_twelve_calls_in_four_invocations_open_one_connection(
    sandbox: Callable[..., Emulator], built: Path, authority: Authority, tmp_path: Path, client: str
) -> None:
    pytest.importorskip(LIBRARIES.get(client, client))
    (tmp_path / "app.py").write_text(dedent(careless.HANDLER) + dedent(FUNCTIONS[client]))
    counts = {}
    with sandbox(tmp_path, built, {"HTTPLIB2_CA_CERTS": str(authority.bundle)}) as function:
        patterns = function.invoke({}).payload
        for pattern in patterns:
            with Origin(tls=authority) as origin:
                event = {"pattern": pattern, "url": origin.url_for("localhost"), "calls": CALLS}
                outcomes = [function.invoke(event) for _ in range(INVOCATIONS)]
                assert [outcome.error for outcome in outcomes] == [None] * INVOCATIONS
                counts[pattern] = (origin.received, origin.accepted)
        function.shutdown()
        assert [line for line in function.lines if line.emf is None] == []
    assert {pattern: received for pattern, (received, _) in counts.items()} == dict.fromkeys(
        patterns, INVOCATIONS * CALLS
    )
    most = most_connections(client)
    assert {pattern: accepted for pattern, (_, accepted) in counts.items() if accepted > most} == {}
