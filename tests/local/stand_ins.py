"""Functions, extensions and wrappers made up for a test, written where the platform looks for them."""

import platform
import shlex
import shutil
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTENSION = Path(__file__).with_name("stand_in_extension.py")

# A careless function without dependencies: every call throws its connection away. The event tells it what to call,
# how often, and how to end.
CARELESS = """
    import os
    import time
    import urllib.request

    def handler(event, context):
        for _ in range(event["calls"]):
            with urllib.request.urlopen(event["url"]) as response:
                response.read()
        if event.get("then") == "sleep":
            time.sleep(60)
        if event.get("then") == "crash":
            os._exit(3)
        return os.getpid()
"""


def built_layer() -> Path:
    """The layer as `make build` leaves it, for this machine."""
    layer = ROOT / "build" / ("arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64")
    if not (layer / "extensions" / "lambda-keepalive").exists():
        raise FileNotFoundError(f"{layer} is not complete: run `make build`")
    return layer


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


def write_extension(layer: Path, name: str, *arguments: str) -> Path:
    """Add the stand-in extension to a layer; `arguments` are those of stand_in_extension.py."""
    layer.mkdir(parents=True, exist_ok=True)
    program = layer / EXTENSION.name  # beside extensions/: whatever lies in there would be started
    shutil.copy(EXTENSION, program)
    program.chmod(0o644)
    script = f"""
        python=/var/lang/bin/python3  # the platform's, where it is to be had
        [ -x $python ] || python={shlex.quote(sys.executable)}
        exec "$python" -I -S "${{0%/*}}/../{program.name}" {shlex.join([name, *arguments])}
    """
    return write_script(layer / "extensions" / name, script)
