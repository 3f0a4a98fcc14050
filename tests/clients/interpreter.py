"""Runs a snippet in a fresh interpreter, with the layer started as in production: PYTHONPATH and sitecustomize.

The patches are for the life of a process, so each test gets a process of its own. The origin stays in the test's
process: what it counted is not the snippet's word.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# `act` lets the test do something in the middle of a snippet, such as closing connections on the server's side.
PRELUDE = """
import json, sys
globals().update(json.loads(sys.argv[1]))

def act(name, *arguments):
    print(json.dumps({"act": name, "arguments": arguments}), flush=True)
    return json.loads(sys.stdin.readline())

result = None
"""
EPILOGUE = """
print(json.dumps({"result": result}), flush=True)
"""


class Interpreter:
    """Call it with a snippet, in one or more pieces; it returns what the snippet left in `result`, by way of JSON.

    Args:
        tree: a copy of layer/.
        environ: the variables of every snippet, besides PATH.
    """

    def __init__(self, tree: Path, environ: Mapping[str, str]) -> None:
        self._tree = tree
        self._environ = dict(environ)

    def __call__(
        self,
        *code: str,
        layer: bool = True,
        environ: Mapping[str, str] | None = None,
        acts: Mapping[str, Callable[..., Any]] | None = None,
        stderr: str = "",
        options: tuple[str, ...] = (),
        **names: Any,
    ) -> Any:
        """Run the pieces of `code`, in which `names` are variables; fail unless it exits with 0, as quiet as said.

        Args:
            layer: whether the layer is attached.
            environ: variables for this run.
            acts: what `act("name", ...)` in the snippet does, in this process.
            stderr: a regular expression for all that is printed to standard error; by default nothing may be.
            options: of the interpreter.
        """
        variables = {"PATH": os.environ["PATH"], "KEEPALIVE_LOOPBACK": "1", **self._environ, **(environ or {})}
        if layer:
            python = str(self._tree / "lambda-keepalive/python")
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, (python, variables.get("PYTHONPATH"))))
        program = "\n".join([PRELUDE, *map(textwrap.dedent, code), EPILOGUE])
        result = None
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(
                [sys.executable, *options, "-c", program, json.dumps(names)],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    message = json.loads(line)
                    if "act" in message:
                        answer = (acts or {})[message["act"]](*message["arguments"])
                        process.stdin.write(json.dumps(answer) + "\n")
                        process.stdin.flush()
                    else:
                        result = message["result"]
                process.wait()
            finally:
                process.kill()
            errors.seek(0)
            said = errors.read()
        assert process.returncode == 0, (process.returncode, said)
        assert re.fullmatch(stderr, said, re.DOTALL), said
        return result
