"""The server sends something that nobody asked for: a 408 before it hangs up, or an answer meant for somebody else."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.socketlevel.conftest import ANSWERS, STORY
from tests.support.origin import Origin

POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


@pytest.mark.parametrize("data", [POISON, POISON[:1], b"\r\n"], ids=["whole response", "first byte", "empty line"])
def test_nobody_gets_it_for_an_answer(run: Interpreter, server: Origin, client: str, data: bytes) -> None:
    assert run(client, STORY, acts={"deed": lambda: server.send_surplus(data)}, url=server.url) == ANSWERS
    assert [request.method for request in server.requests] == ["GET", "GET", "POST", "GET"]
    assert server.accepted == 2


def test_a_request_timeout_is_nobodys_status(run: Interpreter, server: Origin, client: str) -> None:
    def time_out() -> None:
        server.send_surplus()
        server.close_idle()

    assert run(client, STORY, acts={"deed": time_out}, url=server.url) == ANSWERS
    assert server.accepted == 2
