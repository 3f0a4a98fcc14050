"""Invocations by callback, by stream, several at once, and those that never end: what counts where, and what lasts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local import Emulator
from tests.support.origin import Origin

CALL = """
    'use strict';
    const https = require('node:https');
    const call = (url) => new Promise((resolve, reject) => {
      https.get(url, { agent: new https.Agent() }, (response) => response.resume().on('end', resolve))
        .on('error', reject);
    });
"""
CALLBACK = """
    exports.handler = (event, context, callback) => {
      call(event.url).then(() => callback(null, 'done'), callback);
    };
"""
STREAM = """
    exports.handler = awslambda.streamifyResponse(async (event, stream) => {
      stream.write('"after ');
      for (let each = 0; each < event.calls; each += 1) await call(event.url);
      stream.write(`${event.calls} calls"`);
      stream.end();
    });
"""
PROMISE = """
    exports.handler = async (event) => {
      for (let each = 0; each < event.calls; each += 1) await call(event.url);
      if (event.then === 'fail') throw new Error('wanted');
      if (event.then === 'crash') process.exit(3);
      return 'done';
    };
"""
LASTING = """
    let kept;
    exports.handler = async ({ url, commands }) => {
      for (const command of commands) {
        if (command === 'make') kept = make(url);
        else if (command === 'call') await ask(kept, url);
        else kept.destroy();
      }
    };
