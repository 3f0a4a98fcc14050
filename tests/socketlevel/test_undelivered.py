"""A POST crosses its server's goodbye on a slow line: it is sent again if, and only if, no program has got it.

What the server does is done by its end of a bare TCP connection; the client is asked what its kernel can prove.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from lambda_keepalive.pool import autopsy

from tests.local.delay import DelayLine
from tests.local.required import ROOT, require

# One way, in seconds: long enough for both ends to act before they hear of each other, on a busy machine.
DELAY = 0.05
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", b"body"


@pytest.fixture(scope="module")
def line() -> Iterator[DelayLine]:
    require(ROOT, "root, to make network namespaces")
    with DelayLine(DELAY) as made:
        yield made


def read(peer: socket.socket) -> None:
    received = b""
    while len(received) < sum(map(len, REQUEST)):
        received += peer.recv(1000)


def half_close(peer: socket.socket) -> None:
    peer.shutdown(socket.SHUT_WR)


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


Deed = Callable[[socket.socket], None]
CLOSE: Deed = socket.socket.close
# The server's deeds, the first of them when the client sends, and whether they leave a proof.
STORIES: dict[str, tuple[tuple[Deed, ...], bool]] = {
    "it closes": ((CLOSE,), True),
    "it reads and closes": ((read, CLOSE), False),
    "it reads and resets": ((read, reset), False),
    "it resets": ((reset,), False),
    "it half-closes": ((half_close,), False),
    "it half-closes, reads and closes": ((half_close, read, CLOSE), False),
    "it half-closes, reads and resets": ((half_close, read, reset), False),
    "it half-closes and resets": ((half_close, reset), False),
}


@pytest.fixture
def tcp(line: DelayLine) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection that carried requests before."""
    with line.far.entered():
        listener = socket.create_server((line.far_address, 0))
    with listener:
        with line.near.entered():
            client = socket.create_connection(listener.getsockname(), timeout=10)
        peer, _ = listener.accept()
    with client, peer:
        for _ in range(2):
            client.sendall(b"request")
            peer.recv(100)
            peer.sendall(b"response")
            client.recv(100)
        yield client, peer


@pytest.mark.parametrize("story", STORIES)
def test_a_request_is_proven_undelivered_only_if_its_server_had_closed(
    tcp: tuple[socket.socket, socket.socket], story: str
) -> None:
    client, peer = tcp
    deeds, proven = STORIES[story]

    def act() -> None:
        for deed in deeds:
            deed(peer)

    before = autopsy.tcp(client)
    acting = threading.Thread(target=act)
    acting.start()
    for part in REQUEST:
        client.sendall(part)
    try:
        assert client.recv(1) == b""
    except ConnectionResetError:
        pass
    assert autopsy.is_undelivered(client, before) is proven
    acting.join()


def test_what_is_sent_twice_proves_nothing(tcp: tuple[socket.socket, socket.socket]) -> None:
    """Its first copy may have been read by a program that only stopped sending, before it closed."""
    client, peer = tcp
    before = autopsy.tcp(client)
    assert before is not None
    before.repeated -= 1
    peer.close()
    client.sendall(REQUEST[0])
    assert client.recv(1) == b""
    assert not autopsy.is_undelivered(client, before)
