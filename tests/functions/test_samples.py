"""The samples, run as functions that are frozen between invocations: what the server counts, the metrics say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functions.conftest import ROOT
from tests.local import Emulator
from tests.support.origin import Origin

SAMPLES = ["python-boto3", "python-http-client", "python-requests", "python-urllib", "python-urllib3"]
INVOCATIONS = 4
CALLS = 3


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_opens_one_connection_and_its_metrics_say_so(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin, sample: str
) -> None:
    counts = []
    with sandbox(ROOT / "samples" / sample, built) as function:
        invocations = []
        for _ in range(INVOCATIONS):
            accepted, received = origin.accepted, origin.received
            invocations.append(function.invoke({}))
            counts.append((origin.received - received, origin.accepted - accepted))
        function.shutdown()
        metrics = function.emf
        assert [line for line in function.lines if line.emf is None] == []
    assert [invocation.payload for invocation in invocations] == [{"status": 200, "calls": CALLS}] * INVOCATIONS
    assert counts == [(3, 1), (3, 0), (3, 0), (3, 0)]

    assert [line["requestId"] for line in metrics] == [invocation.request_id for invocation in invocations]
    assert [(line["RequestsSent"], line["ConnectionsOpened"]) for line in metrics] == counts
    assert [line["ConnectionsReused"] for line in metrics] == [2, 3, 3, 3]
    assert [line["StaleConnections"] for line in metrics] == [0] * INVOCATIONS
    assert [line["ConnectionsIdle"] for line in metrics] == [1] * INVOCATIONS
    assert [line["coldStart"] for line in metrics] == [True, False, False, False]
    assert [line["FunctionName"] for line in metrics] == ["function"] * INVOCATIONS
    for line, (requests, opened) in zip(metrics, counts, strict=True):
        (host,) = line["hosts"]
        assert host["origin"] == origin.url
        assert (host["requests"], host["opened"], host["reused"]) == (requests, opened, requests - opened)


def test_each_origin_has_its_own_counts(sandbox: Callable[..., Emulator], built: Path, origin: Origin) -> None:
    with Origin() as other, sandbox(ROOT / "samples/python-requests", built) as function:
        function.invoke({"calls": 5})
        function.invoke({"url": other.url, "calls": 2})
        function.shutdown()
        first, second = function.emf
    assert [(host["origin"], host["requests"]) for host in first["hosts"]] == [(origin.url, 5)]
    assert [(host["origin"], host["requests"]) for host in second["hosts"]] == [(other.url, 2)]
    assert second["ConnectionsIdle"] == 2


def test_what_the_server_closed_during_a_freeze_is_counted_stale(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin
) -> None:
    with sandbox(ROOT / "samples/python-requests", built) as function:
        function.invoke({})
        assert origin.close_idle() == 1
        invocation = function.invoke({})
        function.shutdown()
        _, metrics = function.emf
    assert invocation.payload == {"status": 200, "calls": 3}
    assert (metrics["StaleConnections"], metrics["ConnectionsOpened"], metrics["ConnectionsReused"]) == (1, 1, 2)
    assert metrics["discarded"] == {"stale": 1}
    assert metrics["notReused"] == {"stale": 1}


def test_an_invocation_without_a_call_has_a_line_of_zeros(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin
) -> None:
    with sandbox(ROOT / "samples/python-requests", built) as function:
        function.invoke({"calls": 0})
        function.shutdown()
        (metrics,) = function.emf
    assert (metrics["RequestsSent"], metrics["ConnectionsOpened"]) == (0, 0)
    assert "hosts" not in metrics
    assert origin.received == 0


def test_the_runtime_api_is_in_no_count(sandbox: Callable[..., Emulator], built: Path) -> None:
    with sandbox(ROOT / "samples/python-requests", built, {"KEEPALIVE_METRICS": "all"}) as function:
        function.invoke({})
        function.invoke({})
        function.shutdown()
        metrics = function.emf
    assert [len(line["hosts"]) for line in metrics] == [1, 1]
    assert [line["ConnectionsDiscarded"] for line in metrics] == [0, 0]


def test_a_function_that_crashes_starts_cold_again_and_keeps_nothing(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin, tmp_path: Path
) -> None:
    code = (ROOT / "samples/python-requests/app.py").read_text()
    (tmp_path / "app.py").write_text(
        code + "\n\ncareless = handler\ndef handler(event, context):\n"
        "    result = careless(event, context)\n    os._exit(1) if event.get('crash') else None\n    return result\n"
    )
    with sandbox(tmp_path, built) as function:
        crashed = function.invoke({"crash": True})
        after = function.invoke({})
        function.shutdown()
        metrics = {line["requestId"]: line for line in function.emf}
    assert crashed.error is not None
    assert after.payload == {"status": 200, "calls": 3}
    assert origin.accepted == 2
    assert metrics[after.request_id]["coldStart"] is True
    assert metrics[crashed.request_id]["RequestsSent"] >= 1  # from the checkpoint
