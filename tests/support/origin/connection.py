"""One accepted connection: its thread, its place in the life of an exchange, and the orders of a test.

A connection's socket is touched by its own thread alone. A test that wants something done to it hands in an
order, which the thread carries out while it waits for the next request; so no order can fall into the middle
of a response.
"""

from __future__ import annotations

import contextlib
import fcntl
import queue
import select
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from tests.support.origin.exchange import Exchange
from tests.support.origin.wire import (
    READ_SIZE,
    Disconnected,
    ProtocolError,
    Request,
    RequestReader,
    head_of_response,
)

if TYPE_CHECKING:
    from tests.support.origin.server import Origin

# An order waits this long for its connection's thread: far more than any handler takes.
ORDER_TIMEOUT_S = 10.0

# Linux puts an acknowledgement off by so much at least (TCP_DELACK_MIN); nothing can be waited for but its effect.
ACKNOWLEDGEMENT_S = 0.04

# include/uapi/linux/tcp.h: closing a socket in this mode sends nothing (net/ipv4/tcp.c, __tcp_close).
TCP_REPAIR = 19

# A client that never answers our FIN is left after this much, so that no thread outlives its test.
LINGER_S = 2.0


class State(Enum):
    """Where a connection stands."""

    OPENING = auto()  # accepted; the TLS handshake is under way
    IDLE = auto()  # nothing of the next request has arrived
    BUSY = auto()  # a request is being read or handled
    ANSWERING = auto()  # bytes of a response were sent; the client may have them all
    CLOSED = auto()


@dataclass(frozen=True)
class Client:
    """Who opened a connection, as far as TCP and TLS tell.

    Attributes:
        address: from which it was dialled.
        server_name: what it asked for by SNI; None without, as for an IP address (RFC 6066, 3).
        certificate: the DNS names of its certificate; none of them without one.
        protocol: the version of TLS that was agreed upon; None without TLS.
    """

    address: str
    server_name: str | None
    certificate: tuple[str, ...]
    protocol: str | None


