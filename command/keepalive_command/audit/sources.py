"""The source files of a function: a file, a directory or a zip, without its dependencies."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from keepalive_command.archives import beginning
from keepalive_command.errors import CommandError

PYTHON = {".py"}
JAVASCRIPT = {".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"}
COMPILED = {".so", ".pyd", ".pyc", ".node", ".wasm"}

# Other people's code, or no code of the function.
SKIPPED_DIRECTORIES = {"node_modules", "site-packages", "__pycache__", ".git", ".venv", "venv", ".tox", ".nox"}

LARGEST = 5_000_000
"""Bytes of a source file; what is larger is data or a bundle of bundles, and parsing it takes minutes."""


@dataclass(frozen=True)
class Source:
    """One source file."""

    path: str
    content: bytes

    @property
    def suffix(self) -> str:
        """Its extension, in lower case."""
        return PurePosixPath(self.path).suffix.lower()


class Tree(Protocol):
    """Something with files in it.

    Attributes:
        closed: directories that may not be looked into, with the reason; known after `names`.
    """

    closed: dict[str, str]

    def names(self) -> list[str]:
        """Paths of all files, with `/`."""

    def size(self, name: str) -> int:
        """Bytes of a file."""

    def read(self, name: str) -> bytes:
        """Its content.

        Raises:
            OSError: it cannot be read.
        """


@dataclass
class Directory:
    """A directory, or a single file."""

    root: Path
    closed: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """See `Tree`. Links to directories are not followed."""
        if self.root.is_file():
            return [self.root.name]

        def close(error: OSError) -> None:
            self.closed[Path(error.filename).relative_to(self.root).as_posix()] = error.strerror or ""

        walk = os.walk(self.root, onerror=close)
        files = (path for directory, _, names in walk for name in names if (path := Path(directory, name)).is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def _path(self, name: str) -> Path:
        return self.root if self.root.is_file() else self.root / name

    def size(self, name: str) -> int:
        """See `Tree`."""
        return self._path(name).stat().st_size

    def read(self, name: str) -> bytes:
        """See `Tree`."""
        return self._path(name).read_bytes()


class Archive:
    """A zip, as it is uploaded to Lambda."""

    def __init__(self, path: Path) -> None:
        self.closed: dict[str, str] = {}
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise CommandError(f"{path} is not a zip: {error}", "audit a directory or a deployment package") from None

    def names(self) -> list[str]:
        """See `Tree`."""
        return sorted(info.filename for info in self._zip.infolist() if not info.is_dir())

    def size(self, name: str) -> int:
        """See `Tree`."""
        return self._zip.getinfo(name).file_size

    def read(self, name: str) -> bytes:
        """See `Tree`."""
        return beginning(self._zip, name, LARGEST)


def open_tree(path: Path) -> Tree:
    """What is at `path`.

    Raises:
        CommandError: there is nothing, or it is no zip.
    """
    if not path.exists():
        raise CommandError(f"{path} does not exist", "the path of a function's directory, file or zip")
    if path.is_file() and path.suffix.lower() in {".zip", ".whl", ".jar"}:
        return Archive(path)
    return Directory(path)


@dataclass
class Selection:
    """The files to look at, and what is left out."""

    sources: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    dependencies: set[str] = field(default_factory=set)


def select(tree: Tree, *, with_dependencies: bool = False) -> Selection:
    """Sort the files of a tree: the function's own sources, and what is not looked at.

    A dependency is what lies in a directory for dependencies, or what a `*.dist-info/RECORD` beside it claims.
    """
    names = tree.names()
    installed = set() if with_dependencies else _installed(tree, names)
    selection = Selection()
    for name in names:
        path = PurePosixPath(name)
        owner = None if with_dependencies else _dependency(path, installed)
        if owner is not None:
            selection.dependencies.add(owner)
        elif path.suffix.lower() in PYTHON | JAVASCRIPT:
            (selection.too_large if tree.size(name) > LARGEST else selection.sources).append(name)
        elif path.suffix.lower() in COMPILED:
            selection.compiled.append(name)
    return selection


def _dependency(path: PurePosixPath, installed: set[str]) -> str | None:
    """The name of the dependency that the file belongs to, or None."""
    for index, part in enumerate(path.parts[:-1]):
        if part in SKIPPED_DIRECTORIES:
            following = path.parts[index + 1]
            return "/".join(path.parts[index + 1 : index + 3]) if following.startswith("@") else following
    for owner in (path, *path.parents):
        if str(owner) in installed:
            return owner.name
    return None


def _installed(tree: Tree, names: Iterable[str]) -> set[str]:
    """Top-level files and directories that pip installed, as paths."""
    installed: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        if path.name == "RECORD" and path.parent.suffix == ".dist-info":
            root = path.parent.parent
            try:
                rows = csv.reader(io.StringIO(tree.read(name).decode(errors="replace")))
                tops = {PurePosixPath(row[0]).parts[0] for row in rows if row and row[0]}
            except (OSError, csv.Error):
                continue
            installed |= {str(root / top) for top in tops if top != ".."}
    return installed
