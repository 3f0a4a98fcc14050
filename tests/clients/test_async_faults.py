"""A fault in any function of ours that an async call comes by leaves the call working."""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.interpreter import Interpreter
from tests.clients.test_faults import INJECT, PATHS
from tests.support.origin import Origin

FETCH = """
    fetch_by = fetch

    async def twice(url):
        async with new() as client:
            return [await fetch_by(client, url), await fetch_by(client, url, "POST", b"x")]

    def fetch(url):
        return asyncio.run(twice(url))
"""


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_a_fault_in_any_of_our_functions_changes_no_answer(run: Interpreter, origin: Origin, client: str) -> None:
    count, wrong = run(ASYNC_CLIENTS[client], FETCH, INJECT, url=origin.url, paths=PATHS)
    assert wrong == {}
    assert count >= 50
