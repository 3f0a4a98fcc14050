"""The fixtures of tests/clients: an origin here, and fresh interpreters with the layer."""

import importlib.util

from tests.clients.conftest import authority, origin, run, tree

__all__ = ["authority", "origin", "run", "tree"]

if importlib.util.find_spec("ddtrace") is None:
    # The group `neighbours` is not installed: `nox --session coexistence`.
    collect_ignore_glob = ["test_*.py"]
