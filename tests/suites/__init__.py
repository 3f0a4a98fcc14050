"""Runs the test suites of the libraries that the layer patches, without and with the layer, and compares them.

    python -m tests.suites [SUITE ...]

What these libraries promise is written down in their tests, so a test that fails only with the layer is a change of
behaviour. `catalog` says what is run, `known.toml` explains the failures that no user can notice, docs/suites.md
tells the result.
"""
