"""Runs the tests of Node, each file in a process of its own as Node's own runner does, with or without the layer."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.node.interpreter import PRELOAD
from tests.suites.catalog import NODE_TEST_TIMEOUT_S, WAYS, WORK
from tests.suites.environments import Environment
from tests.suites.outcomes import Outcome, Run
from tests.suites.running import HERE, add_witness, execute

# What a test file wants of the interpreter: `// Flags: --expose-internals`.
FLAGS = re.compile(r"^// Flags: (.+)$", re.MULTILINE)
# test/common/index.js, skip: the test says why, and ends.
SKIPPED = re.compile(r"^1\.\.0 # Skipped", re.MULTILINE)
COMPLAINT = re.compile(r"^lambda-keepalive: (fault .+)$", re.MULTILINE)

AT_ONCE = 2


def run_files(environment: Environment, way: str | None, targets: Sequence[str]) -> Run:
    """Run the files that the patterns name; `way` is a key of `WAYS`, or None for a run without the layer."""
    files = sorted({path for target in targets for path in environment.directory.glob(target)})
    run = Run()
    started = time.monotonic()
    complaints: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="suite-", dir=WORK) as place, ThreadPoolExecutor(AT_ONCE) as threads:
        outputs = threads.map(lambda file: _run_file(environment, way, file, Path(place)), files)
        for file, (status, output) in zip(files, outputs, strict=True):
            name = file.stem
            run.outcomes[name] = Outcome.FAILED if status else Outcome.PASSED
            if SKIPPED.search(output):
                run.outcomes[name] = Outcome.SKIPPED
            run.files[name] = str(file.relative_to(environment.directory))
            complaints.update(COMPLAINT.findall(output))
        add_witness(run, way, Path(place))
    run.complaints = tuple(sorted(complaints))
    run.seconds = time.monotonic() - started
    return run


def _run_file(environment: Environment, way: str | None, file: Path, place: Path) -> tuple[int, str]:
    flags = FLAGS.search(file.read_text(errors="replace"))
    arguments = [*(flags[1].split() if flags else ()), str(file)]
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    # A test directory for each file: two run at once.
    environ |= {"SUITES_WITNESS": str(place), "NODE_TEST_DIR": str(place), "TEST_THREAD_ID": file.stem}
    if way is not None:
        environ |= WAYS[way] | {"NODE_OPTIONS": f"--require {PRELOAD} --require {HERE}/inside/witness.cjs"}
    return execute(environment, way, arguments, environ, NODE_TEST_TIMEOUT_S)
