"""What the local emulator promises, which is what the platform does: a book, from INIT to SHUTDOWN."""

import json
import os
import select
import signal
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator, Fault, Invocation, Line
from tests.local.stand_ins import write_extension, write_function, write_script

HELLO = """
    import os

    count = 0

    def handler(event, context):
        global count
        count += 1
        print("invocation", count)
        return {"event": event, "count": count, "pid": os.getpid()}
"""
# A handler that does as the event says.
OBEDIENT = """
    import os, time

    def handler(event, context):
        if event == "sleep":
            time.sleep(60)
        if event == "crash":
            os._exit(3)
        if event == "raise":
            raise ValueError("no")
        return os.getpid()
"""


def events(function: Emulator, source: str) -> list[dict[str, Any]]:
    """The events that a stand-in extension has printed."""
    printed = [json.loads(line.text) for line in function.lines if line.source == source]
    return [event for event in printed if "eventType" in event]


def kinds(function: Emulator, source: str) -> list[str]:
    return [event.get("shutdownReason", event["eventType"]) for event in events(function, source)]


def state(pid: int) -> str:
    """The kernel's letter for the state of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class TestInvocation:
    def test_one_process_serves_all_invocations(self, task_root: Path) -> None:
        with Emulator(handler="app.handler", task_root=write_function(task_root, HELLO)) as function:
            first, second = function.invoke({"key": "ä"}), function.invoke(None)
        assert first.payload == {"event": {"key": "ä"}, "count": 1, "pid": first.payload["pid"]}
        assert second.payload == {"event": None, "count": 2, "pid": first.payload["pid"]}
        assert (first.error, first.timed_out) == (None, False)

    def test_lines_belong_to_the_invocation_that_printed_them(self, task_root: Path) -> None:
        with Emulator(handler="app.handler", task_root=write_function(task_root, HELLO)) as function:
            lines = [function.invoke({}).lines for _ in range(3)]
        assert lines == [[Line("runtime", f"invocation {n}")] for n in (1, 2, 3)]

    def test_context_tells_what_the_configuration_says(self, task_root: Path) -> None:
        code = """
            def handler(event, context):
                return [context.aws_request_id, context.function_name, context.memory_limit_in_mb,
                        context.invoked_function_arn, 0 < context.get_remaining_time_in_millis() <= 40000]
        """
        with Emulator(
            handler="app.handler",
            task_root=write_function(task_root, code),
            name="greeter",
            memory=512,
            timeout=40,
        ) as function:
            invocation = function.invoke({})
        arn = "arn:aws:lambda:us-east-1:012345678912:function:greeter"
        assert invocation.payload == [invocation.request_id, "greeter", "512", arn, True]

    def test_exception_of_the_handler_is_the_callers_error_and_costs_no_sandbox(self, task_root: Path) -> None:
        with Emulator(handler="app.handler", task_root=write_function(task_root, OBEDIENT)) as function:
            before, failed, after = (function.invoke(event) for event in ("", "raise", ""))
        assert failed.error is not None
        assert (failed.error["errorType"], failed.error["errorMessage"]) == ("ValueError", "no")
        assert failed.payload is None
        assert before.payload == after.payload

    def test_waiting_for_a_line_that_never_comes_tells_what_was_printed(self, task_root: Path) -> None:
        with Emulator(handler="app.handler", task_root=write_function(task_root, HELLO)) as function:
            function.invoke({})
            assert function.wait_for_line(lambda line: "invocation" in line.text).text == "invocation 1"
            with pytest.raises(TimeoutError, match="runtime: invocation 1"):
                function.wait_for_line(lambda line: False, timeout=0.01)


class TestEnvironment:
    def test_nothing_of_the_callers_environment_but_path_gets_in(
        self, task_root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = "import os\ndef handler(event, context): return dict(os.environ)"
        for name in ("PYTHONPATH", "HTTPS_PROXY", "SSL_CERT_FILE", "CALLERS_OWN"):
            monkeypatch.setenv(name, "of the caller")
        with Emulator(
            handler="app.handler", task_root=write_function(task_root, code), environ={"TABLE": "users"}
        ) as function:
            environ = function.invoke({}).payload
        assert "of the caller" not in environ.values()
        assert environ["PATH"] == os.environ["PATH"]
        assert environ["TABLE"] == "users"
        assert environ["_HANDLER"] == "app.handler"
        assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python{}.{}".format(*sys.version_info)
        assert environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
        assert environ["PYTHONPATH"] == environ["LAMBDA_RUNTIME_DIR"]  # set by the bootstrap, for child processes
        assert not any(name.startswith("LAMBDA_LOCAL") for name in environ)

    def test_extensions_do_not_see_what_belongs_to_the_runtime(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "curious", "--print-environment")
        with Emulator(
            handler="app.handler",
            task_root=write_function(task_root, HELLO),
            layer=layer,
            environ={"TABLE": "users"},
        ) as function:
            function.invoke({})
            environ = json.loads(function.lines[0].text)
        assert environ["TABLE"] == "users"
        assert environ["AWS_LAMBDA_FUNCTION_NAME"] == "function"
        assert environ["KEEPALIVE_RUNTIME_DIR"]
        withheld = {"_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_LOG_GROUP_NAME"}
        assert not withheld & environ.keys()
        assert not any(name.startswith("LAMBDA_LOCAL") for name in environ)

    def test_import_path_is_function_then_layer_then_runtime(self, task_root: Path, layer: Path) -> None:
        code = "import sys\ndef handler(event, context): return sys.path"
        packages = "lib/python{}.{}/site-packages".format(*sys.version_info)
        (layer / "python" / packages).mkdir(parents=True)
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            path = function.invoke({}).payload
        assert path[:3] == [str(task_root), str(layer / "python" / packages), str(layer / "python")]
        assert path.index(f"{sys.prefix}/{packages}") == 3

    def test_pth_files_of_layers_run_before_the_function(self, task_root: Path, layer: Path) -> None:
        (layer / "python").mkdir()
        (layer / "python" / "early.pth").write_text("import sys; sys.early = 'awslambdaric' in sys.modules\n")
        code = "import sys\ndef handler(event, context): return sys.early"
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            assert function.invoke({}).payload is True

    def test_pythonpath_set_by_the_user_leaves_the_layers_out(self, task_root: Path, layer: Path) -> None:
        """The bootstrap's own rule, and the reason why an exec wrapper must not leave PYTHONPATH set."""
        code = "import os, sys\ndef handler(event, context): return [sys.path, os.environ['PYTHONPATH']]"
        (layer / "python").mkdir()
        write_function(task_root, code)
        with Emulator(
            handler="app.handler", task_root=task_root, layer=layer, environ={"PYTHONPATH": "/opt/python/own"}
        ) as function:
            path, pythonpath = function.invoke({}).payload
        assert str(layer / "python") not in path
        assert pythonpath == str(layer / "python" / "own")


