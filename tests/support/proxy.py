"""A proxy that counts: tunnels for `CONNECT` (RFC 9110, 9.3.6), and nothing else.

For plain HTTP through a proxy no second server is needed: an `Origin` takes a target with a whole URL.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from dataclasses import dataclass
from types import TracebackType

from tests.support.origin.wire import Disconnected, Headers, ProtocolError, RequestReader, head_of_response

# One read of a tunnel.
READ_SIZE = 64 * 1024

# A thread that takes longer than this to notice the end is a fault of the proxy. Seconds.
JOIN_S = 10.0


@dataclass(frozen=True)
class Tunnel:
    """A tunnel that a client asked for: `target` is host:port as the client wrote it."""

    target: str
    headers: Headers


class Proxy:
    """Tunnels to where a client says, or to one fixed place, alive inside its `with` block.

    Args:
        upstream: host and port that every tunnel leads to, so that a test can use names that no resolver
            knows; None follows the target.

    Attributes:
        accepted: connections accepted.
        tunnels: what was asked for, in order.
    """

    def __init__(self, upstream: tuple[str, int] | None = None) -> None:
        self.accepted = 0
        self.tunnels: list[Tunnel] = []
        self._upstream = upstream
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._thread = threading.Thread(target=self._accept, name="proxy-accept", daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join(JOIN_S)
        self._listener.close()
        with self._lock:
            for end in self._sockets:
                with contextlib.suppress(OSError):  # the other side was faster
                    end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(JOIN_S)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                continue  # the client gave up while it waited, or the proxy ends
            thread = threading.Thread(target=self._serve, args=(client,), name="proxy-tunnel", daemon=True)
            with self._lock:
                self.accepted += 1
                self._sockets.add(client)
                self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        upstream = None
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            method, target, _, headers = RequestReader(client.recv).head()
            if method != "CONNECT":
                client.sendall(head_of_response(405, [("Allow", "CONNECT"), ("Content-Length", "0")]))
                return
            with self._lock:
                self.tunnels.append(Tunnel(target, headers))
            host, _, port = target.rpartition(":")
            upstream = socket.create_connection(self._upstream or (host.strip("[]"), int(port)))
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets.add(upstream)
            client.sendall(head_of_response(200, ()))
            _relay(client, upstream)
        except (OSError, Disconnected, ProtocolError):
            pass  # either end may go away at any time
        finally:
            for end in (client, upstream):
                if end is not None:
                    with self._lock:
                        self._sockets.discard(end)
                    end.close()


def _relay(client: socket.socket, upstream: socket.socket) -> None:
    """Copy bytes both ways until both ends have sent a FIN, passing each FIN on."""
    other = {client: upstream, upstream: client}
    reading = [client, upstream]
    while reading:
        for end in select.select(reading, [], [])[0]:
            data = end.recv(READ_SIZE)
            if data:
                other[end].sendall(data)
            else:
                reading.remove(end)
                other[end].shutdown(socket.SHUT_WR)
