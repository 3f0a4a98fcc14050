"""A stand-in for AWS's base image of a Python runtime, made of files of this machine, where the real one is not.

It holds what `sam local` and the runtime need and nothing else: the interpreter in /var/lang with awslambdaric and
boto3, our bootstrap in /var/runtime, a shell with mv, cp and chmod, and the shared libraries of all these. Its
environment is that of AWS's Dockerfiles, in which PYTHONPATH is not set.
"""

import hashlib
import importlib.metadata
import io
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .configuration import VAR_RUNTIME
from .language import Language
from .rie import LIBRARY_PATH, PATH

# Marks what is ours, and in images that `sam local` derives from it too.
LABEL = "lambda-keepalive.stand-in"
# `sam local` moves its emulator into place with these (samcli/local/docker/lambda_image.py).
PROGRAMS = ("sh", "mv", "cp", "chmod", "rm")
# What the managed runtime brings along besides the standard library.
PACKAGES = ("awslambdaric", "boto3")


class BaseImage:
    """The base image for the interpreter that runs this; `ensure` makes it."""

    def __init__(self) -> None:
        self._language = Language(sys.executable)
        version = self._language.name.removeprefix("python")
        machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
        self.runtime = self._language.name
        self.architecture = machine
        self.name = f"public.ecr.aws/lambda/python:{version}-{machine}"

    def ensure(self) -> None:
        """Make the image, unless it is there already; an image of that name that is not ours is left alone.

        What an earlier run left of images built on it is removed: SAM would take them for current.
        """
        self.remove_derived()
        archive = self._archive()
        fingerprint = hashlib.sha256(archive).hexdigest()
        question = ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', self.name]
        inspected = subprocess.run(question, capture_output=True, text=True, check=False)
        if inspected.returncode == 0 and inspected.stdout.strip() in ("", fingerprint):
            return
        changes = [
            f"ENV LANG=en_US.UTF-8 TZ=:UTC PATH={PATH} LD_LIBRARY_PATH={LIBRARY_PATH}",
            "ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime",
            "WORKDIR /var/task",
            f"LABEL {LABEL}={fingerprint}",
        ]
        options = [option for change in changes for option in ("--change", change)]
        subprocess.run(["docker", "import", *options, "-", self.name], input=archive, capture_output=True, check=True)

    def remove_derived(self) -> None:
        """Remove the images that `sam local` has built on this one; the stand-in itself is kept for the next time."""
        listing = ["docker", "images", "--quiet", "--filter", f"label={LABEL}"]
        images = set(subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split())
        own = subprocess.run([*listing, self.name], capture_output=True, text=True, check=True).stdout.split()
        for image in images - set(own):
            subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)

    def _archive(self) -> bytes:
        """The file system as a tar archive, the same bytes for the same files."""
        buffer = io.BytesIO()
        programs = [Path(shutil.which(program) or program) for program in PROGRAMS]
        tree = self._language.tree
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for directory, mode in (("tmp", 0o1777), ("var/task", 0o755), ("opt", 0o755), ("bin", 0o755)):
                entry = tarfile.TarInfo(directory)
                entry.type, entry.mode = tarfile.DIRTYPE, mode
                archive.addfile(entry)
            archive.add(tree, "var/lang", filter=_normalized)
            archive.add(VAR_RUNTIME, "var/runtime", filter=_normalized)
            for path, name in _distribution_files(PACKAGES):
                archive.add(path, f"var/lang/{self._language.site_packages}/{name}", filter=_normalized)
            for program in programs:
                archive.add(program.resolve(), f"bin/{program.name}", filter=_normalized)
            binaries = [*programs, tree / "bin" / self._language.name, *tree.rglob("*.so")]
            binaries += [path for path, _ in _distribution_files(PACKAGES) if path.suffix == ".so"]
            for library in sorted(_shared_libraries(binaries)):
                archive.add(library.resolve(), str(library).lstrip("/"), filter=_normalized)
        return buffer.getvalue()


def _normalized(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what depends on when and by whom the archive is made."""
    if "__pycache__" in entry.name or entry.name.endswith("/made-from.json"):
        return None
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    return entry


def _distribution_files(names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """The files of installed distributions and of all that they need, with their names in site-packages."""
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                yield path, str(file)
        needs = [need for need in distribution.requires or [] if "extra ==" not in need]
        waiting += [re.split(r"[\s\[<>=!~;(]", need)[0] for need in needs if not _is_conditional(need)]


def _is_conditional(requirement: str) -> bool:
    """A requirement with a condition is taken only if it is installed."""
    _, _, condition = requirement.partition(";")
    if not condition:
        return False
    try:
        importlib.metadata.distribution(re.split(r"[\s\[<>=!~;(]", requirement)[0])
    except importlib.metadata.PackageNotFoundError:
        return True
    return False


def _shared_libraries(binaries: Iterable[Path]) -> set[Path]:
    """The libraries, and the loader, that the dynamic linker of this machine takes for these binaries."""
    listed = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}
