"""A connection between two event loops: what goes along with it, what keeps it, and what is found on it."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lambda_keepalive import event_loop
from lambda_keepalive.pool.connection import Connection
from lambda_keepalive.pool.probe import is_stale

from tests.support.certificates import Authority


class Server:
    """One connection over TLS, whose handshake ends when the test wants it to."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.finish = threading.Event()
        self.orders: list[bytes | None] = []
        self.ordered = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        sock, _ = self._listener.accept()
        received, unsent = ssl.MemoryBIO(), ssl.MemoryBIO()
        end = self._context.wrap_bio(received, unsent, server_side=True)
        with self._listener, sock:
            sock.settimeout(10)
            received.write(sock.recv(65536))
            with pytest.raises(ssl.SSLWantReadError):
                end.do_handshake()
            sock.sendall(unsent.read())
            # The client's second flight waits in the socket until the test lets it be read.
            self.finish.wait(10)
            received.write(sock.recv(65536))
            end.do_handshake()
            sock.sendall(unsent.read())
            while True:
                self.ordered.acquire(timeout=10)
                order = self.orders.pop(0)
                if order is None:
                    return
                end.write(order)
                sock.sendall(unsent.read())

    def send(self, data: bytes | None) -> None:
        """Send the bytes, or hang up."""
        self.orders.append(data)
        self.ordered.release()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[Server]:
    server = Server(authority.issue("localhost").server_context())
    server.thread.start()
    yield server
    server.finish.set()
    server.send(None)
    server.thread.join(10)


class Reader(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.received.set_result(data)


async def open_and_leave(server: Server, authority: Authority) -> Connection:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    transport, _ = await asyncio.get_running_loop().create_connection(
        Reader, "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
    )
    connection = Connection(event_loop.socket_of(transport), "key", "https://localhost:443")
    assert event_loop.leave(connection, transport) is None
    return connection


async def receive(connection: Connection) -> tuple[bytes, Any]:
    reader = Reader()
    transport = await event_loop.enter(connection, reader)
    data = await asyncio.wait_for(reader.received, 10)
    return data, transport


def arrived(connection: Connection) -> None:
    assert select.select([connection.sock], [], [], 10)[0]


def test_session_tickets_that_arrive_between_two_loops_do_no_harm(server: Server, authority: Authority) -> None:
    """A TLS 1.3 server sends them when it has read the client's last flight, which may be late (RFC 8446, 4.6.1)."""
    connection = asyncio.run(open_and_leave(server, authority))
    assert not is_stale(connection)
    server.finish.set()
    arrived(connection)
    assert not is_stale(connection)
    assert not is_stale(connection)

    async def go_on() -> bytes:
        server.send(b"after the move")
        data, transport = await receive(connection)
        transport.abort()
        return data

    assert asyncio.run(go_on()) == b"after the move"


@pytest.mark.parametrize("sent", [b"HTTP/1.1 408 Request Timeout\r\n\r\n", None], ids=["data", "goodbye"])
def test_anything_else_that_arrives_makes_it_stale(server: Server, authority: Authority, sent: bytes | None) -> None:
    server.finish.set()
    connection = asyncio.run(open_and_leave(server, authority))
    server.send(sent)
    for _ in range(3):
        # The tickets may come first, by themselves.
        arrived(connection)
        if is_stale(connection):
            break
    assert is_stale(connection)
    connection.close()


def test_a_connection_moves_as_often_as_one_likes(server: Server, authority: Authority) -> None:
    server.finish.set()
    connection = asyncio.run(open_and_leave(server, authority))

    async def exchange(n: int) -> bytes:
        server.send(b"%d" % n)
        data, transport = await receive(connection)
        assert transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        assert isinstance(transport.get_extra_info("sslcontext"), ssl.SSLContext)
        assert event_loop.leave(connection, transport) is None
        return data

    assert [asyncio.run(exchange(n)) for n in range(5)] == [b"%d" % n for n in range(5)]
    connection.close()


def test_it_stays_where_it_is_while_something_is_unsent_or_it_is_being_closed() -> None:
    async def main() -> list[str | None]:
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        connection = Connection(ours, "key", "http://localhost:80")
        transport.write(b"x" * 10_000_000)
        reasons = [event_loop.leave(connection, transport)]
        transport.abort()
        reasons.append(event_loop.leave(connection, transport))
        theirs.close()
        return reasons

    assert asyncio.run(main()) == ["unsent", "error"]


def test_it_stays_where_it_is_while_its_loop_runs_in_another_thread() -> None:
    opened, done = threading.Event(), threading.Event()
    transports = []

    async def main() -> None:
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        transports.append(transport)
        opened.set()
        await asyncio.to_thread(done.wait)
        transport.abort()
        theirs.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    opened.wait(10)
    connection = Connection(event_loop.socket_of(transports[0]), "key", "http://localhost:80")
    assert event_loop.leave(connection, transports[0]) == "foreign-loop"
    done.set()
    thread.join()


def test_a_loop_that_is_closed_leaves_nothing_unclosed() -> None:
    async def main() -> tuple[Any, socket.socket]:
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        return transport, theirs

    transport, theirs = asyncio.run(main())
    connection = Connection(event_loop.socket_of(transport), "key", "http://localhost:80")
    assert event_loop.leave(connection, transport) is None
    del transport  # would warn if it still held its socket
    connection.sock.send(b"still open")
    assert theirs.recv(100) == b"still open"
    connection.close()
    theirs.close()


def test_cancelled_on_the_way_in_it_is_closed(server: Server, authority: Authority) -> None:
    server.finish.set()
    connection = asyncio.run(open_and_leave(server, authority))

    async def main() -> bool:
        task = asyncio.create_task(event_loop.enter(connection, Reader()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    assert connection.sock.fileno() == -1
