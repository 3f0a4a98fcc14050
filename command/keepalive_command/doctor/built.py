"""Checks a built layer: a directory that becomes /opt, or the zip of it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from keepalive_command.archives import beginning
from keepalive_command.doctor.findings import Finding
from keepalive_command.errors import CommandError

# e_machine of an ELF header, bytes 18 and 19, little endian (elf(5)).
MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}

MOST_ZIPPED = 50_000_000
"""Bytes that PublishLayerVersion takes directly; more must go through S3."""
MOST_UNZIPPED = 262_144_000
"""Bytes of a function and all its layers together."""


@dataclass(frozen=True)
class File:
    """One file of the layer."""

    mode: int
    size: int
    start: bytes

    @property
    def executable(self) -> bool:
        """Whether others may run it: the function's user is not the owner."""
        return self.mode & 0o005 == 0o005


Files = dict[str, File]


def read(path: Path) -> Files:
    """The files of a layer by path.

    Raises:
        CommandError: there is nothing, or it is no zip.
    """
    if path.is_dir():
        files = {}
        for each in path.rglob("*"):
            if each.is_file():
                status = each.stat()
                with each.open("rb") as stream:
                    name = each.relative_to(path).as_posix()
                    files[name] = File(status.st_mode & 0o777, status.st_size, stream.read(64))
        return files
    try:
        with zipfile.ZipFile(path) as archive:
            return {info.filename: _zipped(archive, info) for info in archive.infolist() if not info.is_dir()}
    except FileNotFoundError:
        raise CommandError(f"{path} does not exist", "make build, then build/x86_64 or dist/*.zip") from None
    except zipfile.BadZipFile as error:
        raise CommandError(f"{path} is no layer: {error}", "a directory like build/x86_64, or its zip") from None
    except OSError as error:
        raise CommandError(f"{path} is damaged: {error}", "make build") from None


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> File:
    return File(info.external_attr >> 16 & 0o777, info.file_size, beginning(archive, info, 64))


def check(files: Files, path: Path) -> list[Finding]:
    """All findings on a built layer."""
    return [
        *_wrapper(files),
        *_extension(files, path.name),
        *_trees(files),
        *_bytecode(files),
        *_sizes(files, path),
    ]


def _wrapper(files: Files) -> list[Finding]:
    wrapper = files.get("lambda-keepalive/exec")
    if wrapper is None:
        nested = [name for name in files if name.endswith("/lambda-keepalive/exec")]
        if nested:
            folder = nested[0].removesuffix("lambda-keepalive/exec")
            text = f"everything lies in {folder} instead of at the top, so that /opt/lambda-keepalive does not exist"
            return [Finding("wrapper", "error", text, f"pack the content of {folder}, not the folder")]
        text = "lambda-keepalive/exec is missing: a function with AWS_LAMBDA_EXEC_WRAPPER set will not start"
        return [Finding("wrapper", "error", text, "make build")]
    if not wrapper.executable:
        text = f"lambda-keepalive/exec has mode {wrapper.mode:o}: a function that names it will not start"
        return [
            Finding("wrapper", "error", text, "chmod 755, and pack with a tool that keeps modes (zip, not Windows)")
        ]
    if not wrapper.start.startswith(b"#!/bin/sh\n"):
        text = "lambda-keepalive/exec does not begin with #!/bin/sh and a newline"
        return [Finding("wrapper", "error", text, "make build; git may have changed the line ends")]
    return [Finding("wrapper", "fine", "/opt/lambda-keepalive/exec is there and executable")]


def _extension(files: Files, name: str) -> list[Finding]:
    findings = []
    others = sorted(each for each in files if each.startswith("extensions/") and each != "extensions/lambda-keepalive")
    for other in others:
        text = f"{other}: Lambda starts every file in extensions/ and waits for it to register"
        findings.append(Finding("extensions", "warning", text, "remove it, unless it is an extension of yours"))
    binary = files.get("extensions/lambda-keepalive")
    if binary is None:
        text = "extensions/lambda-keepalive is missing: connections are reused, but there are no metrics"
        return [*findings, Finding("extension", "warning", text, "make build")]
    if not binary.executable:
        text = f"extensions/lambda-keepalive has mode {binary.mode:o}: every invocation will fail"
        return [*findings, Finding("extension", "error", text, "chmod 755")]
    architecture = elf_machine(binary.start)
    if architecture is None:
        return [
            *findings,
            Finding("extension", "error", "extensions/lambda-keepalive is no Linux binary", "make build"),
        ]
    wanted = next((each for each in MACHINES.values() if each in name), None)
    if wanted is not None and wanted != architecture:
        text = f"the extension is built for {architecture}, but the layer is called {name}"
        return [*findings, Finding("architecture", "error", text, "make build; one layer for each architecture")]
    text = f"the extension is built for {architecture}; the function's architecture must be the same"
    return [*findings, Finding("architecture", "fine", text)]


def elf_machine(start: bytes) -> str | None:
    """The architecture of an ELF file from its first bytes, or None."""
    if not start.startswith(b"\x7fELF") or len(start) < 20:
        return None
    return MACHINES.get(int.from_bytes(start[18:20], "little"))


def _trees(files: Files) -> list[Finding]:
    findings = []
    for name, meaning in (
        ("lambda-keepalive/python/sitecustomize.py", "Python functions do not start the layer by the wrapper"),
        ("lambda-keepalive/python/lambda_keepalive/boot.py", "Python functions run without the layer"),
        ("python/lambda-keepalive.pth", "Python functions start the layer by the wrapper only"),
        ("lambda-keepalive/node/preload.cjs", "Node.js functions run without the layer"),
    ):
        missing = Finding("trees", "warning", f"{name} is missing: {meaning}", "make build")
        findings.append(Finding("trees", "fine", name) if name in files else missing)
    return findings


def _bytecode(files: Files) -> list[Finding]:
    found = {match[1] for name in files if (match := re.search(r"boot\.cpython-3(\d+)\.pyc$", name))}
    if not found:
        text = "no bytecode: each cold start compiles the layer, about 6 ms"
        return [Finding("bytecode", "warning", text, "make build on a machine that has the Pythons of your functions")]
    versions = ", ".join(f"python3.{minor}" for minor in sorted(found, key=int))
    return [Finding("bytecode", "fine", f"bytecode for {versions}; other runtimes compile at each cold start, 6 ms")]


def _sizes(files: Files, path: Path) -> list[Finding]:
    unzipped = sum(file.size for file in files.values())
    zipped = path.stat().st_size if path.is_file() else 0
    if unzipped > MOST_UNZIPPED or zipped > MOST_ZIPPED:
        text = f"{unzipped:,} bytes, {zipped:,} zipped: more than Lambda takes ({MOST_UNZIPPED:,}, {MOST_ZIPPED:,})"
        return [Finding("size", "error", text, "make build packs less than 2 MB; what else is in it?")]
    return [Finding("size", "fine", f"{unzipped:,} bytes" + (f", {zipped:,} zipped" if zipped else ""))]