"""
AGENT = (
    """
    const https = require('node:https');
    const make = () => new https.Agent({ keepAlive: true });
    const ask = (agent, url) => new Promise((resolve, reject) => {
      https.get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
"""
    + LASTING
)
SDK = (
    """
    const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');
    const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
    const make = (endpoint) => new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
    const ask = (client) => client.send(new GetItemCommand({ TableName: 'items', Key: { id: { S: '1' } } }));
"""
    + LASTING
)
CALLERS = {"https": "https_", "fetch": "async (url) => (await fetch(url)).text()"}
# Each invocation makes its calls while another one is there, and returns the most that were there at once.
MEETING = """
    const events = require('node:events');
    const arrivals = new events.EventEmitter();
    let here = 0;
    exports.handler = async (event) => {
      here += 1;
      if (here < 2) await events.once(arrivals, 'second');
      else arrivals.emit('second');
      const met = here;
      for (let each = 0; each < event.calls; each += 1) await call(event.url);
      here -= 1;
      return met;
    };
"""


def test_a_handler_with_a_callback_waits_for_nothing_of_ours(
    function: Callable[..., Emulator], origin: Origin, version: str
) -> None:
    """The runtime waits for an empty event loop: idle connections are none of its concern."""
    if version == "24":
        pytest.skip("Node 24's runtime knows no callbacks")
    with function(CALL + CALLBACK) as sandbox:
        payloads = [sandbox.invoke({"url": origin.url}).payload for _ in range(3)]
        sandbox.shutdown()
        emf = sandbox.emf
    assert payloads == ["done"] * 3
    assert origin.accepted == 1
    assert [line["RequestsSent"] for line in emf] == [1, 1, 1]


def test_a_streamed_response_ends_its_invocation(function: Callable[..., Emulator], origin: Origin) -> None:
    """It goes out by `http`, request by request of the runtime's own, which are none of the function's."""
    with function(CALL + STREAM) as sandbox:
        payloads = [sandbox.invoke({"url": origin.url, "calls": calls}).payload for calls in (2, 3)]
        sandbox.shutdown()
        emf = sandbox.emf
    assert payloads == ["after 2 calls", "after 3 calls"]
    assert [line["RequestsSent"] for line in emf] == [2, 3]
    assert origin.accepted == 1


def test_a_failed_invocation_has_its_line(function: Callable[..., Emulator], origin: Origin) -> None:
    with function(CALL + PROMISE) as sandbox:
        failed = sandbox.invoke({"url": origin.url, "calls": 2, "then": "fail"})
        sandbox.invoke({"url": origin.url, "calls": 1})
        sandbox.shutdown()
        emf = sandbox.emf
    assert failed.error is not None
    assert failed.error["errorMessage"] == "wanted"
    assert emf[0]["requestId"] == failed.request_id
    assert [line["RequestsSent"] for line in emf] == [2, 1]
    assert origin.accepted == 1


def test_a_crash_leaves_a_line(function: Callable[..., Emulator], origin: Origin) -> None:
    """What was counted until the last event worth a checkpoint."""
    with function(CALL + PROMISE) as sandbox:
        crashed = sandbox.invoke({"url": origin.url, "calls": 2, "then": "crash"})
        assert crashed.error is not None
        lines = [line for line in sandbox.emf if line["requestId"] == crashed.request_id]
    assert [line["ConnectionsOpened"] for line in lines] == [1]


@pytest.mark.parametrize("sdk", [False, True])
def test_what_lived_longer_than_the_invocation_is_destroyed_as_asked(
    function: Callable[..., Emulator], origin: Origin, sdk: bool
) -> None:
    """Programs react to trouble that way; at the end of the invocation in which it was made it is mere tidiness."""
    with function(SDK if sdk else AGENT) as sandbox:

        def invoke(*commands: str) -> int:
            assert sandbox.invoke({"url": origin.url, "commands": commands}).error is None
            return origin.accepted

        assert invoke("make", "call", "destroy") == 1
        assert invoke("make", "call", "destroy") == 1, "made in the same invocation"
        assert invoke("make", "call") == 1
        assert invoke("call", "destroy") == 1
        origin.wait_for(lambda: origin.open == 0)
        assert invoke("make", "call") == 2


def test_connections_of_the_init_belong_to_the_first_invocation(
    function: Callable[..., Emulator], origin: Origin
) -> None:
    early = PROMISE.replace("async (event) => {", "async (event) => { await ready;")
    source = f"{CALL}const ready = call('{origin.url}');\n{early}"
    with function(source) as sandbox:
        sandbox.invoke({"url": origin.url, "calls": 2})
        sandbox.shutdown()
        (line,) = sandbox.emf
    assert (line["RequestsSent"], line["ConnectionsOpened"], origin.accepted) == (3, 1, 1)


def at_once(invoke: Callable[[int], None], *calls: int) -> None:
    """Invoke at the same time with so many calls each; what one of them raises is raised here."""
    with ThreadPoolExecutor(len(calls)) as threads:
        list(threads.map(invoke, calls))


def test_several_invocations_at_once_have_their_own_counts(
    function: Callable[..., Emulator], origin: Origin, version: str
) -> None:
    """Managed Instances: worker threads, each with counters of its own."""
    if version != "24":
        pytest.skip("Managed Instances run Node 24 and newer")
    with function(CALL + PROMISE, max_concurrency=2) as sandbox:
        sandbox.initialize()
        results = {}

        def invoke(calls: int) -> None:
            for _ in range(4):
                invocation = sandbox.invoke({"url": origin.url, "calls": calls})
                results[invocation.request_id] = (invocation.payload, calls)

        at_once(invoke, 2, 5)
        # The response is on its way before its record is: the last one may be cut off by a shutdown.
        sandbox.wait_for_line(lambda _: {line["requestId"] for line in sandbox.emf} >= set(results))
        sandbox.shutdown()
        emf = {line["requestId"]: line["RequestsSent"] for line in sandbox.emf}
    assert {payload for payload, _ in results.values()} == {"done"}
    assert emf == {request_id: calls for request_id, (_, calls) in results.items()}


@pytest.mark.parametrize("client", ["https", "fetch"])
def test_invocations_in_one_thread_are_told_apart(
    function: Callable[..., Emulator], origin: Origin, version: str, client: str
) -> None:
    """One worker thread in which all of them run: what happens belongs to the one that the runtime's store names."""
    if version != "24":
        pytest.skip("Managed Instances run Node 24 and newer")
    source = CALL.replace("const call =", "const https_ =") + f"const call = {CALLERS[client]};" + MEETING
    environ = {"AWS_LAMBDA_NODEJS_WORKER_COUNT": "1"}
    expected = {}
    with function(source, environ, max_concurrency=2) as sandbox:
        sandbox.initialize()

        def invoke(calls: int) -> None:
            invocation = sandbox.invoke({"url": origin.url, "calls": calls})
            expected[invocation.request_id] = calls
            assert invocation.payload == 2, "both at once"

        for _ in range(3):
            at_once(invoke, 2, 5)
        sandbox.wait_for_line(lambda _: {line["requestId"] for line in sandbox.emf} >= set(expected))
        sandbox.shutdown()
        emf = {line["requestId"]: line for line in sandbox.emf}
    assert {request_id: line["RequestsSent"] for request_id, line in emf.items()} == expected
    assert sum(line["ConnectionsOpened"] for line in emf.values()) == origin.accepted
    assert origin.accepted <= 2


@pytest.mark.parametrize("metrics", ["off", "all"])
def test_metrics_can_be_chosen(function: Callable[..., Emulator], origin: Origin, metrics: str) -> None:
    with function(CALL + PROMISE, {"KEEPALIVE_METRICS": metrics}) as sandbox:
        sandbox.invoke({"url": origin.url, "calls": 2})
        sandbox.shutdown()
        emf = sandbox.emf
    assert len(emf) == (0 if metrics == "off" else 1)
    if emf:
        assert emf[0]["TlsHandshakes"] == 1
