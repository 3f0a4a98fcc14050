"""The layer's JavaScript is typed: JSDoc, checked by TypeScript's compiler at its strictest."""

import subprocess
from pathlib import Path

from tests.node import toolchain


def test_what_the_comments_say_of_types_is_true(modules: Path) -> None:
    compiler = modules / "typescript/bin/tsc"
    settings = Path(__file__).with_name("tsconfig.json")
    checked = subprocess.run(
        [toolchain.node("24"), compiler, "--project", settings], capture_output=True, text=True, check=False
    )
    assert checked.stdout == ""
    assert checked.returncode == 0, checked.stderr
