"""Runs the tests that depend on interpreter and client versions, on every Python of Lambda that is found here.

`make test` runs everything with the first Python it finds and the newest clients; these sessions are the rest of the
matrix. In CI a missing interpreter is a failure; a laptop skips it and says so.
"""

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True

# What runs inside the function, or starts it.
PARTS = ("unit", "startup", "clients", "functions", "socketlevel", "runtime", "tls", "botocore")
TESTS = tuple(f"tests/{part}" for part in PARTS)


@nox.session(python=["3.11", "3.12", "3.13"])
@nox.parametrize("clients", ["clients-floor", "clients"], ids=["oldest", "newest"])
def clients(session: nox.Session, clients: str) -> None:
    session.install("--quiet", "--group", clients, "--group", "test")
    # Two workers: the tests wait for other processes most of the time.
    session.run("pytest", "--numprocesses", "2", *TESTS, *session.posargs)
