"""A pytest plugin: pytest-httpbin's fixtures, served by a server that keeps its connections open.

pytest-httpbin's own server ends every connection with its first response, so behind it requests' suite never meets a
reused connection. cheroot speaks HTTP/1.1 as servers in the field do.
"""

import threading
from pathlib import Path

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from pytest_httpbin import certs, serve

_CERTIFICATES = Path(certs.where()).parent

# Seconds that a request may take; requests' suite tests time-outs of up to 10 s.
_TIMEOUT = 20


class LastingServer(serve.Server):
    """What the fixtures `httpbin` hand out: `url`, `host`, `port`, `join` and `+` are the original's."""

    protocol = "http"

    def __init__(self, application: object) -> None:
        self._server = Server(("127.0.0.1", 0), application, timeout=_TIMEOUT, shutdown_timeout=1)
        self._secure()
        self._server.prepare()
        self.host, self.port = self._server.bind_addr
        self._thread = threading.Thread(target=self._server.serve)

    def _secure(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        self._server.stop()


class SecureLastingServer(LastingServer):
    protocol = "https"

    def _secure(self) -> None:
        adapter = BuiltinSSLAdapter(_CERTIFICATES / "server.pem", _CERTIFICATES / "server.key")
        self._server.ssl_adapter = adapter


serve.Server, serve.SecureServer = LastingServer, SecureLastingServer
