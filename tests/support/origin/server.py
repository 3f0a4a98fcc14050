"""The origin: accepts connections, counts, and lets a test act on what is idle."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from socket import AF_INET, AF_INET6, SHUT_RDWR, create_server
from types import TracebackType

from tests.support.certificates import Authority
from tests.support.origin.connection import Client, Connection, State
from tests.support.origin.exchange import Handler
from tests.support.origin.routes import BEFORE_BODY, ROUTES, not_found
from tests.support.origin.wire import Request

# How long an action on the idle connections waits for those whose client may already have its whole response,
# but whose thread has not come back to wait for the next request. Ordinarily that takes microseconds.
SETTLE_S = 1.0

# A thread that takes longer than this to notice the end of the server is a fault of the server.
JOIN_S = 10.0


class Origin:
    """An HTTP/1.1 server, alive inside its `with` block.

    Args:
        tls: the authority that issues its certificate; None serves plain HTTP.
        host: the address to listen on, and the host of `url`.
        port: the port to listen on, where the caller knows that it is free; by default any.
        names: what the certificate is for; besides loopback's usual names, only what a test resolves itself.
        client_authority: whose client certificates to demand.
        minimum_tls, maximum_tls: the protocol versions offered.
        keep_requests: whether to fill `requests`; a long benchmark only counts them.

    Attributes:
        accepted: connections accepted since the start or the last `reset`.
        handshakes: TLS handshakes completed in that time.
        received: requests received in that time.
        requests: those requests, in order, each complete with its body.
        clients: who opened each connection, by its number.
    """

    def __init__(
        self,
        tls: Authority | None = None,
        host: str = "127.0.0.1",
        *,
        port: int = 0,
        names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1"),
        client_authority: Authority | None = None,
        minimum_tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum_tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
        keep_requests: bool = True,
    ) -> None:
        self.tls_context: ssl.SSLContext | None = None
        if tls is not None:
            self.tls_context = tls.issue(*names).server_context(
                client_authority=client_authority, minimum=minimum_tls, maximum=maximum_tls
            )
            self.tls_context.sni_callback = _note_server_name
        self.host = host
        self._keep_requests = keep_requests
        self.accepted = 0
        self.handshakes = 0
        self.received = 0
        self.requests: list[Request] = []
        self.clients: dict[int, Client] = {}
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self._routes: dict[str, tuple[Handler, bool]] = {}
        self._connections: dict[int, Connection] = {}
        # A client that opens hundreds of connections at once must not meet a full backlog.
        self._listener = create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="origin-accept", daemon=True)

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return self.url_for(self.host)

    def url_for(self, host: str) -> str:
        """The URL of this server under another name for its address, such as `localhost`."""
        bracketed = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls_context else 'http'}://{bracketed}:{self.port}"

    @property
    def open(self) -> int:
        """How many connections are open at the moment."""
        with self.changed:
            return sum(connection.state is not State.CLOSED for connection in self._connections.values())

    def __enter__(self) -> Origin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._listener.shutdown(SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join(JOIN_S)
        self._listener.close()
        with self.changed:
            connections = list(self._connections.values())
        for connection in connections:
            connection.interrupt()
        for connection in connections:
            connection.thread.join(JOIN_S)
        if self._connections:
            raise RuntimeError(f"{len(self._connections)} connection threads did not end")

    # Script.

    def route(self, path: str, handler: Handler, *, before_body: bool = False) -> None:
        """Have a function answer a path, in place of any built-in behaviour.

        With `before_body` it runs as soon as the head has arrived, and reads the body itself if it wants it.
        """
        self._routes[path] = (handler, not before_body)

    def handler(self, request: Request) -> tuple[Handler, bool]:
        """Return what answers a request, and whether the body is to be read first."""
        if request.path in self._routes:
            return self._routes[request.path]
        handler = ROUTES.get(request.path.split("/")[1] if request.path else "", not_found)
        return handler, handler not in BEFORE_BODY

    # Observe.

    def reset(self) -> None:
        """Start counting from zero; open connections stay open."""
        with self.changed:
            self.accepted = 0
            self.handshakes = 0
            self.received = 0
            self.requests.clear()
            self.clients.clear()

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Return once the predicate, asked at every change, holds; raise TimeoutError if it never does."""
        with self.changed:
            if not self.changed.wait_for(predicate, timeout):
                raise TimeoutError(f"accepted {self.accepted}, open {self.open}, requests {self.received}")

    # Act on idle connections: each method returns how many it acted on, after the deed.

    def close_idle(self, *, close_notify: bool = True) -> int:
        """Send a FIN on every idle connection, over TLS after a close_notify if wanted."""
        return self._order(lambda connection: connection.finish(reset=False, close_notify=close_notify))

    def reset_idle(self) -> int:
        """Send an RST on every idle connection."""
        return self._order(lambda connection: connection.finish(reset=True))

    def half_close_idle(self) -> int:
        """Send a FIN on every idle connection, and go on reading."""
        return self._order(Connection.half_close)

    def ambush_idle(self) -> int:
        """Close every idle connection as soon as another request begins to arrive on it, without reading that."""
        return self._order(Connection.ambush)

    def vanish_idle(self) -> int:
        """Forget every idle connection without a word; needs root."""
        return self._order(Connection.vanish)

    def send_surplus(self, data: bytes = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n") -> int:
        """Send unasked-for bytes on every idle connection; by default what some servers say at a timeout."""
        return self._order(lambda connection: connection.send(data))

    def _order(self, action: Callable[[Connection], None]) -> int:
        with self.changed:
            self.changed.wait_for(lambda: not self._in(State.OPENING, State.ANSWERING), SETTLE_S)
            idle = self._in(State.IDLE)
        for connection in idle:
            connection.order(action)
        return len(idle)

    def _in(self, *states: State) -> list[Connection]:
        return [connection for connection in self._connections.values() if connection.state in states]

    # What the threads report.

    def record(self, request: Request) -> None:
        """Take note of a request."""
        with self.changed:
            self.received += 1
            if self._keep_requests:
                self.requests.append(request)
            self.changed.notify_all()

    def count_handshake(self) -> None:
        """Take note of a TLS handshake."""
        with self.changed:
            self.handshakes += 1
            self.changed.notify_all()

    def introduce(self, number: int, client: Client) -> None:
        """Take note of who opened a connection."""
        with self.changed:
            if self._keep_requests:
                self.clients[number] = client

    def forget(self, connection: Connection) -> None:
        """Drop a connection whose thread ends."""
        with self.changed:
            del self._connections[connection.number]
            self.changed.notify_all()

    def _accept(self) -> None:
        number = 0
        while not self.stopping.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                continue  # the client gave up while it waited, or the server ends
            number += 1
            connection = Connection(number, accepted, self)
            with self.changed:
                self.accepted += 1
                self._connections[number] = connection
                self.changed.notify_all()
            connection.thread.start()


def _note_server_name(sock: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
    sock.server_name = name  # type: ignore[union-attr]  # the one place where the handshake and its socket meet
