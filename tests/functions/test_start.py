"""The ways in: exec wrapper, .pth file, both, other people's wrappers and paths, and the ways to switch it off."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functions.conftest import MIXED, MIXED_ANSWER, printed, said
from tests.local import Emulator
from tests.local.stand_ins import write_function, write_script
from tests.support.origin import Origin

NO_WRAPPER = {"AWS_LAMBDA_EXEC_WRAPPER": ""}
ROUTES = ["wrapper", "pth", "both"]

# What a function can see of how it was started.
VIEW = """
    import os
    import sys

    def handler(event, context):
        from http.client import HTTPConnection

        depth, method = 0, HTTPConnection.connect
        while hasattr(method, "__wrapped__"):
            depth, method = depth + 1, method.__wrapped__
        # Those that the emulator chooses anew for each sandbox, or the test itself.
        chosen = ("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_EXEC_WRAPPER", "KEEPALIVE_", "_X_AMZN_TRACE_ID", "HOME")
        return {
            "depth": depth,
            "path": sys.path,
            "environ": {name: value for name, value in os.environ.items() if not name.startswith(chosen)},
            "sitecustomize": getattr(sys.modules.get("sitecustomize"), "__file__", None),
        }
"""


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest, opt: Path) -> dict[str, str]:
    """The environment for one way in, of a layer that has only that one."""
    if request.param == "wrapper":
        shutil.rmtree(opt / "python")
    return NO_WRAPPER if request.param == "pth" else {}


def take_away(opt: Path) -> None:
    """Leave of the layer what other layers would have brought."""
    for name in ("lambda-keepalive", "extensions"):
        shutil.rmtree(opt / name)
    for path in opt.glob("python/lambda-keepalive.*"):
        path.unlink()


def view(function: Emulator) -> Any:
    with function:
        invocation = function.invoke({})
        assert invocation.error is None, function.lines
        return invocation.payload


def test_every_way_in_opens_one_connection_and_counts_once(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin, route: dict[str, str]
) -> None:
    with sandbox(write_function(tmp_path / "task", MIXED), opt, route) as function:
        for _ in range(2):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        function.shutdown()
        metrics = function.emf
        assert printed(function) == []
    assert (origin.received, origin.accepted) == (6, 2)  # one of http.client and urlopen, one of requests
    assert [(line["RequestsSent"], line["ConnectionsOpened"]) for line in metrics] == [(3, 2), (3, 0)]


def test_every_way_in_patches_once_and_leaves_path_and_environment_alone(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, route: dict[str, str]
) -> None:
    task = write_function(tmp_path / "task", VIEW)
    (opt / "python").mkdir(exist_ok=True)
    with_layer = view(sandbox(task, opt, route))
    take_away(opt)
    without = view(sandbox(task, opt, NO_WRAPPER))
    assert (with_layer.pop("depth"), without.pop("depth")) == (1, 0)
    ours = with_layer.pop("sitecustomize")
    assert without.pop("sitecustomize") is None
    assert ours is None or "lambda-keepalive" in ours
    assert with_layer == without


@pytest.mark.parametrize("switch", ["KEEPALIVE_ENABLED=0", "KEEPALIVE_ENABLED=false", "KEEPALIVE_MODE=off"])
def test_switched_off_the_function_runs_as_without_the_layer(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin, route: dict[str, str], switch: str
) -> None:
    task = write_function(tmp_path / "task", MIXED)
    name, value = switch.split("=")
    with sandbox(task, opt, {**route, name: value}) as function:
        assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        function.shutdown()
        assert function.lines == []
    assert (origin.received, origin.accepted) == (3, 3)


def test_metrics_off_keeps_connections_and_prints_nothing(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    with sandbox(write_function(tmp_path / "task", MIXED), built, {"KEEPALIVE_METRICS": "off"}) as function:
        for _ in range(3):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        function.shutdown()
        assert function.lines == []
    assert (origin.received, origin.accepted) == (9, 2)


def test_client_that_is_not_chosen_keeps_its_ways(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    environ = {"KEEPALIVE_CLIENTS": "-requests,-urllib3"}
    with sandbox(write_function(tmp_path / "task", MIXED), built, environ) as function:
        for _ in range(3):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
    assert (origin.received, origin.accepted) == (9, 4)  # three of requests, one of the others


def test_another_wrapper_is_started_first_and_keeps_its_path(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
) -> None:
    write_script(opt / "other/exec", 'export OTHER=1 PYTHONPATH="${0%/*}:$PYTHONPATH"\nexec "$@"\n')
    (opt / "other/othermodule.py").write_text("answer = 42\n")
    code = MIXED + "\n    import othermodule\n    assert os.environ['OTHER'] == '1' and othermodule.answer == 42\n"
    environ = {"KEEPALIVE_NEXT_WRAPPER": "/opt/other/exec"}
    with sandbox(write_function(tmp_path / "task", code), opt, environ) as function:
        for _ in range(2):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        assert printed(function) == []
    assert (origin.received, origin.accepted) == (6, 2)


@pytest.mark.parametrize("mode", [None, 0o644], ids=["missing", "not executable"])
def test_another_wrapper_that_cannot_be_started_costs_one_line(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin, mode: int | None
) -> None:
    if mode is not None:
        write_script(opt / "other/exec", 'exec "$@"\n', mode)
    environ = {"KEEPALIVE_NEXT_WRAPPER": "/opt/other/exec"}
    with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
        assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        (line,) = said(function)
    assert "KEEPALIVE_NEXT_WRAPPER" in line
    assert "is not an executable file" in line
    assert origin.accepted == 2


def test_pythonpath_of_the_user_stays_as_it_is(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    task = write_function(tmp_path / "task", VIEW)
    environ = {"PYTHONPATH": f"{own}:/var/task/more"}
    with_layer = view(sandbox(task, opt, environ))
    take_away(opt)
    without = view(sandbox(task, opt, environ | NO_WRAPPER))
    assert (with_layer.pop("depth"), without.pop("depth")) == (1, 0)
    with_layer.pop("sitecustomize")
    without.pop("sitecustomize")
    assert with_layer == without


def test_sitecustomize_of_the_user_runs_once(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("print('of the user', __name__, flush=True)\nOWN = 1\n")
    code = MIXED + "\n    import sitecustomize\n    assert sitecustomize.OWN == 1\n"
    with sandbox(write_function(tmp_path / "task", code), built, {"PYTHONPATH": str(own)}) as function:
        for _ in range(2):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        assert [line.text for line in printed(function)] == ["of the user sitecustomize"]
    assert (origin.received, origin.accepted) == (6, 2)


def test_sitecustomize_of_the_user_that_raises_is_reported_by_python_and_stops_nothing(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("raise ValueError('of the user')\n")
    with sandbox(write_function(tmp_path / "task", MIXED), built, {"PYTHONPATH": str(own)}) as function:
        for _ in range(2):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        assert [line.text for line in printed(function)] == [
            "Error in sitecustomize; set PYTHONVERBOSE for traceback:",
            "ValueError: of the user",
        ]
    assert (origin.received, origin.accepted) == (6, 2)


def test_modules_and_pth_files_of_other_layers_stay_importable(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, route: dict[str, str]
) -> None:
    packages = opt / "python/lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    packages.mkdir(parents=True)
    (opt / "python/flat.py").write_text("value = 1\n")
    (packages / "deep.py").write_text("value = 2\n")
    (opt / "python/other.pth").write_text("import sys; sys.other_layer = 3\n")
    code = """
        import sys
        import deep, flat

        def handler(event, context):
            return [flat.value, deep.value, sys.other_layer]
    """
    assert view(sandbox(write_function(tmp_path / "task", code), opt, route)) == [1, 2, 3]


def test_child_interpreters_of_the_function_start_without_the_layer_on_their_path(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path
) -> None:
    code = """
        import json, subprocess, sys

        def handler(event, context):
            code = "import json, sys; print(json.dumps([p for p in sys.path if 'keepalive' in p]))"
            return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    """
    assert view(sandbox(write_function(tmp_path / "task", code), built)) == []


def test_init_type_is_that_of_the_platform(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    options = {"initialization_type": "provisioned-concurrency"}
    with sandbox(write_function(tmp_path / "task", MIXED), built, **options) as function:
        function.initialize()
        function.invoke({"n": 1})
        function.shutdown()
        (metrics,) = function.emf
    assert metrics["initType"] == "provisioned-concurrency"
    assert metrics["runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"


def test_wrong_settings_cost_a_line_each_and_nothing_else(
    sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
) -> None:
    environ = {"KEEPALIVE_IDLE_TIMEOUT": "long", "KEEPALIVE_MAX_IDLE": "-1", "KEEPALIVE_TYPO": "1"}
    with sandbox(write_function(tmp_path / "task", MIXED), built, environ) as function:
        for _ in range(2):
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
        function.shutdown()
        assert len(function.emf) == 2
        assert said(function) == [
            "lambda-keepalive: KEEPALIVE_IDLE_TIMEOUT='long' is not a number of seconds; using 345",
            "lambda-keepalive: KEEPALIVE_MAX_IDLE='-1' is not a whole number; using 100",
            "lambda-keepalive: KEEPALIVE_TYPO is not a setting; it is ignored",
        ]
    assert (origin.received, origin.accepted) == (6, 2)