class Connection:
    """The server's end of one connection."""

    def __init__(self, number: int, raw: socket.socket, origin: Origin) -> None:
        self.number = number
        self.state = State.OPENING
        self._requests = 0
        self._ambushes = False
        self._socket = raw
        self._origin = origin
        self._reader = RequestReader(self._receive)
        self._orders: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self.thread = threading.Thread(target=self._run, name=f"origin-connection-{number}", daemon=True)

    @property
    def used(self) -> bool:
        """Whether a request was answered on it: one that is new has no idle time behind it."""
        return self._requests > 0

    @property
    def _closed(self) -> bool:
        return self.state is State.CLOSED

    # What a test may ask for, from any thread.

    def order(self, action: Callable[[Connection], None]) -> None:
        """Have the connection's thread do something when no exchange is under way; return when it is done."""
        done = threading.Event()
        self._orders.put((lambda: action(self), done))
        with contextlib.suppress(OSError):  # its thread has ended: the order is void
            self._wake_sender.send(b"!")
        if not self._closed and not done.wait(ORDER_TIMEOUT_S):
            raise TimeoutError(f"connection {self.number} did not carry out an order, it is {self.state.name}")

    def interrupt(self) -> None:
        """Break whatever its thread waits for, because the server ends."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    # What an exchange and an order use, on the connection's thread.

    def send(self, data: bytes) -> None:
        """Send every byte."""
        if self.state is State.BUSY:
            self._enter(State.ANSWERING)
        self._socket.sendall(data)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server runs."""
        self._origin.stopping.wait(seconds)

    def half_close(self) -> None:
        """Send a FIN and go on reading; TLS says nothing, as when a server's process dies."""
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def ambush(self) -> None:
        """Close without reading when the next request begins to arrive, so that its client gets an RST."""
        self._ambushes = True

    def vanish(self) -> None:
        """Forget the connection without a word: its client's next packet is answered by an RST.

        What NAT gateways and load balancers do to a flow that was idle for long. PermissionError without the right to
        administer the network.
        """
        # Nothing of an idle flow is on its way: an acknowledgement that came late would be answered by the RST.
        for _ in range(100):
            if not any(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))):
                break
            time.sleep(ACKNOWLEDGEMENT_S / 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self._socket.close()
        self._enter(State.CLOSED)

    def finish(self, *, reset: bool, close_notify: bool = True) -> None:
        """Close with a FIN, after TLS's close_notify if wanted (RFC 8446, 6.1), or with an RST."""
        if self._closed:
            return
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif close_notify:
            self._notify_close()
        self._socket.close()
        self._enter(State.CLOSED)

    # The thread.

    def _run(self) -> None:
        try:
            self._open()
            while self._next_request_arrives():
                self._exchange()
        except (OSError, Disconnected):
            pass  # the client went away, which is its right at any time
        finally:
            self.finish(reset=False)
            self._wake_receiver.close()
            self._wake_sender.close()
            while not self._orders.empty():
                self._orders.get()[1].set()
            self._origin.forget(self)

    def _open(self) -> None:
        # Nagle's algorithm would make every second small write wait for an ACK (RFC 9293, 3.7.4).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = self._origin.tls_context
        if context is not None:
            self._socket = context.wrap_socket(
                self._socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
            self._socket.do_handshake()
            self._origin.count_handshake()
        self._origin.introduce(self.number, self._client())

    def _client(self) -> Client:
        address = self._socket.getpeername()[0]
        if not isinstance(self._socket, ssl.SSLSocket):
            return Client(address, None, (), None)
        names = (self._socket.getpeercert() or {}).get("subjectAltName", ())
        certificate = tuple(str(name[1]) for name in names)
        return Client(address, getattr(self._socket, "server_name", None), certificate, self._socket.version())

    def _receive(self, size: int) -> bytes:
        return self._socket.recv(size)

    def _next_request_arrives(self) -> bool:
        """Wait for the first bytes of a request, carrying out orders meanwhile; False at the end."""
        if self._closed:
            return False
        self._enter(State.IDLE)
        if not self._reader.buffered:
            if not self._carry_out_orders():
                return False
            if self._ambushes:
                self.finish(reset=False, close_notify=False)
                return False
            if not self._reader.fill():
                return False
        self._enter(State.BUSY)
        return True

    def _carry_out_orders(self) -> bool:
        """Do what is ordered until the client sends something; False if an order closed the connection."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wake_receiver, select.POLLIN)
        # Bytes that TLS has decrypted already do not make the socket readable.
        while not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            ready = [descriptor for descriptor, _ in poll.poll()]
            if self._wake_receiver.fileno() not in ready:
                break
            self._wake_receiver.recv(1)
            action, done = self._orders.get()
            try:
                action()
            finally:
                done.set()
            if self._closed:
                return False
        return True

    def _exchange(self) -> None:
        self._requests += 1
        try:
            method, target, version, headers = self._reader.head()
            request = Request(self.number, self._requests, method, target, version, headers)
            exchange = Exchange(self, request, self._reader)
            handler, body_first = self._origin.handler(request)
            if body_first:
                exchange.read_body()
        except (ProtocolError, ValueError):
            self.send(head_of_response(400, [("Content-Length", "0"), ("Connection", "close")]))
            self._linger()
            self.finish(reset=False)
            return
        self._origin.record(request)
        handler(exchange)
        if not self._closed and exchange.closing:
            if exchange.body_pending:
                self._linger()
            self.finish(reset=False)

    def _linger(self) -> None:
        """Send a FIN and read what the client still sends (RFC 9112, 9.6).

        A close with unread bytes would be an RST, which can take the response from under the client. TLS says
        close_notify first; what arrives is not decrypted.
        """
        self._notify_close()
        self.half_close()
        self._socket.settimeout(LINGER_S)
        while socket.socket.recv(self._socket, READ_SIZE):
            pass

    def _notify_close(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.setblocking(False)  # send ours, do not wait for the peer's
            with contextlib.suppress(OSError, ValueError):
                self._socket.unwrap()

    def _enter(self, state: State) -> None:
        with self._origin.changed:
            self.state = state
            self._origin.changed.notify_all()
