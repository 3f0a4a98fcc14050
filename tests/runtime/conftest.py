"""What the tests of the whole system share: a directory for a function's code and one for a layer."""

from pathlib import Path

import pytest


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    return tmp_path / "task"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    directory = tmp_path / "layer"
    directory.mkdir()
    return directory
