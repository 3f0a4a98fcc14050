"""Builds the layer: build/<arch>/ is the tree of /opt, dist/ holds the same as zip files with their checksums.

    python package.py [--arch x86_64] [--arch arm64] [--python python3.12 ...]

The sources come with bytecode for each interpreter given, since /opt is read-only and compiling costs more than the
whole budget of start-up. The same sources, interpreters and compiler give the same bytes: fixed dates, sorted names,
modes set here.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BUILD, DIST = ROOT / "build", ROOT / "dist"
ARCHITECTURES = ("x86_64", "arm64")
EXECUTABLES = ("lambda-keepalive/exec", "extensions/lambda-keepalive")

# The earliest date that the zip format knows (APPNOTE 4.4.6).
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def build(arch: str, interpreters: "list[str]") -> Path:
    """Lay out the tree of /opt for one architecture."""
    tree = BUILD / arch
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT / "layer", tree, ignore=shutil.ignore_patterns("__pycache__"))
    extension = [sys.executable, str(ROOT / "extension" / "build.py"), "--arch", arch, "--output", str(BUILD)]
    subprocess.run(extension, check=True)
    for interpreter in interpreters:
        compile_bytecode(interpreter, tree / "lambda-keepalive" / "python")
    for path in tree.rglob("*"):
        executable = path.is_dir() or str(path.relative_to(tree)) in EXECUTABLES
        path.chmod(0o755 if executable else 0o644)
    tree.chmod(0o755)
    return tree


def compile_bytecode(interpreter: str, directory: Path) -> None:
    """Compile with paths as they are in the sandbox, and without a check against the sources: /opt does not change."""
    command = [interpreter, "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(directory), "-p", "/opt/lambda-keepalive/python", str(directory)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def pack(arch: str, tree: Path) -> Path:
    """Zip the tree as Lambda wants a layer: its root is /opt."""
    DIST.mkdir(exist_ok=True)
    target = DIST / f"lambda-keepalive-{arch}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the modes below count
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            archive.writestr(entry, path.read_bytes())
    return target


def runtimes() -> "list[str]":
    """The interpreters of Lambda's Python runtimes that are installed here."""
    found = (shutil.which(f"python3.{minor}") for minor in range(11, 15))
    return [path for path in found if path is not None and works(path)]


def works(interpreter: str) -> bool:
    """Whether it starts: a version manager leaves stubs that do not."""
    return subprocess.run([interpreter, "-I", "-c", ""], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Build what the command line asks for; without arguments everything."""
    parser = argparse.ArgumentParser(description="Build the lambda-keepalive layer.")
    parser.add_argument("--arch", action="append", choices=ARCHITECTURES, help="repeatable; all if not given")
    parser.add_argument(
        "--python", action="append", help="interpreter to ship bytecode for; repeatable; all found if not given"
    )
    options = parser.parse_args()
    interpreters = options.python if options.python is not None else runtimes()
    sums = []
    for arch in options.arch or ARCHITECTURES:
        target = pack(arch, build(arch, interpreters))
        sums.append(f"{hashlib.sha256(target.read_bytes()).hexdigest()}  {target.name}\n")
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1024:.0f} KiB")
    (DIST / "SHA256SUMS").write_text("".join(sums))
    versions = ", ".join(Path(interpreter).name for interpreter in interpreters) or "no interpreter"
    print(f"bytecode for {versions}; other runtimes compile at start, which costs them some milliseconds")


if __name__ == "__main__":
    main()
