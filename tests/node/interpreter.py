"""Runs a snippet of JavaScript in a fresh Node, with the layer preloaded as in production: by NODE_OPTIONS.

The origin stays in the test's process: what it counted is not the snippet's word.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.node import toolchain

ROOT = Path(__file__).resolve().parents[2]
PRELOAD = ROOT / "layer/lambda-keepalive/node/preload.cjs"

# `act` lets the test do something in the middle of a snippet, such as closing connections on the server's side; with
# `actAtOnce` not a turn of the event loop passes meanwhile. The snippet is the body of an async function and returns
# its result. `calls` and `names` are at its disposal.
PROGRAM = """
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const readline = require('node:readline');
const {{ CALLS: calls }} = require('./calls.cjs');
const names = {names};
const waiting = [];
const lines = readline.createInterface({{ input: process.stdin }});
lines.on('line', (line) => waiting.shift()(JSON.parse(line)));
function act(name, ...args) {{
  const answer = new Promise((resolve) => waiting.push(resolve));
  console.log(JSON.stringify({{ act: name, arguments: args }}));
  return answer;
}}
function actAtOnce(name, ...args) {{
  console.log(JSON.stringify({{ act: name, arguments: args }}));
  for (const byte = Buffer.alloc(1); byte.toString() !== '\\n'; ) {{
    try {{
      fs.readSync(0, byte);
    }} catch (error) {{
      if (error.code !== 'EAGAIN') throw error;
    }}
  }}
}}
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
function send(url, options = {{}}, body = undefined) {{
  return new Promise((resolve, reject) => {{
    const request = (url.startsWith('https:') ? https : http).request(url, options, (response) => {{
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('error', reject);
      response.on('end', () => resolve({{ status: response.statusCode, text, reused: request.reusedSocket }}));
    }});
    request.on('error', reject);
    request.end(body);
  }});
}}
(async () => {{
{code}
}})().then((result = null) => {{
  console.log(JSON.stringify({{ result }}));
  lines.close();
  process.stdin.destroy();
}});
"""


def lay_out(directory: Path) -> Path:
    """Make a directory for code that uses the packages and calls.cjs; `import` looks for packages beside it."""
    directory.mkdir(exist_ok=True)
    (directory / "node_modules").symlink_to(toolchain.node_modules())
    shutil.copy(Path(__file__).with_name("calls.cjs"), directory)
    return directory


def lay_out_sample(directory: Path, sample: Path) -> Path:
    """Make a directory with a sample's code and the packages that it names, as its deployment would."""
    directory.mkdir()
    shutil.copy(sample / "app.mjs", directory)
    installed = toolchain.node_modules()
    for package in json.loads((sample / "package.json").read_text())["dependencies"]:
        link = directory / "node_modules" / package
        link.parent.mkdir(parents=True, exist_ok=True)
        # Of some packages there are several versions, under names of their own.
        link.symlink_to(installed / {"undici": "undici-7"}.get(package, package))
    return directory


class NodeInterpreter:
    """Call it with a snippet; it returns what the snippet returned, by way of JSON.

    Args:
        version: of Node, one of `toolchain.NODE_VERSIONS`.
        directory: where the snippets run, see `lay_out`.
        environ: the variables of every snippet.
    """

    def __init__(self, version: str, directory: Path, environ: Mapping[str, str]) -> None:
        self.version = version
        self._directory = directory
        self._environ = dict(environ)

    def __call__(
        self,
        code: str,
        layer: bool = True,
        environ: Mapping[str, str] | None = None,
        acts: Mapping[str, Callable[..., Any]] | None = None,
        stderr: str = "",
        descriptors: int | None = None,
        **names: Any,
    ) -> Any:
        """Run the snippet; fail unless it exits with 0, as quiet as said.

        Args:
            layer: whether the layer is preloaded.
            environ: variables for this run.
            acts: what `act("name", ...)` in the snippet does, in this process.
            stderr: a regular expression for all that is printed to standard error; by default nothing may be.
            descriptors: how many file descriptors the process may have.
        """
        variables = {
            "PATH": os.environ["PATH"],
            "KEEPALIVE_LOOPBACK": "1",
            "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
            **self._environ,
            **(environ or {}),
        }
        if layer:
            variables["NODE_OPTIONS"] = f"{variables.get('NODE_OPTIONS', '')} --require {PRELOAD}".strip()
        program = PROGRAM.format(names=json.dumps(names), code=textwrap.dedent(code))
        limits = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}"]
        result = None
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(
                [*limits, toolchain.node(self.version), "-e", program],
                cwd=self._directory,
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
        assert process.returncode == 0, said
        assert re.fullmatch(stderr, said, re.DOTALL), said
        return result
