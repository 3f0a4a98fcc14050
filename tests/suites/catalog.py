"""What is run: the suites, the ways in which the layer is attached, and the Pythons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".work" / "suites"
LAYER = ROOT / "layer" / "lambda-keepalive" / "python"

# A test that takes longer hangs: the slowest (requests' test_encoded_methods) takes 20 s.
TEST_TIMEOUT_S = 60
# A whole run; the slowest takes two minutes on two cores.
RUN_TIMEOUT_S = 900

# Ways to attach the layer. The servers of all suites are on loopback, which is not pooled by default, so the first
# one is the test of the patches; the second is what a function meets with its own local servers.
POOLED = "pooled"
DEFAULT = "default"
WAYS = {
    POOLED: {"KEEPALIVE_LOOPBACK": "1", "KEEPALIVE_METRICS": "off"},
    DEFAULT: {"KEEPALIVE_METRICS": "off"},
}


@dataclass(frozen=True)
class LibrarySuite:
    """A library's suite, from its source distribution, run by pytest.

    Attributes:
        requirement: the source distribution to download.
        python: the interpreter's version.
        tests: the directory of the tests in it.
        install: arguments for `uv pip install`, run in the unpacked distribution.
        overrides: requirements that replace those of the same name.
        plugins: of ours, for pytest.
    """

    name: str
    requirement: str
    python: str
    tests: str
    install: tuple[str, ...]
    overrides: str = ""
    plugins: tuple[str, ...] = ()


LIBRARIES = (
    # pytest-timeout is ours; the rest is what their own dependency group names.
    LibrarySuite("requests", "requests>=2.34,<2.35", "3.13", "tests", ("--group", "test", ".", "pytest-timeout")),
    LibrarySuite(
        "requests-lasting",
        "requests>=2.34,<2.35",
        "3.13",
        "tests",
        ("--group", "test", ".", "pytest-timeout", "cheroot>=11,<12"),
        plugins=("lasting_httpbin",),
    ),
    LibrarySuite("urllib3", "urllib3>=2.8,<3", "3.13", "test", ("--group", "dev", ".")),
    # It pins a commit of trustme that 1.2 contains.
    LibrarySuite(
        "urllib3-1.26", "urllib3>=1.26,<2", "3.11", "test", ("-r", "dev-requirements.txt", "."), "trustme>=1.2,<2\n"
    ),
)

# The standard library's own tests of what the layer patches, and of what stands on it (xmlrpc) or serves it, with the
# seconds that a file may take: five times what it takes here. regrtest has no limit for a test.
CPYTHON = "cpython"
CPYTHON_PYTHONS = ("3.11", "3.12", "3.13")
CPYTHON_FILES = {
    "test_httplib": 20,
    "test_urllib": 20,
    "test_urllib2": 20,
    "test_urllib2_localnet": 20,
    "test_ssl": 240,
    "test_httpservers": 20,
    "test_xmlrpc": 20,
}

NAMES = (*(suite.name for suite in LIBRARIES), CPYTHON)
