"""The built layer in AWS's own emulator: real awslambdaric, real extension, real /opt."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.local import Invocation, Line
from tests.local.network import Network
from tests.local.rie import RuntimeInterfaceEmulator
from tests.support.origin import Origin

INVOCATIONS = 4
CALLS = 3


@pytest.fixture
def arguments(task_root: Path, layer: Path, environ: dict[str, str], network: Network) -> dict[str, Any]:
    return {
        "handler": "app.handler",
        "task_root": task_root,
        "layer": layer,
        "environ": environ,
        "network": network,
    }


def ends(invocation: Invocation, line: Line) -> bool:
    """Whether this is the metrics line that the end of the invocation has caused."""
    return line.emf is not None and line.emf["requestId"] == invocation.request_id


def total(lines: list[dict[str, Any]], metric: str) -> int:
    return sum(line[metric] for line in lines)


def test_extension_registers_for_shutdown_only(arguments: dict[str, Any], origin: Origin) -> None:
    with RuntimeInterfaceEmulator(**arguments) as function:
        function.invoke({"url": origin.url, "calls": 0})
        line = function.wait_for_line(lambda line: "registered, subscribed to" in line.text)
    assert "External agent lambda-keepalive" in line.text
    assert line.text.endswith("subscribed to [SHUTDOWN]")


def test_twelve_careless_calls_in_four_invocations_open_one_connection(
    arguments: dict[str, Any], origin: Origin
) -> None:
    with RuntimeInterfaceEmulator(**arguments) as function:
        invocations = [function.invoke({"url": origin.url, "calls": CALLS}) for _ in range(INVOCATIONS)]
        function.shutdown()
        emf = function.emf
    assert [invocation.error for invocation in invocations] == [None] * INVOCATIONS
    assert (origin.received, origin.accepted) == (INVOCATIONS * CALLS, 1)
    assert [line["requestId"] for line in emf] == [invocation.request_id for invocation in invocations]
    assert [line["RequestsSent"] for line in emf] == [CALLS] * INVOCATIONS
    assert [line["ConnectionsOpened"] for line in emf] == [1, 0, 0, 0]
    assert [line["coldStart"] for line in emf] == [True, False, False, False]
    assert emf[0]["hosts"][0]["origin"] == origin.url


def test_without_the_layer_each_call_opens_its_own(arguments: dict[str, Any], origin: Origin) -> None:
    del arguments["layer"], arguments["environ"]["AWS_LAMBDA_EXEC_WRAPPER"]
    with RuntimeInterfaceEmulator(**arguments) as function:
        for _ in range(INVOCATIONS):
            assert function.invoke({"url": origin.url, "calls": CALLS}).error is None
        assert function.emf == []
    assert origin.accepted == INVOCATIONS * CALLS


def test_layer_without_the_wrapper_starts_from_its_pth_file(arguments: dict[str, Any], origin: Origin) -> None:
    del arguments["environ"]["AWS_LAMBDA_EXEC_WRAPPER"]
    with RuntimeInterfaceEmulator(**arguments) as function:
        for _ in range(INVOCATIONS):
            assert function.invoke({"url": origin.url, "calls": CALLS}).error is None
    assert origin.accepted == 1


@pytest.mark.parametrize("ending", ["sleep", "crash"])
def test_invocation_that_does_not_end_has_its_line_all_the_same(
    arguments: dict[str, Any], origin: Origin, ending: str
) -> None:
    """A timeout or a crash takes the runtime away; the extension prints what it had heard so far."""
    with RuntimeInterfaceEmulator(**arguments, timeout=3) as function:
        lost = function.invoke({"url": origin.url, "calls": CALLS, "then": ending})
        after = function.invoke({"url": origin.url, "calls": CALLS})
        function.shutdown()
        emf = function.emf
    assert lost.error is not None
    assert lost.timed_out == (ending == "sleep")
    assert after.error is None
    assert [line["requestId"] for line in emf] == [lost.request_id, after.request_id]
    assert emf[0]["ConnectionsOpened"] == 1
    assert "shutdownReason" in emf[0]
    assert "shutdownReason" not in emf[1]


def test_line_still_pending_at_sigterm_is_printed(arguments: dict[str, Any], origin: Origin) -> None:
    with RuntimeInterfaceEmulator(**arguments) as function:
        invocation = function.invoke({"url": origin.url, "calls": CALLS})
        function.shutdown()
        (line,) = function.emf
    assert line["requestId"] == invocation.request_id


def test_full_tmp_costs_the_metrics_only(arguments: dict[str, Any], origin: Origin) -> None:
    """With one inode, its root directory, /tmp has no room for the directory that the extension wants to make."""
    with RuntimeInterfaceEmulator(**arguments, tmp_options="nr_inodes=1") as function:
        invocations = [function.invoke({"url": origin.url, "calls": CALLS}) for _ in range(INVOCATIONS)]
        function.shutdown()
        lines = [line.text for line in function.lines if line.text.startswith("lambda-keepalive")]
        assert function.emf == []
    assert [invocation.error for invocation in invocations] == [None] * INVOCATIONS
    assert origin.accepted == 1
    assert len(lines) == 1, lines


class TestManagedInstances:
    def test_every_worker_keeps_its_own_connection(self, arguments: dict[str, Any], origin: Origin) -> None:
        """Workers are processes: two of them, two connections, however many invocations there are."""
        with RuntimeInterfaceEmulator(**arguments, max_concurrency=2) as function:
            invocations = [function.invoke({"url": origin.url, "calls": CALLS}) for _ in range(2 * INVOCATIONS)]
            for invocation in invocations:  # a response does not wait for its line, where invocations overlap
                function.wait_for_line(partial(ends, invocation))
            emf = function.emf
        assert [invocation.error for invocation in invocations] == [None] * 2 * INVOCATIONS
        workers = {invocation.payload for invocation in invocations}
        assert origin.accepted == len(workers) <= 2
        assert {line["requestId"] for line in emf} == {invocation.request_id for invocation in invocations}
        assert total(emf, "RequestsSent") == origin.received
        assert total(emf, "ConnectionsOpened") == origin.accepted
        assert {line["initType"] for line in emf} == {"lambda-managed-instances"}
