"""Functions, extensions and wrappers made up for a test, written where the platform looks for them."""

import shlex
import sys
import textwrap
from pathlib import Path

EXTENSION = Path(__file__).with_name("stand_in_extension.py")


def write_function(directory: Path, source: str) -> Path:
    """Make a function whose handler is app.handler, as it would lie in /var/task; returns its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "app.py").write_text(textwrap.dedent(source))
    return directory


def write_script(path: Path, source: str, mode: int = 0o755) -> Path:
    """Make a shell script, executable unless `mode` says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + textwrap.dedent(source))
    path.chmod(mode)
    return path


def write_extension(layer: Path, name: str, *arguments: str, python: str = sys.executable) -> Path:
    """Add the stand-in extension to a layer; `arguments` are those of stand_in_extension.py."""
    command = shlex.join([python, "-I", "-S", str(EXTENSION), name, *arguments])
    return write_script(layer / "extensions" / name, f"exec {command}\n")
