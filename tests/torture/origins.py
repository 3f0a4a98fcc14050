"""The servers of the harness: they note every request by its id, and do to idle connections what they are told."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.local.required import ROOT as IS_ROOT
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin, Request
from tests.support.origin.connection import Connection
from tests.support.origin.exchange import Handler

# A name of its own, which only the function's hosts file knows, so that the servers can move; needs a mount namespace.
NAME = "torture.test" if IS_ROOT else "localhost"
ADDRESSES = ("127.0.0.2", "127.0.0.3") if IS_ROOT else ("127.0.0.1",)


# What S3 answers when a multipart upload begins.
UPLOAD = "<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>"


def id_of(request: Request) -> str:
    """The request's id: the last part of its path."""
    return request.path.rpartition("/")[2]


class Ledger:
    """How often each request was read to its end, by its id, and who made requests of an address that was left."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.misdirected = 0
        self._lock = threading.Lock()

    def note(self, request_id: str, left: bool) -> None:
        """Take note of a request; `left`: its server has moved away from the address where it arrived."""
        with self._lock:
            self.received[request_id] += 1
            self.misdirected += left

    def take(self) -> tuple[Counter[str], int]:
        """What was noted since the last time."""
        with self._lock:
            taken = self.received, self.misdirected
            self.received, self.misdirected = Counter(), 0
        return taken


class Traitor(Origin):
    """An origin that answers a request with its id, unless it was told to swallow the next one of its connection, or
    what else to do for that path.

    `left` is whether the name of the server points to another address by now.
    """

    def __init__(self, ledger: Ledger, tls: Authority | None, host: str, port: int, *, keep_requests: bool) -> None:
        super().__init__(tls, host, port=port, names=(NAME,), keep_requests=keep_requests)
        self.left = False
        self._ledger = ledger
        # Numbers of connections, and whether they end in an RST.
        self._swallowing: dict[int, bool] = {}

    def handler(self, request: Request) -> tuple[Handler, bool]:
        """Any path that has no route of its own is answered alike."""
        return self._routes.get(request.path, (self._answer, True))

    def swallow_on_idle(self, *, reset: bool) -> int:
        """Have every idle connection read its next request to the end, and hang up in place of an answer."""

        def order(connection: Connection) -> None:
            self._swallowing[connection.number] = reset

        return self._order(order)

    def finish_used(self, *, reset: bool) -> int:
        """Close every idle connection that has carried a request, and not one that is about to carry its first."""

        def order(connection: Connection) -> None:
            if connection.used:
                connection.finish(reset=reset)

        return self._order(order)

    def _answer(self, exchange: Exchange) -> None:
        request = exchange.request
        request_id = id_of(request)
        self._ledger.note(request_id, self.left)
        reset = self._swallowing.pop(request.connection_id, None)
        if reset is not None:
            (exchange.reset if reset else exchange.hang_up)()
        else:
            body = UPLOAD.format(request_id) if "uploads" in request.query else request_id
            exchange.respond(200, body.encode())


class World:
    """All servers, HTTP and HTTPS, each at every address, and the hosts file that says which address is the right one.

    Args:
        directory: for the CA and the hosts file.
        addresses: of this machine; the first one is the right one at first.
        keep_requests: whether each server remembers all requests; thousands of cycles only count them.

    Attributes:
        servers: all of them.
        urls: the HTTP and the HTTPS server under their common name.
        hosts: the file, to be shown to the function as /etc/hosts.
        bundle: the CA file that a client needs.
        ledger: what the servers noted.
    """

    def __init__(self, directory: Path, addresses: tuple[str, ...] = ADDRESSES, *, keep_requests: bool = False) -> None:
        authority = Authority(directory)
        self.ledger = Ledger()
        self.bundle = authority.bundle
        self.hosts = directory / "hosts"
        self.servers: list[Traitor] = []
        for tls in (None, authority):
            port = 0
            for address in addresses:
                server = Traitor(self.ledger, tls, address, port, keep_requests=keep_requests)
                port = server.port
                self.servers.append(server)
        self._addresses = addresses
        self._address = addresses[0]
        self._point()
        self.urls = [server.url_for(NAME) for server in self.servers if server.host == addresses[0]]

    def __enter__(self) -> World:
        with contextlib.ExitStack() as stack:
            for server in self.servers:
                stack.enter_context(server)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _point(self) -> None:
        # In place: the function sees this very file.
        self.hosts.write_text(f"127.0.0.1 localhost\n{self._address} {NAME}\n")
        for server in self.servers:
            server.left = server.host != self._address

    @property
    def accepted(self) -> int:
        """Connections accepted by all servers."""
        return sum(server.accepted for server in self.servers)

    def tell(self, deed: Callable[[Traitor], int]) -> int:
        """Have every server do something to its idle connections; returns to how many it was done."""
        return sum(deed(server) for server in self.servers)

    def move(self) -> int:
        """Point the name to the other address, and close what is idle at the old one."""
        self._address = self._addresses[1 - self._addresses.index(self._address)]
        self._point()
        return self.tell(Origin.close_idle)
