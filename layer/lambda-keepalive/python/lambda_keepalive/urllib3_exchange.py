"""Says which urllib3 is known, and whether the exchange on one of its connections is over when the pool gets it back.

`client` is a connection object of urllib3, which stands on http.client's. Private names are those of CPython's
Lib/http/client.py and of urllib3 1.26 and 2.x.
"""

import http.client

from urllib3._version import __version__
from urllib3.connection import HTTPConnection

from lambda_keepalive import exchange, transport
from lambda_keepalive.patching import PatchSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def require_known_version() -> None:
    """Raise `PatchSkipped` if this is no urllib3 that we know."""
    major, minor = (int(part) for part in __version__.split(".")[:2])
    if (major, minor) < (1, 26) or major > 2:
        raise PatchSkipped(f"urllib3 {__version__} is not between 1.26 and 2.x")
    if not issubclass(HTTPConnection, http.client.HTTPConnection):
        # urllib3-future, which niquests brings, takes urllib3's name and speaks HTTP by itself.
        raise PatchSkipped(f"urllib3 {__version__} does not stand on http.client")


def is_over(client: "Any", connection: "Connection") -> bool:
    """Whether the connection that urllib3 puts back is idle: believed where http.client's own state agrees.

    An exchange that is found over is settled.
    """
    if not connection.busy:
        return True
    response = client._HTTPConnection__response
    if response is None or response.fp is not None:
        return False
    # urllib3 reads chunked bodies past http.client (HTTPResponse.read_chunked) and comes here only after the last
    # chunk and trailer; http.client then has no chunk count and saw no more than a close.
    if response._keepalive_end == exchange.DRAINED and response.chunk_left is None:
        response._keepalive_end = exchange.COMPLETE
    if exchange.unfinished(response) is not None:
        return False
    transport.settle(connection, response)
    return True
