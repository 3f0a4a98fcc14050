"""TLS says goodbye before TCP does (RFC 8446, 6.1), or the other way round: TCP ends and TLS never said a word."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.socketlevel.conftest import ANSWERS, STORY
from tests.support.origin import Origin


@pytest.mark.parametrize("close_notify", [True, False], ids=["announced", "truncated"])
def test_the_next_request_goes_out_once_on_a_new_connection(
    run: Interpreter, origin: Origin, client: str, close_notify: bool
) -> None:
    acts = {"deed": lambda: origin.close_idle(close_notify=close_notify)}
    assert run(client, STORY, acts=acts, url=origin.url) == ANSWERS
    assert [request.method for request in origin.requests] == ["GET", "GET", "POST", "GET"]
    assert origin.accepted == 2
