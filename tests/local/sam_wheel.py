"""AWS's runtime interface emulator, taken out of the wheel of aws-sam-cli: the one place where a registry has it."""

import functools
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from .work import WORK

# The version whose emulator the notes on the platform in these tests were checked with.
AWS_SAM_CLI = "aws-sam-cli==1.170.0"


@functools.cache
def runtime_interface_emulator() -> Path:
    """The path of the emulator for this machine, downloaded on first use; CalledProcessError if that fails."""
    machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    binary = WORK / "rie" / AWS_SAM_CLI.partition("==")[2] / f"aws-lambda-rie-{machine}"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=binary.parent) as unpacked:
            subprocess.run([*_installer(), "--quiet", "--no-deps", "--target", unpacked, AWS_SAM_CLI], check=True)
            unpacked_binary = Path(unpacked) / "samcli" / "local" / "rapid" / binary.name
            unpacked_binary.chmod(0o755)
            os.replace(unpacked_binary, binary)
    return binary


def _installer() -> list[str]:
    """An `install` command for this interpreter: pip's, or that of uv, whose environments have no pip."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    return [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable]