class TestWrapper:
    def test_wrapper_gets_interpreter_and_bootstrap_and_no_pythonpath(self, task_root: Path, layer: Path) -> None:
        write_script(layer / "wrapper", 'echo "$0 ${1##*/} ${2##*/} $# ${PYTHONPATH-unset}"; exec "$@"\n')
        environ = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, environ=environ) as function:
            assert function.invoke({}).error is None
            said = function.lines[0].text
        version = "python{}.{}".format(*sys.version_info)
        assert said == f"{layer}/wrapper {version} bootstrap.py 2 unset"

    @pytest.mark.parametrize(
        ("mode", "status", "complaint"),
        [(None, 127, "does not exist"), (0o644, 126, "is not an executable")],
        ids=["missing", "not executable"],
    )
    def test_unusable_wrapper_fails_every_invocation(
        self, task_root: Path, layer: Path, mode: int | None, status: int, complaint: str
    ) -> None:
        if mode is not None:
            write_script(layer / "wrapper", "", mode)
        environ = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, environ=environ) as function:
            invocations = [function.invoke({}) for _ in range(2)]
        for invocation in invocations:
            assert invocation.error is not None
            assert invocation.error["errorType"] == "Runtime.ExitError"
            assert invocation.error["errorMessage"].endswith(f"exit status {status}")
            assert [line.text for line in invocation.lines] == [f"{layer}/wrapper: {complaint}"]


