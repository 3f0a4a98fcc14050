"""Makes what a suite runs in: the unpacked source distribution and a virtual environment; kept in `.work/suites`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.suites.catalog import CPYTHON_FILES, WORK, LibrarySuite


class Unavailable(Exception):
    """A suite cannot be run on this machine; the text says why."""


@dataclass(frozen=True)
class Environment:
    """Where a suite runs: `directory` is the working directory; `version` is for people."""

    directory: Path
    interpreter: Path
    version: str


def find_python(version: str) -> Path:
    """The interpreter of this minor version, wherever uv finds one."""
    found = _uv("python", "find", "--no-project", version, check=False)
    if found.returncode != 0:
        raise Unavailable(f"no Python {version} here")
    return Path(found.stdout.strip())


def of_library(suite: LibrarySuite) -> Environment:
    """Download, unpack and install on the first call; later calls find it done."""
    home = WORK / suite.name
    ready = home / ".ready"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        _install(suite, _unpack(_download(suite, home), home), home)
        ready.touch()
    source = next(path for path in home.iterdir() if (path / "PKG-INFO").exists())
    return Environment(source, home / "venv" / "bin" / "python", f"{source.name}, Python {suite.python}")


def _download(suite: LibrarySuite, home: Path) -> Path:
    name = re.split(r"[<>=~]", suite.requirement)[0]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(home)]
    _run([*pip, "--no-deps", "--no-binary", name, suite.requirement])
    return next(home.glob("*.tar.gz"))


def _unpack(archive: Path, home: Path) -> Path:
    with tarfile.open(archive) as file:
        file.extractall(home, filter="data")
    archive.unlink()
    return home / archive.name.removesuffix(".tar.gz")


def _install(suite: LibrarySuite, source: Path, home: Path) -> None:
    _uv("venv", "--quiet", "--python", str(find_python(suite.python)), str(home / "venv"))
    overrides = home / "overrides.txt"
    overrides.write_text(suite.overrides)
    command = [
        "pip",
        "install",
        "--quiet",
        "--python",
        str(home / "venv"),
        "--override",
        str(overrides),
        *suite.install,
    ]
    # urllib3's servers need a hypercorn with its own changes, which lies in a git repository. Where that cannot be
    # reached the released one does, but for the tests of proxies and HTTP/2, which then fail in both runs.
    if _uv(*command, directory=source, check=False).returncode != 0:
        print(f"{suite.name}: its own source of a requirement is out of reach; using released versions")
        _uv(*command, "--no-sources", directory=source)


def of_cpython(version: str) -> Environment:
    """The interpreter with the tests that it brought along; some distributions leave these out."""
    python = find_python(version)
    probe = f"import platform, test.{next(iter(CPYTHON_FILES))}; print('CPython', platform.python_version())"
    found = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise Unavailable(f"{python} has no tests of its own")
    directory = WORK / "cpython" / version
    directory.mkdir(parents=True, exist_ok=True)
    return Environment(directory, python, found.stdout.strip())


def _uv(*arguments: str, directory: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if uv is None:
        raise Unavailable("uv is not installed; `make setup` does that")
    return _run([uv, *arguments], directory=directory, check=check)


def _run(command: list[str], *, directory: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and finished.returncode != 0:
        raise Unavailable(f"{' '.join(command)}\n{finished.stderr.strip()}")
    return finished
