"""The built layer in a local Lambda: wrapper, patches, invocation boundaries, record, extension, metrics line."""

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator, Invocation, Line
from tests.local.stand_ins import CARELESS, ROOT, write_function, write_script
from tests.support.certificates import Authority
from tests.support.origin import Origin

INVOCATIONS = 4
CALLS = 3
SAMPLES = sorted(path.parent for path in (ROOT / "samples").glob("python-*/app.py"))
NEEDS = {"python-requests": "requests", "python-urllib3": "urllib3", "python-boto3": "boto3"}


@pytest.fixture
def arguments(task_root: Path, keepalive_layer: Path, environ: dict[str, str]) -> dict[str, Any]:
    return {
        "handler": "app.handler",
        "task_root": write_function(task_root, CARELESS),
        "layer": keepalive_layer,
        "environ": environ,
    }


def event(origin: Origin, **more: object) -> dict[str, object]:
    return {"url": origin.url, "calls": CALLS, **more}


def ends(invocation: Invocation, line: Line) -> bool:
    """Whether this is the metrics line that the end of the invocation has caused."""
    return line.emf is not None and line.emf["requestId"] == invocation.request_id


class TestReuse:
    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
    def test_every_sample_opens_one_connection_in_all_its_invocations(
        self, sample: Path, arguments: dict[str, Any], origin: Origin
    ) -> None:
        if sample.name in NEEDS:
            pytest.importorskip(NEEDS[sample.name])
        arguments["task_root"] = sample
        arguments["environ"] |= {"TARGET_URL": origin.url, "TABLE_NAME": "items"}
        with Emulator(**arguments) as function:
            outcomes = [function.invoke(json.loads((sample / "event.json").read_text())) for _ in range(INVOCATIONS)]
            function.shutdown()
            emf = function.emf
        assert [outcome.error for outcome in outcomes] == [None] * INVOCATIONS
        assert (origin.received, origin.accepted) == (INVOCATIONS * CALLS, 1)
        assert [line["requestId"] for line in emf] == [outcome.request_id for outcome in outcomes]
        assert [line["RequestsSent"] for line in emf] == [CALLS] * INVOCATIONS
        assert [line["ConnectionsOpened"] for line in emf] == [1, 0, 0, 0]
        assert [line["ConnectionsReused"] for line in emf] == [CALLS - 1, CALLS, CALLS, CALLS]

    def test_the_function_notices_nothing_of_how_the_layer_was_started(
        self, arguments: dict[str, Any], task_root: Path
    ) -> None:
        code = """
            import os, sys
            def handler(event, context):
                return [sys.path, os.environ["PYTHONPATH"], sorted(os.environ), sys.argv]
        """
        write_function(task_root, code)
        with Emulator(**arguments) as function:
            path, pythonpath, names, argv = function.invoke({}).payload
        assert not [entry for entry in path if "lambda-keepalive" in entry]
        assert "lambda-keepalive" not in pythonpath
        bare = arguments | {"environ": dict(arguments["environ"], KEEPALIVE_ENABLED="0")}
        with Emulator(**bare) as function:
            bare_path, bare_pythonpath, bare_names, bare_argv = function.invoke({}).payload
        assert (path, pythonpath, argv) == (bare_path, bare_pythonpath, bare_argv)
        assert {*names, "KEEPALIVE_ENABLED"} == set(bare_names)

    def test_the_pth_file_is_enough(self, arguments: dict[str, Any], origin: Origin) -> None:
        """`sam local` in debug mode skips wrappers, and so does a function whose variables nobody may change."""
        del arguments["environ"]["AWS_LAMBDA_EXEC_WRAPPER"]
        with Emulator(**arguments) as function:
            for _ in range(INVOCATIONS):
                assert function.invoke(event(origin)).error is None
        assert origin.accepted == 1

    def test_another_wrapper_is_chained(self, arguments: dict[str, Any], origin: Origin, tmp_path: Path) -> None:
        other = write_script(tmp_path / "other", 'echo "the other wrapper"; exec "$@"\n')
        arguments["environ"]["KEEPALIVE_NEXT_WRAPPER"] = str(other)
        with Emulator(**arguments) as function:
            for _ in range(INVOCATIONS):
                assert function.invoke(event(origin)).error is None
            assert [line.text for line in function.lines].count("the other wrapper") == 1
        assert origin.accepted == 1

    @pytest.mark.parametrize("switch", [{"KEEPALIVE_ENABLED": "0"}, {"KEEPALIVE_MODE": "off"}], ids=str)
    def test_switched_off_it_does_nothing_and_says_nothing(
        self, switch: dict[str, str], arguments: dict[str, Any], origin: Origin
    ) -> None:
        arguments["environ"] |= switch
        with Emulator(**arguments) as function:
            for _ in range(2):
                assert function.invoke(event(origin)).error is None
            function.shutdown()
            assert function.lines == []
        assert origin.accepted == 2 * CALLS


