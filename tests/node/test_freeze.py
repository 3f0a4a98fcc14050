"""Functions that are really frozen, with servers that close, reset, say something or vanish meanwhile.

The server counts: nothing is sent twice, and what may be sent again reaches it without an error for the function.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.local import Emulator
from tests.local.required import ROOT, require
from tests.support.origin import Origin

SOURCE = """
    'use strict';
    const https = require('node:https');
    const {{ prepare }} = require('./calls.cjs');
    const lasting = new https.Agent({{ keepAlive: true }});

    function send(url, options) {{
      return new Promise((resolve, reject) => {{
        const request = https.request(url, options, (response) => response.resume().on('end', resolve));
        request.on('error', reject).end(options.body);
      }});
    }}

    const call = {{
      get: (url) => send(url, {{ agent: new https.Agent() }}),
      lasting: (url) => send(url, {{ agent: lasting }}),
      post: (url) => send(url, {{ agent: new https.Agent(), method: 'POST', body: 'once' }}),
      key: (url) => send(url, {{
        agent: new https.Agent(), method: 'POST', body: 'once', headers: {{ 'Idempotency-Key': '1' }},
      }}),
      put: (url) => send(url, {{ agent: new https.Agent(), method: 'PUT', body: 'x'.repeat(20000) }}),
      fetch: async (url) => (await fetch(url)).text(),
      'fetch post': async (url) => (await fetch(url, {{ method: 'POST', body: 'once' }})).text(),
      undici: prepare('undici 7'),
      sdk: prepare('aws-sdk 3'),
    }}[{call!r}];
    exports.handler = async (event) => {{
      try {{
        await call(event.url);
        return 'done';
      }} catch (error) {{
        return (error.cause ?? error).code ?? error.name;
      }}
    }};
"""
CALLS = ("get", "lasting", "post", "key", "put", "fetch", "fetch post", "undici", "sdk")
FREEZES = 3

STORIES: dict[str, Callable[[Origin], int]] = {
    "closes": Origin.close_idle,
    "dies": lambda origin: origin.close_idle(close_notify=False),
    "resets": Origin.reset_idle,
    "half-closes": Origin.half_close_idle,
    "speaks": Origin.send_surplus,
}


@pytest.mark.parametrize("call", CALLS)
def test_what_the_server_did_meanwhile_does_not_reach_the_function(
    function: Callable[..., Emulator], origin: Origin, call: str
) -> None:
    with function(SOURCE.format(call=call)) as sandbox:
        assert sandbox.invoke({"url": origin.url}).payload == "done"
        for story, act in STORIES.items():
            assert act(origin) == 1, story
            assert sandbox.invoke({"url": origin.url}).payload == "done", story
        sandbox.shutdown()
        emf = sandbox.emf
    assert (origin.received, origin.accepted) == (len(STORIES) + 1, len(STORIES) + 1)
    assert [line["StaleConnections"] for line in emf] == [0] + [1] * len(STORIES)


@pytest.mark.parametrize("call", ["get", "lasting", "key", "put", "fetch", "undici"])
def test_a_request_is_sent_again_if_it_may_be(function: Callable[..., Emulator], origin: Origin, call: str) -> None:
    """The server closes just when the request arrives: nobody could have seen it before."""
    with function(SOURCE.format(call=call)) as sandbox:
        assert sandbox.invoke({"url": origin.url}).payload == "done"
        for _ in range(FREEZES):
            assert origin.ambush_idle() == 1
            assert sandbox.invoke({"url": origin.url}).payload == "done"
        sandbox.shutdown()
        emf = sandbox.emf
    assert (origin.received, origin.accepted) == (FREEZES + 1, FREEZES + 1)
    assert [line["StaleConnections"] for line in emf] == [0] + [1] * FREEZES


@pytest.mark.parametrize(
    ("call", "environ"),
    [
        ("post", {}),
        ("fetch post", {}),
        ("get", {"KEEPALIVE_REPLAY": "0"}),
        ("fetch", {"KEEPALIVE_REPLAY": "0"}),
    ],
)
def test_a_request_is_not_sent_again_else(
    function: Callable[..., Emulator], origin: Origin, call: str, environ: dict[str, str]
) -> None:
    with function(SOURCE.format(call=call), environ) as sandbox:
        assert sandbox.invoke({"url": origin.url}).payload == "done"
        assert origin.ambush_idle() == 1
        assert sandbox.invoke({"url": origin.url}).payload in ("ECONNRESET", "EPIPE", "UND_ERR_SOCKET")
        assert sandbox.invoke({"url": origin.url}).payload == "done"
        sandbox.shutdown()
        emf = sandbox.emf
    assert (origin.received, origin.accepted) == (2, 2)
    assert [line["StaleConnections"] for line in emf] == [0, 1, 0]


@pytest.mark.parametrize("call", ["get", "lasting", "fetch"])
def test_a_freeze_counts_as_idle_time(function: Callable[..., Emulator], origin: Origin, call: str) -> None:
    """Timers do not run in a frozen sandbox; clocks do."""
    with function(SOURCE.format(call=call), {"KEEPALIVE_IDLE_TIMEOUT": "0.2"}) as sandbox:
        for _ in range(FREEZES):
            assert sandbox.invoke({"url": origin.url}).payload == "done"
            time.sleep(0.3)
        sandbox.shutdown()
        emf = sandbox.emf
    assert (origin.received, origin.accepted) == (FREEZES, FREEZES)
    assert sum(line["StaleConnections"] for line in emf) == 0


@pytest.mark.parametrize("call", ["get", "lasting", "fetch"])
def test_a_server_that_vanished_answers_with_a_reset(
    function: Callable[..., Emulator], origin: Origin, call: str
) -> None:
    require(ROOT, "root, to make a server forget its connections")
    with function(SOURCE.format(call=call)) as sandbox:
        assert sandbox.invoke({"url": origin.url}).payload == "done"
        assert origin.vanish_idle() == 1
        assert sandbox.invoke({"url": origin.url}).payload == "done"
    assert (origin.received, origin.accepted) == (2, 2)
