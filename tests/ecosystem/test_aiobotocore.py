"""aiobotocore stands on aiohttp's connector. It fits few versions of botocore at a time, hence an environment of its
own: `nox --session aiobotocore`."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import CALLS, INVOCATIONS, LOOP, LOOP_WITHOUT_LAYER
from tests.support.origin import Exchange, Origin

ACCOUNT = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_DEFAULT_REGION": "eu-central-1"}
# A session, a client and an event loop for each call.
CARELESS = """
    import asyncio
    from aiobotocore.session import get_session

    async def item(url):
        async with get_session().create_client("dynamodb", endpoint_url=url) as client:
            return (await client.get_item(TableName="t", Key={"id": {"S": "1"}}))["Item"]["greeting"]["S"]

    def call(url, n):
        return asyncio.run(item(url))
"""
EXPECTED = [["hello"] * CALLS] * INVOCATIONS


@pytest.fixture
def table(origin: Origin) -> Origin:
    """An origin that answers as a table with one item does."""

    def answer(exchange: Exchange) -> None:
        exchange.respond_json({"Item": {"greeting": {"S": "hello"}}})

    origin.route("/", answer)
    return origin


def test_a_client_made_for_each_call_opens_one_connection(run: Interpreter, table: Origin) -> None:
    answers = run(CARELESS, LOOP, url=table.url, invocations=INVOCATIONS, calls=CALLS, environ=ACCOUNT)
    assert answers == EXPECTED
    assert (table.accepted, table.handshakes) == (1, 1)


def test_without_the_layer_it_opens_one_for_each_call(run: Interpreter, table: Origin) -> None:
    code = CARELESS, LOOP_WITHOUT_LAYER
    answers = run(*code, layer=False, url=table.url, invocations=INVOCATIONS, calls=CALLS, environ=ACCOUNT)
    assert answers == EXPECTED
    assert table.accepted >= INVOCATIONS * CALLS
