"""Callers who try again themselves: with the layer their servers get one request more at most, and never one in doubt.

A request that a layer sends twice and a library sends three times would be received six times. What the server
receives without the layer, from a client that is kept, is the measure.
"""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Exchange, Origin

# Each defines `call(method, url)` on a client that is kept and tries again; what it raises in the end does not matter.
CALLERS = {
    "urllib3, Retry": """
        import urllib3
        kept = urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=0, allowed_methods=ALLOWED))

        def call(method, url):
            return kept.request(method, url).data
    """,
    "requests, Retry": """
        import requests, urllib3
        from requests.adapters import HTTPAdapter
        kept = requests.Session()
        kept.mount("http://", HTTPAdapter(max_retries=urllib3.Retry(3, backoff_factor=0, allowed_methods=ALLOWED)))

        def call(method, url):
            return kept.request(method, url).content
    """,
    "requests, tenacity": """
        import requests, tenacity
        kept = requests.Session()

        @tenacity.retry(stop=tenacity.stop_after_attempt(4 if method == "GET" or ALLOWED is None else 1))
        def call(method, url):
            return kept.request(method, url).content
    """,
    "httpx, tenacity": """
        import httpx, tenacity
        kept = httpx.Client()

        @tenacity.retry(stop=tenacity.stop_after_attempt(4 if method == "GET" or ALLOWED is None else 1))
        def call(method, url):
            return kept.request(method, url).content
    """,
    "httpx, retries of its transport": """
        import httpx
        kept = httpx.Client(transport=httpx.HTTPTransport(retries=3))

        def call(method, url):
            return kept.request(method, url).content
    """,
    "httplib2": """
        import httplib2
        kept = httplib2.Http()

        def call(method, url):
            return kept.request(url, method)[1]
    """,
}
BOTOCORE = """
    import boto3
    from botocore.config import Config
    kept = boto3.client("s3", endpoint_url=url, config=Config(
        retries={"mode": mode, "total_max_attempts": 3}, s3={"addressing_style": "path"}
    ))
    # The pauses between two attempts are a second and more.
    import time
    time.sleep = lambda seconds: None

    def call(method, url):
        _, bucket, key = url.rsplit("/", 2)
        if method == "GET":
            return kept.get_object(Bucket=bucket, Key=key)["Body"].read()
        return kept.create_multipart_upload(Bucket=bucket, Key=key)
"""
STORY = """
    try:
        call("GET", url + "/bytes/3")
    except Exception:
        pass
    try:
        result = bool(call(method, url + "/bucket/end"))
    except Exception:
        result = False
"""


def received(run: Interpreter, *code: str, layer: bool, dies: int, **names: object) -> tuple[bool, int]:
    """Whether the caller got an answer, and how often the server received what it asked for.

    Args:
        dies: after how many requests on its connection the server hangs up in place of an answer.
    """
    times = []

    def end(exchange: Exchange) -> None:
        times.append(1)
        if exchange.request.number_on_connection > dies:
            exchange.hang_up()
        else:
            exchange.respond(200, b"<R><UploadId>1</UploadId></R>")

    with Origin() as server:
        server.route("/bucket/end", end)
        answered = run(*code, layer=layer, url=server.url, **names)
    return answered, len(times)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("caller", CALLERS)
def test_a_server_that_is_down_gets_one_request_more_than_the_caller_asks_for(
    run: Interpreter, caller: str, method: str
) -> None:
    """And no POST more, unless its caller sends it again anyway."""
    story = {"method": method, "ALLOWED": ["GET"]}
    without, with_layer = (
        received(run, CALLERS[caller], STORY, layer=layer, dies=0, **story) for layer in (False, True)
    )
    assert without[0] is with_layer[0] is False
    assert with_layer[1] - without[1] == (1 if method == "GET" else 0)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_connection_that_died_is_no_longer_the_callers_affair(run: Interpreter, caller: str) -> None:
    story = {"method": "GET", "ALLOWED": ["GET"]}
    assert received(run, CALLERS[caller], STORY, layer=True, dies=1, **story) == (True, 2)


@pytest.mark.parametrize("caller", ["urllib3, Retry", "requests, Retry", "requests, tenacity", "httpx, tenacity"])
def test_a_caller_who_sends_a_post_again_does_it_as_often_as_without_the_layer(run: Interpreter, caller: str) -> None:
    story = {"method": "POST", "ALLOWED": None}
    without, with_layer = (
        received(run, CALLERS[caller], STORY, layer=layer, dies=0, **story) for layer in (False, True)
    )
    assert with_layer == without == (False, 4)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_botocore_tries_as_often_as_it_is_told_to(run: Interpreter, mode: str, method: str) -> None:
    story = {"method": method, "mode": mode}
    without, with_layer = (received(run, BOTOCORE, STORY, layer=layer, dies=0, **story) for layer in (False, True))
    assert without == (False, 3)
    assert with_layer == (False, 4 if method == "GET" else 3)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_botocore_does_not_notice_that_a_connection_died(run: Interpreter, mode: str) -> None:
    assert received(run, BOTOCORE, STORY, layer=True, dies=1, method="GET", mode=mode) == (True, 2)
