"""Our emulator and AWS's agree: the same function, the same layer, the same outcome.

This is what allows nearly all other tests to run on ours, which is faster, needs no root and can freeze.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator, Invocation
from tests.local.rie import RuntimeInterfaceEmulator
from tests.local.stand_ins import write_extension, write_function, write_script

FUNCTION = """
    import os, sys, time

    def handler(event, context):
        if event == "sleep":
            time.sleep(60)
        if event == "exit":
            sys.exit(4)
        if event == "crash":
            os._exit(3)
        if event == "raise":
            raise ValueError("no")
        if event == "environment":
            return sorted(os.environ)
        if event == "path":
            return sys.path
        if event == "arguments":
            return [os.path.basename(argument) for argument in sys.argv]
        return event
"""


def outcome(invocation: Invocation) -> dict[str, Any]:
    """What a caller can see, less what differs from one invocation to the next."""
    error = invocation.error or {}
    message = re.sub(r"[0-9a-f-]{36}", "<id>", error.get("errorMessage", ""))
    message = re.sub(r"/\S*/(task|layer|opt|wrapper)", r"<\1>", message)
    return {
        "payload": invocation.payload,
        "errorType": error.get("errorType"),
        "errorMessage": "timeout" if invocation.timed_out else message,
        "timed_out": invocation.timed_out,
    }


def both(
    events: list[Any], *, task_root: Path, layer: Path, environ: dict[str, str] | None = None
) -> tuple[list[Any], list[Any]]:
    """The outcomes of these events, one after the other, on our emulator and on AWS's."""
    environ = environ or {}
    settings: dict[str, Any] = {"handler": "app.handler", "task_root": task_root, "layer": layer, "environ": environ}
    with Emulator(**settings, timeout=2) as ours:
        mine = [outcome(ours.invoke(event)) for event in events]
    with RuntimeInterfaceEmulator(**settings, timeout=2) as theirs:
        return mine, [outcome(theirs.invoke(event)) for event in events]


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    write_script(tmp_path / "layer" / "wrapper", 'exec "$@"\n')
    return tmp_path / "layer"


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    return write_function(tmp_path / "task", FUNCTION)


@pytest.mark.parametrize(
    "event", ["echo", {"ä": [1, None, 2.5]}, "raise", "sleep", "crash", "exit", "arguments"], ids=json.dumps
)
def test_on_how_an_invocation_ends_and_that_the_next_one_works(event: Any, task_root: Path, layer: Path) -> None:
    ours, theirs = both([event, "after"], task_root=task_root, layer=layer)
    assert ours == theirs
    assert ours[1]["payload"] == "after"


@pytest.mark.parametrize(
    "source",
    ["raise RuntimeError('not today')", "def handler(event, context) return 1", "other = None", "import missing"],
    ids=["raises", "syntax", "no handler", "import"],
)
def test_on_a_module_that_cannot_be_imported(source: str, tmp_path: Path, layer: Path) -> None:
    ours, theirs = both([""], task_root=write_function(tmp_path / "task", source), layer=layer)
    assert ours == theirs


@pytest.mark.parametrize("mode", [None, 0o644, 0o755], ids=["missing", "not executable", "usable"])
def test_on_the_exec_wrapper(mode: int | None, task_root: Path, tmp_path: Path) -> None:
    """AWS's emulator has no words for a failed INIT; its log names the cause."""
    layer = tmp_path / "another"
    layer.mkdir()
    if mode is not None:
        write_script(layer / "wrapper", 'exec "$@"\n', mode)
    environ = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
    (ours,), (theirs,) = both(["echo"], task_root=task_root, layer=layer, environ=environ)
    assert [ours["payload"], ours["errorType"]] == [theirs["payload"], theirs["errorType"]]
    assert ours["errorType"] == (None if mode == 0o755 else "Runtime.ExitError")


@pytest.mark.parametrize("trouble", ["INIT", "INVOKE"])
def test_on_an_extension_that_exits(trouble: str, task_root: Path, layer: Path) -> None:
    write_extension(layer, "fragile", "--exit-on", trouble)
    ours, theirs = both(["sleep"], task_root=task_root, layer=layer)
    assert ours[0]["errorType"] == theirs[0]["errorType"] == "Extension.Crash"


def test_on_a_file_in_the_extensions_folder_that_cannot_be_executed(task_root: Path, layer: Path) -> None:
    write_script(layer / "extensions" / "README.md", "", mode=0o644)
    ours, theirs = both(["echo"], task_root=task_root, layer=layer)
    assert ours[0]["errorType"] == theirs[0]["errorType"] == "Extension.LaunchError"


def test_on_the_names_of_the_variables(task_root: Path, layer: Path) -> None:
    """AWS's emulator passes on what it is started with, so the rest of the list is only as good as our notes."""
    (ours,), (theirs,) = both(["environment"], task_root=task_root, layer=layer, environ={"TABLE": "users"})
    only_ours = set(ours["payload"]) - set(theirs["payload"])
    only_theirs = set(theirs["payload"]) - set(ours["payload"])
    assert only_ours == {
        "HOME",  # keeps the developer's settings out
        "KEEPALIVE_RUNTIME_DIR",  # keeps functions on one machine apart
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "_AWS_XRAY_DAEMON_ADDRESS",
        "_AWS_XRAY_DAEMON_PORT",
        "_X_AMZN_TRACE_ID",  # set by awslambdaric from the header of the invocation
    }
    assert only_theirs <= {"LD_LIBRARY_PATH", "AWS_LAMBDA_FUNCTION_TIMEOUT", "AWS_LAMBDA_METADATA_API",
                           "AWS_LAMBDA_METADATA_TOKEN"}  # fmt: skip


def test_on_the_order_of_the_import_path(task_root: Path, layer: Path) -> None:
    (layer / "python").mkdir()
    (ours,), (theirs,) = both(["path"], task_root=task_root, layer=layer)
    places = {str(task_root): "/var/task", str(layer): "/opt"}

    def placed(entry: str) -> str:
        for place, name in places.items():
            entry = entry.replace(place, name)
        return entry

    assert [placed(entry) for entry in ours["payload"][:3]] == theirs["payload"][:3]
