"""Whatever goes wrong in mode `observe`, the calls go on as without the layer, and one line for each place says so."""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Each defines `call(url)`.
CALLERS = {
    "http_client": """
        from http.client import HTTPSConnection

        def call(url):
            connection = HTTPSConnection(url.partition("//")[2])
            connection.request("GET", "/bytes/3")
            response = connection.getresponse()
            return response.read().decode()
    """,
    "urlopen": """
        from urllib.request import urlopen

        def call(url):
            return urlopen(url + "/bytes/3").read().decode()
    """,
    "requests": """
        import requests

        def call(url):
            return requests.get(url + "/bytes/3").text
    """,
    "httpx": """
        import httpx

        def call(url):
            return httpx.get(url + "/bytes/3").text
    """,
    "httplib2": """
        import httplib2

        def call(url):
            return httplib2.Http().request(url + "/bytes/3")[1].decode()
    """,
    **{
        f"{name}_async": code + "\ndef call(url): return careless(url + '/bytes/3')[1]\n"
        for name, code in ASYNC_CLIENTS.items()
    },
}

# Every function that observes, broken in turn; `connect` itself stands in for the library's own.
BREAK = """
    import sys, types

    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    def functions():
        for name in ("observe", "http_observed", "httpcore_observed", "patches.observe_aiohttp"):
            module = sys.modules.get("lambda_keepalive." + name)
            for owner in (module, *[each for each in vars(module or object).values() if isinstance(each, type)]):
                for attribute, value in list(vars(owner or object).items()):
                    ours = isinstance(value, types.FunctionType) and value.__module__ == getattr(module, "__name__", "")
                    if ours and value.__name__ not in ("connect", "install", "__init__") and not makes_hook(value):
                        yield owner, attribute, value

    def makes_hook(function):
        return function.__code__.co_varnames[:1] == ("original",)

    answers = {call(url)}
    count = 0
    for owner, attribute, value in list(functions()):
        setattr(owner, attribute, broken)
        answers |= {call(url), call(url)}
        setattr(owner, attribute, value)
        count += 1
    result = [sorted(answers), count]
"""
FAULTS = r"(lambda-keepalive: fault in [\w. ]+ \(RuntimeError: injected\); going on without the layer; [^\n]+\n)+"


@pytest.mark.parametrize("client", CALLERS)
def test_calls_go_on(run: Interpreter, origin: Origin, client: str) -> None:
    needs(client)
    environ = {"KEEPALIVE_MODE": "observe"}
    answers, count = run(CALLERS[client], BREAK, environ=environ, url=origin.url, stderr=FAULTS)
    assert answers == ["012"]
    assert count >= 8
    assert (origin.accepted, origin.received) == (1 + 2 * count, 1 + 2 * count)
