"""The order of the tests: what takes minutes begins first, so that no worker is left alone with it at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONG = {HERE / "torture", HERE / "stranger"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first; otherwise the order stays."""
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parents))
