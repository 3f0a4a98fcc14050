"""Takes the interpreter and the tree from the clients' tests; makes the corpus of chains and a large bundle for it."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from tests.clients.conftest import authority, run, tree
from tests.tls.corpus import Corpus

__all__ = ["authority", "run", "tree"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Chains of every kind, and the bundles that their clients trust."""
    return Corpus(tmp_path_factory.mktemp("corpus"), Path(certifi.where()).read_text())


def sandbox(tmp: Path) -> dict[str, str]:
    """The variables of a sandbox with an empty directory for /tmp, in which `tests.tls` can be imported."""
    return {"KEEPALIVE_RUNTIME_DIR": str(tmp / "runtime"), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a sandbox of its own."""
    return sandbox(tmp_path)
