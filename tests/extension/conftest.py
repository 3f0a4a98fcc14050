"""Builds the binaries once, into a directory of the test run."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.extension.process import Extension

ROOT = Path(__file__).resolve().parents[2]

Start = Callable[..., Extension]

NATIVE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
EMULATORS = {"x86_64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """extension/build.py as a module."""
    specification = importlib.util.spec_from_file_location("extension_build", ROOT / "extension" / "build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def binaries(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The binary for each architecture."""
    output = tmp_path_factory.mktemp("build")
    paths = {arch: output / arch / "extensions" / "lambda-keepalive" for arch in build.TARGETS}
    for arch, path in paths.items():
        build.compile_binary(arch, path)
    return paths


@pytest.fixture(scope="session")
def faulty(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The binary with faults.zig as its root, which is never shipped."""
    path = tmp_path_factory.mktemp("faulty") / "lambda-keepalive"
    build.compile_binary(NATIVE, path, Path(__file__).with_name("faults.zig"))
    return path


def emulated(arch: str, binary: Path) -> list[str]:
    """The command that runs `binary` here, emulated if need be."""
    if arch == NATIVE:
        return [str(binary)]
    emulator = shutil.which(EMULATORS[arch])
    if emulator is None:
        message = f"{EMULATORS[arch]} (Debian: qemu-user-static) is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return [emulator, str(binary)]


@pytest.fixture
def start(binaries: dict[str, Path], tmp_path: Path) -> Iterator[Start]:
    """Starts extensions, of this machine's own architecture unless told, and ends them with the test."""
    with ExitStack() as stack:

        def start(command: list[str] | None = None, directory: Path | None = None, **options: Any) -> Extension:
            chosen = command or [str(binaries[NATIVE])]
            return stack.enter_context(Extension(chosen, directory or tmp_path / "run", **options))

        yield start
