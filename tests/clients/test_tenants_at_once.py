"""Many tenants in one process, one after the other, in threads and in tasks: each request is of one tenant alone.

Ann is alone in tests/clients/test_tenants.py; here each tenant brings a header field, a cookie, credentials and a
target of his own, the server sets a cookie for each, and number 0 brings nothing. The server compares.
"""

from __future__ import annotations

import base64
import re

import pytest

from tests.clients.callers import ASYNC, CALLERS, CANNOT
from tests.clients.conftest import ROOT, needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin, Request

TENANTS = 8
ROUNDS = 4

# Each call of `tenant(n)` is one tenant's settings; `foreign(n, text)` tells whose names are in a text besides his own.
TENANT = """
    import re
    from concurrent.futures import ThreadPoolExecutor
    from tests.clients.callers import {client} as caller

    def tenant(number):
        name = f"tenant-{{number}}"
        settings = {{"headers": {{"X-Tenant": name}}, "cookies": {{"session": name}}, "auth": (name, "secret")}}
        settings = {{setting: value for setting, value in settings.items() if number and setting not in cannot}}
        return {{"url": f"{{url}}/cookie?echo={{name}}" if number % 2 else f"{{url}}/echo?{{name}}", **settings}}

    def foreign(number, text):
        return sorted(set(re.findall(r"tenant-\\d+", text)) - {{f"tenant-{{number}}"}})

    def serve(number):
        return foreign(number, caller.call(**tenant(number)))
"""
ONE_BY_ONE = """
    result = [serve(number) for number in list(range(tenants)) * rounds]
"""
THREADS = """
    with ThreadPoolExecutor(tenants) as threads:
        result = list(threads.map(serve, list(range(tenants)) * rounds))
"""
TASKS = """
    import asyncio

    async def serve(number):
        return foreign(number, await caller.fetch(**tenant(number)))

    async def all_at_once():
        return await asyncio.gather(*map(serve, range(tenants)))

    result = [found for _ in range(rounds) for found in asyncio.run(all_at_once())]
"""
WAYS = {"one by one": ONE_BY_ONE, "threads": THREADS, "tasks": TASKS}


def tenants_of(request: Request) -> set[str]:
    """Everybody who is named in a request, by any of its parts."""
    fields = [value for _, value in request.headers]
    fields += [base64.b64decode(value[6:]).decode() for value in fields if value.startswith("Basic ")]
    return set(re.findall(r"tenant-\d+", " ".join([request.target, request.body.decode(), *fields])))


@pytest.mark.parametrize(
    ("client", "way"),
    [
        *((client, way) for client in CALLERS for way in ("one by one", "threads")),
        *((client, "tasks") for client in ASYNC),
    ],
)
def test_each_request_is_of_one_tenant_alone(run: Interpreter, origin: Origin, client: str, way: str) -> None:
    needs(client)
    foreign = run(
        TENANT.format(client=client),
        WAYS[way],
        url=origin.url_for("localhost"),
        cannot=[setting for name, setting in CANNOT if name == client],
        tenants=TENANTS,
        rounds=ROUNDS,
        environ={"PYTHONPATH": str(ROOT)},
    )
    assert foreign == [[]] * TENANTS * ROUNDS
    assert origin.received == TENANTS * ROUNDS
    for request in origin.requests:
        (name,) = tenants_of(request)
        assert request.header("X-Tenant") == ("" if name == "tenant-0" else name)
        if name == "tenant-0":
            assert "Cookie" not in dict(request.headers)
            assert "tenant" not in request.header("Authorization")
        elif client != "boto3":
            assert request.header("Cookie") == f"session={name}"
    assert origin.accepted <= (1 if way == "one by one" else TENANTS)
