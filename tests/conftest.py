"""The order of the tests: what takes minutes begins first, so that no worker is left alone with it at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = Path(__file__).parent / "torture"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first; otherwise the order stays."""
    items.sort(key=lambda item: LONG not in item.path.parents)
