"""Takes the interpreter and the tree from the clients' tests."""

from tests.clients.conftest import authority, run, tree

__all__ = ["authority", "run", "tree"]
