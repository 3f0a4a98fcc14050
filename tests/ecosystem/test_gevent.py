"""gevent puts its own sockets, locks and queues where the standard library's were: they are shared as those are."""

from __future__ import annotations

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

GREENLETS = 5

PATCHED = """
    from gevent import joinall, monkey, spawn
    monkey.patch_all()
"""
CALLS = """
    spawned = [spawn(fetch, url + "/bytes/3") for _ in range(greenlets)]
    joinall(spawned, raise_error=True)
    result = [greenlet.value for greenlet in spawned] + [fetch(url + "/bytes/3") for _ in range(greenlets)]
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_greenlets_share_connections_one_after_the_other(run: Interpreter, origin: Origin, client: str) -> None:
    answers = run(PATCHED, CLIENTS[client], CALLS, url=origin.url, greenlets=GREENLETS)
    assert answers == [[200, "012"]] * (2 * GREENLETS)
    assert origin.accepted <= GREENLETS
    assert origin.received == 2 * GREENLETS