class TestInit:
    def test_runtime_starts_after_every_extension_has_registered(self, task_root: Path, layer: Path) -> None:
        for name in ("first", "second"):
            write_extension(layer, name)
        write_function(task_root, "print('imported')\ndef handler(event, context): pass")
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            function.initialize()
            lines = function.lines
        assert {line.source for line in lines[:2]} == {"first", "second"}
        assert lines[2] == Line("runtime", "imported")
        registered = {"registered": 200, "functionName": "function", "functionVersion": "$LATEST"}
        assert json.loads(lines[0].text) == registered | {"handler": "app.handler"}

    def test_error_while_importing_is_the_callers_error_and_the_next_invocation_tries_again(
        self, task_root: Path
    ) -> None:
        write_function(task_root, "raise RuntimeError('not today')")
        with Emulator(handler="app.handler", task_root=task_root) as function:
            failed = function.invoke({})
            write_function(task_root, HELLO)
            recovered = function.invoke({})
        assert failed.error is not None
        assert (failed.error["errorType"], failed.error["errorMessage"]) == ("RuntimeError", "not today")
        assert recovered.payload["count"] == 1

    def test_directory_that_does_not_exist_is_the_callers_mistake(self, tmp_path: Path, layer: Path) -> None:
        write_extension(layer, "extension")
        with Emulator(handler="app.handler", task_root=tmp_path / "missing", layer=layer) as function:
            with pytest.raises(FileNotFoundError, match="missing"):
                function.invoke({})
            assert function.processes == {}

    def test_init_ahead_of_an_invocation_tells_its_failure(self, task_root: Path) -> None:
        write_function(task_root, "raise RuntimeError('not today')")
        with (
            Emulator(handler="app.handler", task_root=task_root) as function,
            pytest.raises(Fault, match="not today"),
        ):
            function.initialize()

    def test_file_that_cannot_be_executed_in_the_extensions_folder_fails_the_function(
        self, task_root: Path, layer: Path
    ) -> None:
        """A README in extensions/ is enough."""
        write_script(layer / "extensions" / "README.md", "", mode=0o644)
        with Emulator(handler="app.handler", task_root=write_function(task_root, HELLO), layer=layer) as function:
            invocation = function.invoke({})
        assert invocation.error is not None
        assert invocation.error["errorType"] == "Extension.LaunchError"

    def test_folders_in_the_extensions_folder_are_ignored(self, task_root: Path, layer: Path) -> None:
        write_script(layer / "extensions" / "folder" / "program", "exit 1\n", mode=0o644)
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            assert function.invoke({}).error is None

    def test_extension_that_exits_in_init_is_a_crash(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "fragile", "--exit-on", "INIT")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            invocation = function.invoke({})
        assert invocation.error is not None
        assert invocation.error["errorType"] == "Extension.Crash"


class TestFreeze:
    def test_sandbox_is_stopped_between_invocations(self, task_root: Path, layer: Path) -> None:
        """Runtime, extensions and the runtime's children: nothing runs until the next invocation."""
        code = """
            import subprocess
            child = subprocess.Popen(["sleep", "60"])
            def handler(event, context):
                return [child.pid, open(f"/proc/{child.pid}/stat").read().split()[2]]
        """
        write_extension(layer, "extension")
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            child, state_in_handler = function.invoke({}).payload
            assert state_in_handler != "T"
            frozen = {name: state(pid) for name, pid in function.processes.items()}
            assert frozen == {"extension": "T", "runtime": "T"}
            # The kernel tells the parent alone when a process has stopped, and the child's parent is stopped itself.
            deadline = time.monotonic() + 30
            while state(child) != "T" and time.monotonic() < deadline:
                time.sleep(0.001)
            assert state(child) == "T"
            assert function.invoke({}).payload[1] != "T"
            function.thaw()
            assert "T" not in [state(pid) for pid in function.processes.values()]
            function.freeze()
            assert [state(pid) for pid in function.processes.values()] == ["T", "T"]

    def test_sandbox_runs_on_where_freezing_is_off(self, task_root: Path) -> None:
        code = """
            import threading
            def handler(event, context):
                threading.Timer(0.01, print, ["after the response"]).start()
        """
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root, freeze=False) as function:
            function.invoke({})
            function.wait_for_line(lambda line: line.text == "after the response")

    def test_work_left_over_is_done_after_the_thaw(self, task_root: Path) -> None:
        code = """
            import threading
            def handler(event, context):
                if event == "begin":
                    threading.Timer(0.2, print, ["left over"]).start()
        """
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root) as function:
            assert function.invoke("begin").lines == []
            function.thaw()
            function.wait_for_line(lambda line: line.text == "left over")

    def test_invocation_lasts_until_the_extensions_subscribed_to_it_are_done(
        self, task_root: Path, layer: Path
    ) -> None:
        write_extension(layer, "subscribed")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            invocations = [function.invoke({}) for _ in range(3)]
            assert [event["requestId"] for event in events(function, "subscribed")] == [
                invocation.request_id for invocation in invocations
            ]

    def test_extension_without_invoke_is_never_waited_for(self, task_root: Path, layer: Path) -> None:
        """Stopped for good, it delays no invocation."""
        write_extension(layer, "aside", "--events", "SHUTDOWN")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, freeze=False) as function:
            function.initialize()
            os.kill(function.processes["aside"], signal.SIGSTOP)
            assert [function.invoke({}).error for _ in range(3)] == [None, None, None]


