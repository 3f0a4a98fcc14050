"""Builds the extension: one static binary for each architecture of Lambda.

    python extension/build.py --arch x86_64 --arch arm64 --output build

writes build/<arch>/extensions/lambda-keepalive, mode 0755. The compiler is the
`ziglang` package of the running interpreter, pinned in requirements.txt. The
same compiler and source give the same bytes in any directory, because every
build starts with empty caches and nothing of the machine goes into the binary.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "lambda-keepalive"
"""Of the file, and so of the extension: Lambda takes one for the other."""

SOURCE = Path(__file__).resolve().parent / "src"

TARGETS = {"x86_64": "x86_64-linux-none", "arm64": "aarch64-linux-none"}
"""Lambda's names of its architectures, and Zig's for them without a libc."""

FLAGS = ("-fsingle-threaded", "-fstrip", "-fno-unwind-tables", "-fomit-frame-pointer")
"""A panic prints its message alone: nothing is kept to make a stack trace from."""


def compile_binary(arch: str, binary: Path, root: Path = SOURCE / "root.zig") -> None:
    """Compile the extension under the root file `root` for `arch` into the file `binary`.

    Raises CalledProcessError if the compiler fails; it has said why on stderr.
    """
    binary.parent.mkdir(parents=True, exist_ok=True)
    flags = ("-target", TARGETS[arch], *FLAGS)
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run(
            [
                *(sys.executable, "-m", "ziglang", "build-exe", f"-femit-bin={binary}"),
                *("--cache-dir", f"{cache}/local", "--global-cache-dir", f"{cache}/global"),
                *("-z", "norelro"),  # a static binary has nothing to relocate
                # Flags count for the next module: the root small, the extension with all checks.
                *(*flags, "-O", "small", "--dep", "extension", f"-Mroot={root}"),
                *(*flags, "-O", "safe", f"-Mextension={SOURCE / 'main.zig'}"),
            ],
            check=True,
        )
    binary.chmod(0o755)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build the lambda-keepalive extension.")
    parser.add_argument("--arch", action="append", choices=TARGETS, help="repeatable; all if not given")
    parser.add_argument("--output", type=Path, default=Path("build"), help="holds <arch>/extensions (build)")
    arguments = parser.parse_args()
    for arch in arguments.arch or TARGETS:
        binary = arguments.output / arch / "extensions" / NAME
        compile_binary(arch, binary)
        print(f"{binary}: {binary.stat().st_size} bytes")


if __name__ == "__main__":
    main()
