"""An HTTP/1.1 origin server whose own counts decide the tests.

What a client believes about its connections proves nothing: the server knows how many it accepted. So every
claim about reuse is tested against `Origin.accepted` and `Origin.requests`.

    with Origin(tls=authority) as origin:
        requests.get(origin.url + "/bytes/10", verify=str(authority.bundle))
        assert origin.accepted == 1

`routes` lists the behaviours that a test can ask for by path. `python -m tests.support.origin` runs the same
server as a process of its own, and `OriginProcess` starts and stops that, so that a benchmark measures its
client alone.
"""

from tests.support.origin.connection import Client
from tests.support.origin.exchange import Exchange
from tests.support.origin.process import OriginProcess
from tests.support.origin.server import Origin
from tests.support.origin.wire import Request

__all__ = ["Client", "Exchange", "Origin", "OriginProcess", "Request"]
