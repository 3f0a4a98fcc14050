"""Runs the tests that depend on interpreter and client versions, for every Lambda runtime found here.

`--error-on-missing-interpreters` (CI) makes a missing one a failure; a laptop skips it and says so.
"""

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session(python=PYTHONS[:3])
@nox.parametrize("clients", ["floor", "newest"])
def clients(session: nox.Session, clients: str) -> None:
    group = "clients" if clients == "newest" else "clients-floor"
    session.run_install("uv", "pip", "install", "--quiet", "--group", group, "--group", "test")
    session.run("pytest", "tests/unit", "tests/startup", "tests/clients", "tests/functions", *session.posargs)
