"""The server closes an idle connection in the ordinary way, as every server does after its own idle timeout."""

from __future__ import annotations

from tests.clients.interpreter import Interpreter
from tests.socketlevel.conftest import ANSWERS, STORY
from tests.support.origin import Origin


def test_the_next_request_goes_out_once_on_a_new_connection(run: Interpreter, server: Origin, client: str) -> None:
    assert run(client, STORY, acts={"deed": server.close_idle}, url=server.url) == ANSWERS
    assert [request.method for request in server.requests] == ["GET", "GET", "POST", "GET"]
    assert server.accepted == 2


def test_every_idle_connection_is_looked_at_until_one_is_good(run: Interpreter, plain: Origin) -> None:
    code = """
        from urllib.request import urlopen
        held = [urlopen(url) for _ in range(4)]
        for response in held:
            response.read()
        act("deed")
        result = urlopen(url + "bytes/3").read().decode()
        from lambda_keepalive.stats import stats
        result = [result, stats.peek().total("stale")]
    """
    assert run(code, acts={"deed": plain.close_idle}, url=plain.url + "/") == ["012", 4]
    assert plain.accepted == 5
