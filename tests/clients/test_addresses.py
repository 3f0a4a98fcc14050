"""A name that leads somewhere else: connections to where it led before end, without a look-up of ours.

The host's name is answered by a stand-in below everything that the layer sees, `socket`'s own C function, so that
nothing of the layer is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Both addresses lead to the same origin, which tells connections apart by itself.
RESOLVER = """
    import _socket, socket, sys
    answers, look_ups = ["127.0.0.1"], []

    def answer(host, port, family=0, kind=0, *rest, genuine=_socket.getaddrinfo):
        if host not in ("host.test", b"host.test"):
            return genuine(host, port, family, kind, *rest)
        look_ups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port))) for address in answers]

    _socket.getaddrinfo = answer
"""
CLOCK = """
    import time
    genuine, skew = time.time, [0.0]
    time.time = lambda: genuine() + skew[0]
"""


AT_ONCE = """
    import threading

    def at_once(count):
        threads = [threading.Thread(target=fetch, args=(url,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
"""


@pytest.fixture
def everywhere() -> Iterator[Origin]:
    """An origin that all addresses of the loopback network lead to."""
    with Origin(host="0.0.0.0") as origin:
        yield origin


@pytest.mark.parametrize("client", CLIENTS)
def test_when_a_new_connection_shows_that_an_address_is_gone_the_idle_ones_to_it_end(
    run: Interpreter, everywhere: Origin, client: str
) -> None:
    code = """
        url = f"http://host.test:{port}/slow/300"
        fetch(url)
        answers[:] = ["127.0.0.2"]
        skew[0] += 61
        fetch(url)          # on the first connection: nobody looks the name up
        before = len(look_ups)
        at_once(2)          # one more is needed, and that is a look-up
        between = len(look_ups)
        from lambda_keepalive import lifecycle
        lifecycle.starting("id")
        at_once(2)
        result = [before, between]
    """
    assert run(RESOLVER, CLIENTS[client], CLOCK, AT_ONCE, code, port=everywhere.port) == [1, 2]
    assert everywhere.accepted == 3
    old, same, *rest = (request.connection_id for request in everywhere.requests)
    assert old == same
    assert old in rest[:2]
    assert old not in rest[2:]
    assert len({*rest[:2]} & {*rest[2:]}) == 1, "that to the new address is kept"


def test_a_name_that_gives_another_of_its_addresses_each_time_keeps_all_its_connections(
    run: Interpreter, everywhere: Origin
) -> None:
    code = """
        url = f"http://host.test:{port}/slow/300"
        for turn in range(3):
            answers[:] = [f"127.0.0.{turn + 1}"]
            skew[0] += 20
            at_once(turn + 1)
    """
    run(RESOLVER, CLIENTS["requests"], CLOCK, AT_ONCE, code, port=everywhere.port)
    assert (everywhere.received, everywhere.accepted) == (6, 3)
