"""Whole functions: a sandbox of the local emulator with the real awslambdaric, the built extension, and freezes."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator, Line
from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
WRAPPER = "/opt/lambda-keepalive/exec"

# Calls the origin three times by every client that needs nothing but the standard library, and once by requests.
MIXED = """
    import json
    import os
    from http.client import HTTPSConnection
    from urllib.request import urlopen

    import requests

    url = os.environ["TARGET_URL"]

    def handler(event, context):
        with urlopen(url + "/bytes/10") as response:
            first = response.read().decode()
        connection = HTTPSConnection(url.partition("//")[2])
        connection.request("POST", "/echo", body=json.dumps(event))
        second = json.loads(connection.getresponse().read())["body"]
        connection.close()
        third = requests.get(url + "/bytes/10").text
        return [first, second, third]
"""
MIXED_ANSWER = ["0123456789", '{"n": 1}', "0123456789"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def origin(authority: Authority) -> Iterator[Origin]:
    with Origin(tls=authority) as origin:
        yield origin


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of /opt: layer/ as it stands, with the extension that was built."""
    extension = ROOT / "build" / ARCHITECTURES[platform.machine()] / "extensions/lambda-keepalive"
    if not extension.is_file():
        pytest.fail(f"{extension.relative_to(ROOT)} is missing: run `make build`")
    tree = tmp_path_factory.mktemp("built") / "opt"
    shutil.copytree(ROOT / "layer", tree, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "extensions").mkdir()
    shutil.copy(extension, tree / "extensions")
    return tree


@pytest.fixture
def opt(built: Path, tmp_path: Path) -> Path:
    """The same tree for one test, which may break it."""
    tree = tmp_path / "opt"
    shutil.copytree(built, tree)
    return tree


@pytest.fixture
def sandbox(origin: Origin, authority: Authority) -> Callable[..., Emulator]:
    """Make an emulator whose function finds the origin in TARGET_URL and trusts it."""

    def make(task_root: Path, opt: Path, environ: Mapping[str, str] | None = None, **options: Any) -> Emulator:
        bundle = str(authority.bundle)
        variables = {
            "TARGET_URL": origin.url,
            "TABLE_NAME": "items",
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "AWS_LAMBDA_EXEC_WRAPPER": WRAPPER,
            "KEEPALIVE_LOOPBACK": "1",
            **(environ or {}),
        }
        variables = {name: value for name, value in variables.items() if value}
        return Emulator(handler="app.handler", task_root=task_root, layer=opt, environ=variables, **options)

    return make


def said(function: Emulator) -> list[str]:
    """What the layer printed, less its metrics."""
    return [line.text for line in function.lines if "lambda-keepalive" in line.text and line.emf is None]


def printed(function: Emulator) -> list[Line]:
    """All that was printed, less the metrics."""
    return [line for line in function.lines if line.emf is None]