class TestReset:
    def test_function_that_takes_too_long_is_ended_and_begins_anew(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "witness")
        write_function(task_root, OBEDIENT)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, timeout=1.5) as function:
            first, late, next_one = (function.invoke(event) for event in ("", "sleep", ""))
            assert kinds(function, "witness") == ["INVOKE", "INVOKE", "timeout", "INVOKE"]
        assert late.timed_out
        assert late.error is not None
        assert late.error["errorMessage"].endswith("Task timed out after 1.50 seconds")
        assert next_one.error is None
        assert next_one.payload != first.payload

    def test_function_that_dies_is_an_error_and_begins_anew(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "witness")
        write_function(task_root, OBEDIENT)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            first, crashed, next_one = (function.invoke(event) for event in ("", "crash", ""))
            assert kinds(function, "witness") == ["INVOKE", "INVOKE", "failure", "INVOKE"]
        assert crashed.error is not None
        assert crashed.error["errorType"] == "Runtime.ExitError"
        assert crashed.error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
        assert next_one.payload != first.payload

    def test_files_outlive_a_reset(self, task_root: Path, layer: Path) -> None:
        code = """
            import os, pathlib
            def handler(event, context):
                directory = pathlib.Path(os.environ["KEEPALIVE_RUNTIME_DIR"])
                if event == "crash":
                    directory.mkdir()
                    os._exit(1)
                return directory.exists()
        """
        write_function(task_root, code)
        with Emulator(handler="app.handler", task_root=task_root) as function:
            function.invoke("crash")
            assert function.invoke("").payload is True

    def test_extension_that_exits_fails_the_invocation(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "fragile", "--exit-on", "INVOKE")
        write_function(task_root, "import time\ndef handler(event, context): time.sleep(event)")
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            invocation = function.invoke(60)
        assert invocation.error is not None
        assert invocation.error["errorType"] == "Extension.Crash"
        assert invocation.error["errorMessage"].endswith("Extension fragile exited with error: exit status 1")

    def test_process_killed_while_idle_fails_the_next_invocation(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "victim", "--events", "SHUTDOWN")
        write_function(task_root, OBEDIENT)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            before = function.invoke("")
            os.kill(function.processes["victim"], signal.SIGKILL)
            failed, recovered = function.invoke("sleep"), function.invoke("")
        assert failed.error is not None
        assert failed.error["errorMessage"].endswith("Extension victim exited with error: signal: killed")
        assert recovered.error is None
        assert recovered.payload != before.payload

    def test_extension_that_never_ends_an_invocation_uses_up_the_functions_time(
        self, task_root: Path, layer: Path
    ) -> None:
        """The caller has the response by then; the sandbox is lost all the same."""
        write_extension(layer, "stuck", "--hang-on", "INVOKE")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, timeout=1.5) as function:
            invocation = function.invoke({})
        assert invocation.timed_out
        assert invocation.payload["count"] == 1
        assert invocation.error is None


class TestShutdown:
    # The signal is for the interpreter itself here: a handler of Python's would be run only when the main thread is
    # back from C code, which awslambdaric may not be in the 300 ms that the runtime has.
    TERMINATED = """
        import faulthandler, signal
        faulthandler.register(signal.SIGTERM, chain=True)
        def handler(event, context): pass
    """

    def test_runtime_gets_sigterm_then_extensions_get_shutdown(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "witness", "--events", "SHUTDOWN")
        write_function(task_root, self.TERMINATED)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            function.invoke({})
            runtime = function.processes["runtime"]
            function.shutdown()
            assert kinds(function, "witness") == ["spindown"]
            assert function.processes == {}
            heard = [number for number, line in enumerate(function.lines) if "most recent call first" in line.text]
        assert heard
        assert heard[-1] < len(function.lines) - 1
        assert not Path(f"/proc/{runtime}").exists()

    def test_runtime_without_extensions_is_killed_unasked(self, task_root: Path) -> None:
        write_function(task_root, self.TERMINATED)
        with Emulator(handler="app.handler", task_root=task_root) as function:
            function.invoke({})
            function.shutdown()
            assert function.lines == []

    def test_extension_that_does_not_end_is_killed(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "stuck", "--events", "SHUTDOWN", "--hang-on", "SHUTDOWN")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer) as function:
            function.invoke({})
            extension = function.processes["stuck"]
            function.shutdown()
            assert kinds(function, "stuck") == ["spindown"]
        assert not Path(f"/proc/{extension}").exists()

    def test_children_of_the_runtime_go_with_it(self, task_root: Path) -> None:
        code = """
            import subprocess
            child = subprocess.Popen(["sleep", "60"])
            def handler(event, context): return child.pid
        """
        with Emulator(handler="app.handler", task_root=write_function(task_root, code)) as function:
            child = os.pidfd_open(function.invoke({}).payload)
        # Readable once it has ended (pidfd_open(2)).
        assert select.select([child], [], [], 10)[0] == [child]
        os.close(child)


