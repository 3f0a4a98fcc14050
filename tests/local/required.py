"""What a test needs of the machine: a laptop without it skips the test and says so, CI fails."""

import os
from collections.abc import Callable

import pytest

ROOT = os.geteuid() == 0


def require(available: bool, what: str) -> None:
    """Skip the test that calls this, or fail it where CI=true, if `what` is not available."""
    if not available:
        give_up: Callable[[str], object] = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"needs {what}")
