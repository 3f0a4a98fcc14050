"""Runs a suite once, with or without the layer, in a network of its own, and reads what came of it."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.suites.catalog import CPYTHON_FILES, LAYER, RUN_TIMEOUT_S, TEST_TIMEOUT_S, WAYS, WORK
from tests.suites.environments import Environment, Unavailable
from tests.suites.outcomes import Outcome, Run, read_junit

# All that the suites said in this session, for people.
OUTPUT = WORK / "output.log"

HERE = Path(__file__).resolve().parent

# Of one test file of CPython. More than these hanging tests are not worth finding in one run.
MAX_HANGS = 20


class NotAttached(Exception):
    """The layer was to be active in a run and no process of it had the layer."""


def run_pytest(
    environment: Environment,
    way: str | None,
    targets: Sequence[str],
    plugins: Sequence[str] = (),
    own_options: Sequence[str] = (),
) -> Run:
    """Run tests of a library; `way` is a key of `WAYS`, or None for a run without the layer."""
    with tempfile.TemporaryDirectory(prefix="suite-", dir=WORK) as place:
        junit = Path(place) / "junit.xml"
        # The older JUnit family names the file of each test.
        options = ["-q", "--durations=20", "-o", "junit_family=xunit1", f"--junit-xml={junit}"]
        options += [f"--timeout={TEST_TIMEOUT_S}", "--timeout-method=signal"]
        options += [argument for plugin in plugins for argument in ("-p", plugin)]
        options += own_options
        started = time.monotonic()
        # Without -P the sources in the working directory, extensions not compiled, would hide what is installed.
        _execute(environment, way, ["-P", "-m", "pytest", *options, *targets], Path(place))
        run = read_junit(junit)
        if not run.outcomes or "pytest::internal" in run.outcomes:
            raise Unavailable(f"pytest did not come to its end; see {OUTPUT}")
        run.seconds = time.monotonic() - started
        add_witness(run, way, Path(place))
    return run


def run_regrtest(environment: Environment, way: str | None, files: Sequence[str]) -> Run:
    """Run test files of CPython with its own runner, each in a process of its own."""
    whole = Run()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="suite-", dir=WORK) as place:
        for file in files:
            run = _run_file(environment, way, file, Path(place))
            whole.outcomes.update(run.outcomes)
            whole.files.update(dict.fromkeys(run.outcomes, file))
        add_witness(whole, way, Path(place))
    whole.seconds = time.monotonic() - started
    return whole


def _run_file(environment: Environment, way: str | None, file: str, place: Path) -> Run:
    """One file. A test that hangs ends regrtest, so it is noted as failed and the others run again without it."""
    hanging: list[str] = []
    junit = place / f"{file}.xml"
    while len(hanging) < MAX_HANGS:
        ignored = [argument for test in hanging for argument in ("--ignore", test)]
        options = ["-v", f"--junit-xml={junit}", f"--timeout={CPYTHON_FILES[file]}", *ignored]
        output = _execute(environment, way, ["-m", "test", *options, file], place)
        if junit.exists():
            break
        hanging.append(_last_started(output) or file)
        if hanging[-1] == file or hanging[-1] in hanging[:-1]:
            break
    run = read_junit(junit)
    run.outcomes.update(dict.fromkeys(hanging, Outcome.FAILED))
    return run


def _last_started(output: str) -> str | None:
    """The id of the test that regrtest's verbose output named last: `test_get (test.test_x.Tests.test_get) ...`.

    Before 3.11 the id lacked the method; the layer's suites start at 3.11.
    """
    started = re.findall(r"^\w+ \((test\.[\w.]+)\)", output, re.MULTILINE)
    return started[-1] if started else None


def execute(
    environment: Environment, way: str | None, arguments: list[str], environ: Mapping[str, str], timeout: float
) -> tuple[int, str]:
    """Run the interpreter to its end or to the time limit, in seconds; its exit status and its output."""
    command = [*_network(), str(environment.interpreter), *arguments]
    process = subprocess.Popen(
        command,
        cwd=environment.directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    with OUTPUT.open("a") as log:
        log.write(f"\n$ {' '.join(command)}  # {environment.version}, {way or 'without the layer'}\n{output}")
    return process.returncode, output


def _execute(environment: Environment, way: str | None, arguments: list[str], place: Path) -> str:
    """Run Python to its end or to the time limit of a run; returns its output."""
    return execute(environment, way, arguments, _environ(way, place), RUN_TIMEOUT_S)[1]


def _environ(way: str | None, place: Path) -> dict[str, str]:
    """As little of this environment as will do, and the layer as the exec wrapper attaches it."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    path = [str(HERE / "inside")]
    if way is not None:
        environ |= WAYS[way]
        path.insert(0, str(LAYER))
    return environ | {"PYTHONPATH": os.pathsep.join(path), "SUITES_WITNESS": str(place)}


@functools.cache
def _network() -> list[str]:
    """What puts a command into a network of its own, as root or as a user who may make user namespaces; else nothing,
    and the tests that need one fail in both runs."""
    for unshare in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        prefix = [*unshare, "sh", str(HERE / "network.sh")]
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
    return []


def add_witness(run: Run, way: str | None, place: Path) -> None:
    """Add what the processes of a run with the layer wrote down."""
    if way is None:
        return
    statements: list[Mapping[str, object]] = [json.loads(path.read_text()) for path in place.glob("*.json")]
    if not statements:
        raise NotAttached(f"no process wrote down what the layer did ({way})")
    run.opened = sum(int(str(statement["opened"])) for statement in statements)
    run.reused = sum(int(str(statement["reused"])) for statement in statements)
    run.complaints = tuple(sorted({str(text) for statement in statements for text in statement["complaints"]}))  # type: ignore[attr-defined]
