"""An origin in this process, and fresh interpreters that call it with the layer attached."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]


def needs(client: str) -> None:
    """Skip a test of a client, by its name in `callers`, that is not installed here."""
    if client not in ("http_client", "urlopen"):
        pytest.importorskip(client.removesuffix("_async"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of layer/, so that bytecode is written beside it and read by the next interpreter."""
    tree = tmp_path_factory.mktemp("opt") / "layer"
    shutil.copytree(ROOT / "layer", tree, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


@pytest.fixture(scope="session")
def run(tree: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    bundle = str(authority.bundle)
    return Interpreter(
        tree,
        {
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "HTTPLIB2_CA_CERTS": bundle,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "HOME": str(tmp_path_factory.mktemp("home")),  # no settings of the developer
        },
    )


@pytest.fixture
def origin(authority: Authority) -> Iterator[Origin]:
    """Over TLS, as most origins are."""
    with Origin(tls=authority) as origin:
        yield origin


@pytest.fixture
def plain() -> Iterator[Origin]:
    """Without TLS."""
    with Origin() as origin:
        yield origin
