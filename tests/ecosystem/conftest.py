"""The interpreters and origins of the clients' tests; what is asked of here stands on those clients."""

from __future__ import annotations

import importlib.util

import pytest

from tests.clients.conftest import authority, origin, plain, run, tree
from tests.support.origin import Exchange, Origin

__all__ = ["authority", "origin", "plain", "run", "service", "tree"]

if importlib.util.find_spec("aiobotocore") is None:
    # The group of that name is not installed: `nox --session aiobotocore`.
    collect_ignore = ["test_aiobotocore.py"]


@pytest.fixture
def service(origin: Origin) -> Origin:
    """An origin that answers as the services of the SDKs do, in the little that their own parsers ask for."""
    answers = {
        "/chat/completions": {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
        },
        "/v1/messages": {
            "id": "1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "hello"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
        "/files": {"files": [{"name": "hello"}]},
        "/index/_doc/1": {"_index": "index", "_id": "1", "found": True, "_source": {"greeting": "hello"}},
        "/redis": {"result": "hello"},
    }

    def answer(exchange: Exchange) -> None:
        exchange.respond_json(answers[exchange.request.path])

    for path in answers:
        origin.route(path, answer)
    return origin
