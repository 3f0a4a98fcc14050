"""A library that takes another one's name and works in another way is left alone, with one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# As in urllib3-future, which niquests brings: the same modules and names, but HTTP spoken without http.client.
FORK = {
    "__init__": "from urllib3._version import __version__; import urllib3.connectionpool",
    "_version": "__version__ = '2.25.904'",
    "connection": """
class HTTPConnection:
    def connect(self):
        self.sock = None
class HTTPSConnection(HTTPConnection):
    pass
""",
    "connectionpool": """
from urllib3.connection import HTTPConnection
class HTTPConnectionPool:
    def _put_conn(self, conn):
        return "put back"
    def ask(self):
        conn = HTTPConnection()
        conn.connect()
        return self._put_conn(conn)
""",
    "util/__init__": "",
    "util/connection": "def create_connection(*args): pass\ndef allowed_gai_family(): pass",
    "util/ssl_": "def ssl_wrap_socket(*args): pass\ndef create_urllib3_context(*args): pass",
}


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    for name, source in FORK.items():
        path = tmp_path / "urllib3" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path


def test_a_urllib3_without_http_client_is_left_alone_and_the_others_are_not(
    run: Interpreter, plain: Origin, fork: Path
) -> None:
    code = """
        import urllib3
        from urllib.request import urlopen

        result = [urllib3.connectionpool.HTTPConnectionPool().ask()]
        result += [urlopen(url).read().decode() for _ in range(3)]
    """
    line = (
        r"lambda-keepalive: urllib3\.connectionpool is left alone: urllib3 2\.25\.904 does not stand on http\.client\n"
    )
    answers = run(code, url=f"{plain.url}/bytes/3", environ={"PYTHONPATH": str(fork)}, stderr=line)
    assert answers == ["put back", "012", "012", "012"]
    assert plain.accepted == 1
