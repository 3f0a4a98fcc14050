"""What is built: small, static, alone in its folder, and the same everywhere."""

from __future__ import annotations

import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extension.conftest import EMULATORS, ROOT

MACHINES = {"x86_64": 62, "arm64": 183}  # e_machine of ELF: EM_X86_64, EM_AARCH64
PT_LOAD, PT_INTERP, PF_W, PF_X = 1, 3, 2, 1


@pytest.mark.parametrize("arch", EMULATORS)
def test_binary_is_at_most_25_kilobytes(binaries: dict[str, Path], arch: str) -> None:
    """It is read from disk in every cold start."""
    assert binaries[arch].stat().st_size <= 25_000


@pytest.mark.parametrize("arch", EMULATORS)
def test_binary_is_static_and_for_its_architecture(binaries: dict[str, Path], arch: str) -> None:
    elf = binaries[arch].read_bytes()
    machine, start, size, count = (
        struct.unpack_from(layout, elf, offset)[0]
        for layout, offset in (("<H", 18), ("<Q", 32), ("<H", 54), ("<H", 56))
    )
    headers = [struct.unpack_from("<II", elf, start + number * size) for number in range(count)]
    assert machine == MACHINES[arch]
    assert PT_INTERP not in [kind for kind, _ in headers]
    assert not any(kind == PT_LOAD and flags & PF_W and flags & PF_X for kind, flags in headers)


def test_build_is_reproducible(binaries: dict[str, Path], tmp_path: Path) -> None:
    """By the command, from another directory and with empty caches: the same bytes."""
    shutil.copytree(ROOT / "extension", tmp_path / "elsewhere" / "extension")
    script = tmp_path / "elsewhere" / "extension" / "build.py"
    arguments = ["--arch", "arm64", "--arch", "x86_64", "--output", str(tmp_path / "output")]
    subprocess.run([sys.executable, str(script), *arguments], check=True, cwd=tmp_path)
    built = sorted(path.relative_to(tmp_path / "output") for path in (tmp_path / "output").rglob("*") if path.is_file())
    # Lambda runs every file in extensions/, so nothing else may lie there.
    assert built == [Path(arch, "extensions", "lambda-keepalive") for arch in sorted(binaries)]
    for arch, binary in binaries.items():
        again = tmp_path / "output" / arch / "extensions" / "lambda-keepalive"
        assert again.read_bytes() == binary.read_bytes()
        assert stat.S_IMODE(again.stat().st_mode) == 0o755


def test_nothing_of_the_machine_is_in_the_binary(binaries: dict[str, Path]) -> None:
    for binary in binaries.values():
        content = binary.read_bytes()
        for trace in (str(ROOT), str(Path.home()), str(binary.parent), sys.prefix):
            assert trace.encode() not in content