class TestInternalExtension:
    def test_runtime_may_register_one_for_invoke_only(self, task_root: Path) -> None:
        code = """
            import http.client, json, os, threading

            def register(events):
                api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
                name = {"Lambda-Extension-Name": "inside"}
                api.request("POST", "/2020-01-01/extension/register", json.dumps({"events": events}), name)
                response = api.getresponse()
                response.read()
                return api, response

            refused = register(["SHUTDOWN"])[1].status
            api, registered = register(["INVOKE"])

            def listen():
                identifier = registered.headers["Lambda-Extension-Identifier"]
                while True:
                    api.request("GET", "/2020-01-01/extension/event/next",
                                headers={"Lambda-Extension-Identifier": identifier})
                    print(json.loads(api.getresponse().read())["requestId"])

            threading.Thread(target=listen, daemon=True).start()

            def handler(event, context):
                return refused
        """
        with Emulator(handler="app.handler", task_root=write_function(task_root, code)) as function:
            invocation = function.invoke({})
        assert invocation.payload == 403
        assert [line.text for line in invocation.lines] == [invocation.request_id]


@pytest.mark.skipif(version("awslambdaric") < "4", reason="awslambdaric has workers from version 4 on")
class TestManagedInstances:
    # Each end of a FIFO can be opened only while the other is being opened too: both return if they overlap.
    MEETING = """
        import os
        def handler(event, context):
            with open(event["fifo"], event["mode"]):
                return [os.getpid(), os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
    """

    def test_invocations_overlap_in_processes_of_their_own(self, task_root: Path, tmp_path: Path) -> None:
        write_function(task_root, self.MEETING)
        fifo = tmp_path / "meeting"
        os.mkfifo(fifo)
        outcomes: list[Invocation] = []
        with Emulator(handler="app.handler", task_root=task_root, max_concurrency=2) as function:

            def call(mode: str) -> None:
                outcomes.append(function.invoke({"fifo": str(fifo), "mode": mode}))

            threads = [threading.Thread(target=call, args=[mode]) for mode in ("r", "w")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert len({outcome.payload[0] for outcome in outcomes}) == 2
        assert {outcome.payload[1] for outcome in outcomes} == {"lambda-managed-instances"}

    def test_invoke_is_refused_and_shutdown_is_not(self, task_root: Path, layer: Path) -> None:
        write_extension(layer, "witness")
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, layer=layer, max_concurrency=2) as function:
            function.invoke({})
            function.shutdown()
            refusal = json.loads(next(line.text for line in function.lines if line.source == "witness"))
            assert kinds(function, "witness") == ["spindown"]
        assert refusal == {
            "registered": 403,
            "errorType": "Extension.InvalidEventType",
            "errorMessage": "INVOKE: ErrorInvalidEventType",
        }

    def test_workers_print_through_the_log_socket(self, task_root: Path) -> None:
        write_function(task_root, HELLO)
        with Emulator(handler="app.handler", task_root=task_root, max_concurrency=2) as function:
            invocation = function.invoke({})
        assert [line.text for line in invocation.lines if line.text.startswith("invocation")] == ["invocation 1"]

    def test_sandbox_is_never_frozen_and_survives_a_timeout(self, task_root: Path) -> None:
        write_function(task_root, OBEDIENT)
        with Emulator(handler="app.handler", task_root=task_root, max_concurrency=2, timeout=1.5) as function:
            function.initialize()
            runtime = function.processes["runtime"]
            assert state(runtime) != "T"
            assert function.invoke("sleep").timed_out
            assert function.invoke("").error is None
            assert function.processes["runtime"] == runtime
