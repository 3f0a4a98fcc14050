"""KEEPALIVE_PRECONNECT: the first call finds a connection that stands, and no request was sent for it."""

from __future__ import annotations

import socket
import time

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.conftest import needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin
from tests.support.proxy import Proxy

pytest.importorskip("awslambdaric")

# As awslambdaric does it: the function is imported, then the runtime asks for invocations.
RUNTIME = """
    import threading
    import awslambdaric.lambda_runtime_client
    from lambda_keepalive import lifecycle

    def ready():
        lifecycle.ending()
        lifecycle.waiting()
        return [thread.name for thread in threading.enumerate() if "keepalive" in thread.name]

    def thread_ends():
        for thread in threading.enumerate():
            if "keepalive" in thread.name:
                thread.join()
"""

BOTO3 = """
    import boto3
    from botocore.config import Config

    def fetch(url):
        client = boto3.client("dynamodb", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
        return [client.get_item(TableName="items", Key={"id": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"]]
"""
FIRST = "before = ready(); act('ready'); result = [before, fetch(url)[0], fetch(url)[0]]"


def stands(origin: Origin) -> dict[str, object]:
    """One connection, and not a byte on it but TLS's."""

    def ready() -> None:
        origin.wait_for(lambda: origin.accepted == 1)
        assert origin.received == 0

    return {"ready": ready}


@pytest.mark.parametrize("server", ["origin", "plain"])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_first_call_finds_a_connection(
    run: Interpreter, request: pytest.FixtureRequest, client: str, server: str
) -> None:
    origin: Origin = request.getfixturevalue(server)
    environ = {"KEEPALIVE_PRECONNECT": origin.url}
    result = run(CLIENTS[client], RUNTIME, FIRST, url=origin.url, environ=environ, acts=stands(origin))
    assert result == [[], 200, 200]
    assert (origin.received, origin.accepted) == (2, 1)


def test_boto3_finds_it_where_the_list_names_it_so(run: Interpreter, origin: Origin) -> None:
    needs("boto3")
    environ = {"KEEPALIVE_PRECONNECT": f"boto3+{origin.url}"}
    assert run(BOTO3, RUNTIME, FIRST, url=origin.url, environ=environ, acts=stands(origin)) == [[], 200, 200]
    assert (origin.received, origin.accepted) == (2, 1)


def test_a_tunnel_is_dug_as_well(run: Interpreter, origin: Origin) -> None:
    with Proxy() as proxy:
        environ = {"KEEPALIVE_PRECONNECT": origin.url, "HTTPS_PROXY": proxy.url}
        for client in ("requests", "httpx", "urlopen"):
            origin.reset()
            assert run(CLIENTS[client], RUNTIME, FIRST, url=origin.url, environ=environ, acts=stands(origin)) == [
                [],
                200,
                200,
            ]
            assert (origin.received, origin.accepted) == (2, 1)
        assert proxy.accepted == 3


def test_requests_and_httpx_each_have_their_own(run: Interpreter, origin: Origin) -> None:
    code = """
        import requests, httpx
        ready()
        result = [requests.get(url).status_code, httpx.get(url).status_code]
    """
    assert run(RUNTIME, code, url=origin.url, environ={"KEEPALIVE_PRECONNECT": origin.url}) == [200, 200]
    assert (origin.received, origin.accepted) == (2, 2)


