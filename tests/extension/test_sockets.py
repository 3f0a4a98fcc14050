"""The socket states in a line, in a network where nothing else has sockets."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack

from tests.extension.conftest import Start
from tests.extension.network import own_network
from tests.extension.process import Extension
from tests.extension.record import small


def states(extension: Extension) -> tuple[int, int, int]:
    """Established, time-wait and close-wait as the next line has them."""
    extension.write(small("a"))
    line = json.loads(extension.line())
    return line["SocketsEstablished"], line["SocketsTimeWait"], line["SocketsCloseWait"]


def connect(stack: ExitStack, family: socket.AddressFamily, host: str) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection; the first is the client's."""
    with socket.create_server((host, 0), family=family) as listener:
        client = stack.enter_context(socket.create_connection(listener.getsockname()[:2]))
        server, _ = listener.accept()
        return client, stack.enter_context(server)


@own_network
def test_sockets_are_counted_by_state(start: Start) -> None:
    """Both ends are in this network, so each connection counts twice."""
    extension = start(KEEPALIVE_METRICS="all").ready()
    assert states(extension) == (0, 0, 0)  # the connections to the Extensions API are not the function's
    with ExitStack() as stack:
        connections = [connect(stack, socket.AF_INET, "127.0.0.1") for _ in range(40)]
        assert states(extension) == (80, 0, 0)
        assert states(extension) == (80, 0, 0)  # nothing changed: the counts are kept
        for client, server in connections[:3]:
            client.close()
            server.close()
        assert states(extension) == (74, 3, 0)


@own_network
def test_sockets_of_ipv6_are_counted_too(start: Start) -> None:
    extension = start(KEEPALIVE_METRICS="all").ready()
    with ExitStack() as stack:
        connect(stack, socket.AF_INET6, "::1")
        assert states(extension) == (2, 0, 0)


@own_network
def test_connection_that_the_peer_has_closed_is_told_apart(start: Start) -> None:
    """The leak that a dashboard should show: closed by the server, still held by the function."""
    extension = start(KEEPALIVE_METRICS="all").ready()
    with ExitStack() as stack:
        _, server = connect(stack, socket.AF_INET, "127.0.0.1")
        server.close()
        connect(stack, socket.AF_INET, "127.0.0.1")  # makes the summary change
        assert states(extension) == (2, 0, 1)