class TestFreeze:
    def test_connection_closed_by_the_peer_during_a_freeze_is_replaced_without_an_error(
        self, arguments: dict[str, Any], origin: Origin
    ) -> None:
        """The FIN arrives while nothing runs; after the thaw the first call has to see it."""
        with Emulator(**arguments) as function:
            for _ in range(INVOCATIONS):
                assert function.invoke(event(origin)).error is None
                assert origin.close_idle() == 1
            function.shutdown()
            emf = function.emf
        assert origin.accepted == INVOCATIONS
        assert [line["StaleConnections"] for line in emf] == [0, 1, 1, 1]

    def test_every_line_is_out_after_shutdown(self, arguments: dict[str, Any], origin: Origin) -> None:
        """Frozen the moment the runtime is done, the extension may have its line only at the next thaw."""
        with Emulator(**arguments) as function:
            ids = [function.invoke(event(origin, calls=1)).request_id for _ in range(50)]
            function.shutdown()
            assert [line["requestId"] for line in function.emf] == ids

    def test_stopped_extension_delays_no_invocation(self, arguments: dict[str, Any], origin: Origin) -> None:
        with Emulator(**arguments, freeze=False) as function:
            function.initialize()
            os.kill(function.processes["lambda-keepalive"], signal.SIGSTOP)
            for _ in range(INVOCATIONS):
                assert function.invoke(event(origin)).error is None
            assert function.emf == []
            function.shutdown()
            assert len(function.emf) == INVOCATIONS


class TestReset:
    @pytest.mark.parametrize("ending", ["sleep", "crash"])
    def test_invocation_that_does_not_end_has_its_line_all_the_same(
        self, ending: str, arguments: dict[str, Any], origin: Origin
    ) -> None:
        with Emulator(**arguments, timeout=3) as function:
            lost, after = function.invoke(event(origin, then=ending)), function.invoke(event(origin))
            function.shutdown()
            emf = function.emf
        assert lost.error is not None
        assert after.error is None
        assert [line["requestId"] for line in emf] == [lost.request_id, after.request_id]
        assert emf[0]["shutdownReason"] == ("timeout" if ending == "sleep" else "failure")
        assert [line["coldStart"] for line in emf] == [True, True]
        assert [line["ConnectionsOpened"] for line in emf] == [1, 1]


class TestInitializationTypes:
    @pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency", "snap-start"])
    def test_line_names_the_initialization_type(self, kind: str, arguments: dict[str, Any], origin: Origin) -> None:
        with Emulator(**arguments, initialization_type=kind) as function:
            function.initialize()
            for _ in range(2):
                assert function.invoke(event(origin)).error is None
            function.shutdown()
            assert [line["initType"] for line in function.emf] == [kind, kind]
        assert origin.accepted == 1

    def test_workers_of_a_managed_instance_share_nothing(
        self, arguments: dict[str, Any], origin: Origin, authority: Authority
    ) -> None:
        pytest.importorskip("awslambdaric.lambda_multi_concurrent_utils", reason="awslambdaric before version 4")
        with Emulator(**arguments, max_concurrency=2) as function:
            outcomes = [function.invoke(event(origin)) for _ in range(2 * INVOCATIONS)]
            for outcome in outcomes:  # a response does not wait for its line, where invocations overlap
                function.wait_for_line(partial(ends, outcome))
            emf = function.emf
        assert [outcome.error for outcome in outcomes] == [None] * 2 * INVOCATIONS
        workers = {outcome.payload for outcome in outcomes}
        assert origin.accepted == len(workers) <= 2
        assert {line["requestId"] for line in emf} == {outcome.request_id for outcome in outcomes}
        assert sum(line["ConnectionsOpened"] for line in emf) == origin.accepted
