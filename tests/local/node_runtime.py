"""The trees of /var/lang and /var/runtime of a Node runtime: an interpreter, aws-lambda-ric and what starts it.

Made once per interpreter and client, and kept in .work/ of the repository, as `language` does for Python.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .work import alone

STARTER = Path(__file__).with_name("var_runtime_node")


class NodeRuntime:
    """A runtime such as nodejs22.x.

    Args:
        interpreter: the `node` program; it decides which runtime it is.
        client: the module of aws-lambda-ric that is to run; its addon, rapid-client.node, lies beside it.

    Attributes:
        name: what a template calls it, `nodejs22.x`.
        tree: what belongs on /var/lang.
        runtime: what belongs on /var/runtime.
    """

    def __init__(self, interpreter: Path, client: Path) -> None:
        version = subprocess.check_output([interpreter, "--version"], text=True).strip().removeprefix("v")
        self.interpreter = interpreter
        self.name = f"nodejs{version.partition('.')[0]}.x"
        sources = [interpreter, client, client.with_name("rapid-client.node"), *sorted(STARTER.iterdir())]
        source = "\n".join(f"{path} {path.stat().st_mtime_ns}" for path in sources)
        with alone(f"language/node-{version}") as directory:
            self.tree, self.runtime = directory / "lang", directory / "runtime"
            made_from = directory / "made-from"
            if not made_from.exists() or made_from.read_text() != source:
                self._make(interpreter, client)
                made_from.write_text(source)

    def _make(self, interpreter: Path, client: Path) -> None:
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.rmtree(self.runtime, ignore_errors=True)
        (self.tree / "bin").mkdir(parents=True)
        os.link(interpreter.resolve(), self.tree / "bin" / "node")
        shutil.copytree(STARTER, self.runtime)
        shutil.copy(client, self.runtime / "client.mjs")
        shutil.copy(client.with_name("rapid-client.node"), self.runtime)