FAILURES = {
    "nobody listens": ("http://127.0.0.1:1", r"preconnect of \S+ by requests failed \(ConnectionError: .*\)\n"),
    "no such name": ("http://host.invalid", r"preconnect of \S+ by requests failed \(ConnectionError: .*\)\n"),
    "not a URL": ("ftp://host,https:///", r"KEEPALIVE_PRECONNECT='ftp.*' is not .*; using nothing\n"),
    "not a client we dial with": ("aiohttp+https://host", r"KEEPALIVE_PRECONNECT=.* is not .*\n"),
    "not loaded": ("httpx+https://host", r"preconnect of \S+: no client that the layer knows is loaded\n"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_cannot_be_opened_costs_one_line(run: Interpreter, origin: Origin, failure: str) -> None:
    target, said = FAILURES[failure]
    code = "result = [ready(), fetch(url)[0]]"
    environ = {"KEEPALIVE_PRECONNECT": target}
    said = f"lambda-keepalive: {said}"
    assert run(CLIENTS["requests"], RUNTIME, code, url=origin.url, environ=environ, stderr=said) == [[], 200]


def test_a_peer_that_says_nothing_holds_init_for_two_seconds_at_most(run: Interpreter, origin: Origin) -> None:
    """It accepts, and never answers TLS. The thread ends by its own time-out."""
    code = """
        import time
        started = time.monotonic()
        ready()
        waited = time.monotonic() - started
        thread_ends()
        result = [waited < 10, fetch(url)[0]]
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"https://127.0.0.1:{silent.getsockname()[1]}"
        environ = {"KEEPALIVE_PRECONNECT": target}
        said = "lambda-keepalive: preconnect of .* failed .*\n"
        started = time.monotonic()
        assert run(CLIENTS["requests"], RUNTIME, code, url=origin.url, environ=environ, stderr=said) == [True, 200]
        assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "environ", [{"KEEPALIVE_MODE": "off"}, {"KEEPALIVE_MODE": "observe"}, {"KEEPALIVE_ENABLED": "0"}]
)
def test_switched_off_it_does_nothing(run: Interpreter, origin: Origin, environ: dict[str, str]) -> None:
    code = "from lambda_keepalive import lifecycle; lifecycle.waiting()"
    run(
        CLIENTS["requests"],
        "import awslambdaric.lambda_runtime_client",
        code,
        environ={**environ, "KEEPALIVE_PRECONNECT": origin.url},
    )
    assert origin.accepted == 0


def test_a_library_that_is_not_chosen_sends_nothing(run: Interpreter, origin: Origin) -> None:
    environ = {"KEEPALIVE_PRECONNECT": origin.url, "KEEPALIVE_CLIENTS": "aiohttp"}
    said = "lambda-keepalive: preconnect of .* is loaded\n"
    run(CLIENTS["requests"], RUNTIME, "ready()", environ=environ, stderr=said)
    assert origin.accepted == 0


def test_after_a_snapshot_it_is_opened_in_each_sandbox(run: Interpreter, origin: Origin) -> None:
    """The runtime asks for its first invocation after the restore."""
    code = """
        import snapshot_restore_py
        fetch(url)
        for function, arguments, options in snapshot_restore_py.get_before_snapshot()[::-1]:
            function(*arguments, **options)
        act("snapshot")
        for function, arguments, options in snapshot_restore_py.get_after_restore():
            function(*arguments, **options)
        ready()
        act("restored")
        result = fetch(url)[0]
    """
    acts = {
        "snapshot": lambda: origin.wait_for(lambda: origin.open == 0),
        "restored": lambda: origin.wait_for(lambda: origin.accepted == 2),
    }
    environ = {"KEEPALIVE_PRECONNECT": origin.url}
    assert run(CLIENTS["requests"], RUNTIME, code, url=origin.url, environ=environ, acts=acts) == 200
    assert (origin.received, origin.accepted) == (2, 2)


@pytest.mark.parametrize(("again", "accepted"), [(",again", 2), ("", 1)])
@pytest.mark.parametrize("client", ["requests", "httpx", "http.client"])
def test_what_a_freeze_took_away_is_opened_again_beside_the_next_invocation(
    run: Interpreter, origin: Origin, client: str, again: str, accepted: int
) -> None:
    code = """
        ready()
        lifecycle.starting("one")
        fetch(url)
        ready()
        act("close")
        lifecycle.starting("two")
        thread_ends()
        result = act("accepted")
        fetch(url)
        ready()
        lifecycle.starting("three")
        thread_ends()
    """
    acts = {"close": origin.close_idle, "accepted": lambda: origin.accepted}
    environ = {"KEEPALIVE_PRECONNECT": origin.url + again, "KEEPALIVE_METRICS": "off"}
    assert run(CLIENTS[client], RUNTIME, code, url=origin.url, environ=environ, acts=acts) == accepted
    assert (origin.received, origin.accepted) == (2, 2)
