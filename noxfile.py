"""Runs the tests that depend on interpreter and client versions, on every Python of Lambda that is found here.

`make test` runs everything with the first Python it finds and the newest clients. The sessions that it runs after that
go where versions differ: the oldest clients as a whole on one Python, and on each Python what stands on the interpreter
and whether connections are reused. `make matrix` runs everything everywhere. In CI a missing interpreter is a failure;
a laptop skips it and says so.
"""

import sys

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ("oldest", "newest", "aiobotocore", "coexistence")

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OF_OLD_CLIENTS = PYTHONS[:-1]  # on 3.14 neither the oldest runtime client builds nor does the oldest anyio import
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"

REUSE = (
    "tests/functions",
    *(f"tests/clients/test_{name}.py" for name in ("reuse", "httpx_reuse", "async_reuse", "httplib2")),
)
OF_THE_CLIENTS = ("tests/clients", "tests/functions", "tests/botocore")
OF_THE_PYTHON = ("tests/unit", "tests/startup", "tests/socketlevel", "tests/runtime", "tests/tls")


def run(session: nox.Session, clients: str, *tests: str) -> None:
    """Run the tests with a group of clients."""
    session.install("--quiet", "--group", clients, "--group", "test")
    # Three workers for two cores: the tests wait for other processes much of the time.
    session.run("pytest", "--numprocesses", "3", *tests, *session.posargs)


@nox.session(python=OF_OLD_CLIENTS)
def oldest(session: nox.Session) -> None:
    """The oldest clients that are supported: everything on the oldest Python, reuse of connections on the others."""
    run(session, "clients-floor", *(OF_THE_CLIENTS if session.python == PYTHONS[0] else REUSE))


@nox.session(python=[python for python in PYTHONS if python != OWN])
def newest(session: nox.Session) -> None:
    """The newest clients; `make test` has run these tests on the Python that this runs on."""
    run(session, "clients", *OF_THE_PYTHON, *REUSE)


@nox.session
@nox.parametrize(
    ("python", "clients"),
    [*((python, "clients-floor") for python in OF_OLD_CLIENTS), *((python, "clients") for python in PYTHONS)],
)
def matrix(session: nox.Session, clients: str) -> None:
    """Everything that depends on a version, with the oldest and with the newest clients."""
    run(session, clients, *OF_THE_PYTHON, *OF_THE_CLIENTS, "tests/torture/test_faults.py")


@nox.session(python="3.11")
def aiobotocore(session: nox.Session) -> None:
    session.install("--quiet", "--group", "aiobotocore", "--group", "test")
    session.run("pytest", "tests/ecosystem/test_aiobotocore.py", *session.posargs)


@nox.session(python="3.11")
def coexistence(session: nox.Session) -> None:
    session.install("--quiet", "--group", "clients", "--group", "test", "--group", "neighbours")
    # ddtrace brings plugins for pytest, which would trace the tests themselves.
    plugins = [f"-pno:ddtrace{name}" for name in ("", ".pytest_bdd", ".pytest_benchmark")]
    session.run("pytest", "--numprocesses", "2", *plugins, "tests/coexistence", *session.posargs)
