"""A layer that is broken changes no result of the function, and one line says what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.functions.conftest import MIXED, MIXED_ANSWER, printed, said
from tests.local import Emulator
from tests.local.stand_ins import write_function, write_script
from tests.support.origin import Origin

PACKAGE = Path("lambda-keepalive/python/lambda_keepalive")


def works(function: Emulator) -> None:
    """Invoke twice, for the answers that a function without the layer gives."""
    for _ in range(2):
        invocation = function.invoke({"n": 1})
        assert (invocation.payload, invocation.error) == (MIXED_ANSWER, None), function.lines
    function.shutdown()


@pytest.mark.parametrize("module", ["__init__.py", "boot.py", "config.py"])
def test_without_the_wrapper_a_layer_that_cannot_start_costs_one_line_too(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, module: str
) -> None:
    (opt / PACKAGE / module).write_text("raise RuntimeError('on purpose')\n")
    environ = {"AWS_LAMBDA_EXEC_WRAPPER": ""}
    with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
        works(function)
        (line,) = printed(function)
    assert "RuntimeError: on purpose" in line.text
    assert "KEEPALIVE_ENABLED=0" in line.text


def test_a_sitecustomize_of_ours_that_cannot_be_imported_is_reported_by_python(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
) -> None:
    (opt / "lambda-keepalive/python/sitecustomize.py").write_text("raise RuntimeError('on purpose')\n")
    with sandbox(write_function(tmp_path / "task", MIXED), opt) as function:
        works(function)
        lines = [line.text for line in printed(function)]
    assert lines == ["Error in sitecustomize; set PYTHONVERBOSE for traceback:", "RuntimeError: on purpose"]


def test_a_package_that_is_missing_costs_a_line(sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path) -> None:
    shutil.rmtree(opt / PACKAGE)
    shutil.rmtree(opt / "python")
    with sandbox(write_function(tmp_path / "task", MIXED), opt) as function:
        works(function)
        (line,) = said(function)
    assert "not started (ModuleNotFoundError" in line


def test_a_tree_without_python_starts_the_function(sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path) -> None:
    shutil.rmtree(opt / "lambda-keepalive/python")
    shutil.rmtree(opt / "python")
    with sandbox(write_function(tmp_path / "task", MIXED), opt) as function:
        works(function)
        assert said(function) == []


class TestRecords:
    """The way from the function to the extension, blocked in every way; connections are kept all the same."""

    def keeps_connections(self, function: Emulator, origin: Origin) -> None:
        works(function)
        assert (origin.received, origin.accepted) == (6, 2)

    def says_that_the_extension_is_missing(self, function: Emulator) -> None:
        (line,) = function.lines
        assert "extensions/lambda-keepalive is missing, so there are no metrics" in line.text

    def test_without_an_extension_one_line_says_so(
        self, sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
    ) -> None:
        shutil.rmtree(opt / "extensions")
        with sandbox(write_function(tmp_path / "task", MIXED), opt) as function:
            self.keeps_connections(function, origin)
            self.says_that_the_extension_is_missing(function)

    def test_a_fifo_that_nobody_reads_delays_nobody(
        self, sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
    ) -> None:
        shutil.rmtree(opt / "extensions")
        runtime = tmp_path / "runtime"
        runtime.mkdir()
        os.mkfifo(runtime / "records")
        environ = {"KEEPALIVE_RUNTIME_DIR": str(runtime)}
        with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
            self.keeps_connections(function, origin)
            self.says_that_the_extension_is_missing(function)

    def test_a_fifo_that_is_full_delays_nobody(
        self, sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
    ) -> None:
        shutil.rmtree(opt / "extensions")
        runtime = tmp_path / "runtime"
        runtime.mkdir()
        os.mkfifo(runtime / "records")
        reader = os.open(runtime / "records", os.O_RDWR | os.O_NONBLOCK)
        try:
            with suppress(BlockingIOError):
                while os.write(reader, b"x" * 4096):
                    pass
            environ = {"KEEPALIVE_RUNTIME_DIR": str(runtime)}
            with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
                self.keeps_connections(function, origin)
                assert function.lines == []
        finally:
            os.close(reader)

    @pytest.mark.parametrize("kind", ["file", "directory"])
    def test_records_that_are_a_plain_file_or_a_directory_are_left_alone(
        self, sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin, kind: str
    ) -> None:
        shutil.rmtree(opt / "extensions")
        runtime = tmp_path / "runtime"
        runtime.mkdir()
        records = runtime / "records"
        records.touch() if kind == "file" else records.mkdir()
        environ = {"KEEPALIVE_RUNTIME_DIR": str(runtime)}
        with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
            self.keeps_connections(function, origin)
            self.says_that_the_extension_is_missing(function)
        assert kind == "directory" or records.read_bytes() == b""

    def test_a_runtime_directory_that_cannot_be_made_costs_one_line_of_the_extension(
        self, sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
    ) -> None:
        environ = {"KEEPALIVE_RUNTIME_DIR": "/dev/null/runtime"}
        with sandbox(write_function(tmp_path / "task", MIXED), built, environ) as function:
            self.keeps_connections(function, origin)
            (line,) = function.lines
        assert line.source == "lambda-keepalive"
        assert "/dev/null/runtime" in line.text

    def test_a_runtime_directory_that_is_relative_costs_a_line_of_each_reader(
        self, sandbox: Callable[..., Emulator], built: Path, tmp_path: Path, origin: Origin
    ) -> None:
        environ = {"KEEPALIVE_RUNTIME_DIR": "relative/path", "KEEPALIVE_METRICS": "nothing"}
        with sandbox(write_function(tmp_path / "task", MIXED), built, environ) as function:
            self.keeps_connections(function, origin)
            lines = [line for line in function.lines if line.emf is None]
        assert sum("KEEPALIVE_METRICS" in line.text for line in lines if line.source == "runtime") == 1
        assert sum("KEEPALIVE_METRICS" in line.text for line in lines if line.source == "lambda-keepalive") == 1
        assert sum("KEEPALIVE_RUNTIME_DIR" in line.text for line in lines if line.source == "runtime") == 1
        assert sum("KEEPALIVE_RUNTIME_DIR" in line.text for line in lines if line.source == "lambda-keepalive") == 1
        assert len(lines) == 4

    def test_an_extension_that_is_killed_is_the_platforms_business_alone(
        self, sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path, origin: Origin
    ) -> None:
        """A reader that goes away in the middle of the function's life: the next write fails and is forgotten."""
        shutil.rmtree(opt / "extensions")
        runtime = tmp_path / "runtime"
        runtime.mkdir()
        os.mkfifo(runtime / "records")
        reader = os.open(runtime / "records", os.O_RDONLY | os.O_NONBLOCK)
        environ = {"KEEPALIVE_RUNTIME_DIR": str(runtime)}
        with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
            assert os.read(reader, 4096).startswith(b"LKA1 ")
            os.close(reader)
            self_answer = function.invoke({"n": 1})
            assert self_answer.payload == MIXED_ANSWER
            reader = os.open(runtime / "records", os.O_RDONLY | os.O_NONBLOCK)
            assert function.invoke({"n": 1}).payload == MIXED_ANSWER
            function.thaw()
            assert os.read(reader, 4096).startswith(b"LKA1 "), "a new reader is found"
            os.close(reader)
            self.says_that_the_extension_is_missing(function)
        assert origin.accepted == 2


def test_wrapper_that_lost_its_tree_still_starts_the_runtime(
    sandbox: Callable[..., Emulator], opt: Path, tmp_path: Path
) -> None:
    wrapper = (opt / "lambda-keepalive/exec").read_text()
    write_script(opt / "elsewhere/exec", wrapper.removeprefix("#!/bin/sh\n"))
    environ = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/elsewhere/exec"}
    with sandbox(write_function(tmp_path / "task", MIXED), opt, environ) as function:
        works(function)
        assert said(function) == []
