"""Brings the tests of Node itself onto the machine, from Debian's source packages; kept in `.work/suites`.

npm's packages of Node hold no tests. apt checks the signature of what it downloads; nothing is installed, and the
machine's own lists stay as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.node import toolchain
from tests.suites.catalog import WORK, NodeSuite
from tests.suites.environments import Environment, Unavailable

MACHINE_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")


def of_node(suite: NodeSuite) -> Environment:
    """Download and unpack the tests on the first call; later calls find it done."""
    home = WORK / suite.name
    ready = home / ".ready"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        (home / "download").mkdir(parents=True)
        _unpack(_download(suite.release, home), home)
        ready.touch()
    (source,) = home.glob("node-v*")
    try:
        node = toolchain.node(suite.node)
    except toolchain.MissingTool as missing:
        raise Unavailable(str(missing)) from None
    return Environment(source, node, f"tests of {source.name.removeprefix('node-')}, Node {suite.node}")


def _download(release: str, home: Path) -> Path:
    """The tarball of Node's sources in a release of Debian."""
    if not shutil.which("apt-get") or not MACHINE_SOURCES.exists():
        raise Unavailable("the tests of Node come from Debian's source packages, by apt-get")
    (home / "parts").mkdir()
    (home / "lists" / "partial").mkdir(parents=True)
    first = MACHINE_SOURCES.read_text().partition("\n\n")[0]
    fields = [line for line in first.splitlines() if line.startswith(("URIs:", "Components:", "Signed-By:"))]
    (home / "parts" / "of.sources").write_text("\n".join(["Types: deb-src", f"Suites: {release}", *fields, ""]))
    options = [
        "Dir::Etc::SourceList=/dev/null",
        f"Dir::Etc::SourceParts={home}/parts",
        f"Dir::State::Lists={home}/lists",
    ]
    options += ["APT::Sandbox::User=root"]
    apt = ["apt-get", "-qq", *(argument for option in options for argument in ("-o", option))]
    for command in (["update"], ["--tar-only", "--download-only", "source", "nodejs"]):
        done = subprocess.run([*apt, *command], cwd=home / "download", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"apt-get {' '.join(command)} ({release}): {done.stderr.strip()}")
    return next((home / "download").glob("nodejs_*.orig.tar.xz"))


def _unpack(archive: Path, home: Path) -> None:
    """Only the tests: the rest is half a gigabyte."""
    with tarfile.open(archive) as file:
        tests = [member for member in file if member.name.split("/")[1:2] == ["test"]]
        file.extractall(home, tests, filter="data")
    shutil.rmtree(home / "download")
