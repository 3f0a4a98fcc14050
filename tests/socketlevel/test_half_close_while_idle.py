"""The server says that it will send nothing more, and would go on reading: a request could be sent, never answered."""

from __future__ import annotations

from tests.clients.interpreter import Interpreter
from tests.socketlevel.conftest import ANSWERS, STORY
from tests.support.origin import Origin


def test_the_next_request_goes_out_once_on_a_new_connection(run: Interpreter, server: Origin, client: str) -> None:
    assert run(client, STORY, acts={"deed": server.half_close_idle}, url=server.url) == ANSWERS
    assert [request.method for request in server.requests] == ["GET", "GET", "POST", "GET"]
    assert server.accepted == 2
