"""Functions as they are deployed: ES modules, and bundles by esbuild, as CommonJS and as an ES module."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local import Emulator
from tests.node import toolchain
from tests.node.interpreter import lay_out
from tests.node.test_clients import CALLS, COUNT, INVOCATIONS
from tests.support.certificates import Authority
from tests.support.origin import Origin

# Each bundle has all clients, as the largest functions have several.
ENTRY = """
    const { prepare } = require('./calls.cjs');
    exports.handler = async (event) => {
      const calls = Object.entries(event.urls).map(([name, url]) => [prepare(name), url]);
      for (const [call, url] of calls) {
        for (let each = 0; each < event.calls; each += 1) await call(url);
      }
      return 'done';
    };
"""
# What esbuild's documentation gives for CommonJS inside of ES modules; the managed runtime looks for a named export.
ESM_BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
FORMATS = {
    "app.cjs": ["--format=cjs"],
    "app.mjs": ["--format=esm", "--minify", f"--banner:js={ESM_BANNER}"],
}

ESM = """
    import { Agent, get } from 'node:https';
    import * as https from 'node:https';

    function call(get, url, agent) {
      return new Promise((resolve, reject) => {
        get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    }

    export const handler = async (event) => {
      for (let each = 0; each < event.calls; each += 1) {
        await call(get, event.url, new Agent());
        await call(https.get, event.url, false);
        await (await fetch(event.fetched)).text();
      }
      return 'done';
    };
"""


@functools.cache
def bundled(file: str, directory: Path) -> str:
    """The text of a bundle. Made once for all versions of Node, since pytest forgets a fixture with each of them."""
    lay_out(directory)
    entry = directory / "entry.cjs"
    entry.write_text(ENTRY)
    output = directory / file
    command = [toolchain.node("24"), toolchain.node_modules() / "esbuild/bin/esbuild", entry, "--bundle"]
    command += ["--platform=node", "--log-level=error", f"--outfile={output}", *FORMATS[file]]
    subprocess.run(command, check=True)
    text = output.read_text()
    if file == "app.mjs":
        text = text.replace("export default", "const bundled =", 1) + ";export const handler = bundled.handler;"
    return text


@pytest.fixture(scope="session", params=FORMATS)
def bundle(request: pytest.FixtureRequest, modules: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The file's name and its text."""
    return request.param, bundled(request.param, tmp_path_factory.getbasetemp() / f"bundle-{request.param}")


def test_every_client_in_a_bundle_opens_one_connection(
    function: Callable[..., Emulator], authority: Authority, bundle: tuple[str, str], version: str
) -> None:
    file, source = bundle
    names = [name for name in CALLS if not (name == "undici 8" and version == "20")]
    with ExitStack() as origins:
        served = {name: origins.enter_context(Origin(tls=authority)) for name in names}
        urls = {name: origin.url for name, origin in served.items()}
        with function(source, file=file) as sandbox:
            for _ in range(INVOCATIONS):
                assert sandbox.invoke({"urls": urls, "calls": COUNT}).payload == "done"
        counts = {name: (origin.received, origin.accepted) for name, origin in served.items()}
    for name, (received, accepted) in counts.items():
        assert (received, accepted) == (INVOCATIONS * COUNT, 1), name


def test_an_es_module_sees_the_same(function: Callable[..., Emulator], origin: Origin, authority: Authority) -> None:
    with Origin(tls=authority) as fetched:
        with function(ESM, file="app.mjs") as sandbox:
            for _ in range(INVOCATIONS):
                event = {"url": origin.url, "fetched": fetched.url, "calls": COUNT}
                assert sandbox.invoke(event).payload == "done"
        assert (fetched.received, fetched.accepted) == (INVOCATIONS * COUNT, 1)
    assert (origin.received, origin.accepted) == (2 * INVOCATIONS * COUNT, 1)
