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
        tests: the directories and files of the tests in it.
        install: arguments for `uv pip install`, run in the unpacked distribution.
        overrides: requirements that replace those of the same name.
        plugins: of ours, for pytest.
        options: of pytest, beside those of the library's own configuration.
    """

    name: str
    requirement: str
    python: str
    tests: tuple[str, ...]
    install: tuple[str, ...]
    overrides: str = ""
    plugins: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


# What a library's configuration asks for and is of no use here: coverage, processes, a random order.
OWN_OPTIONS_OFF = ("-o", "addopts=")

# aiohttp's tests of the client and of what it stands on; its server is no concern of the layer.
AIOHTTP_PARTS = (
    "client_connection",
    "client_exceptions",
    "client_fingerprint",
    "client_functional",
    "client_middleware",
    "client_middleware_digest_auth",
    "client_proto",
    "client_request",
    "client_response",
    "client_session",
    "client_ws",
    "client_ws_functional",
    "connector",
    "leaks",
    "loop",
    "proxy",
    "proxy_functional",
    "pytest_plugin",
    "resolver",
    "streams",
    "test_utils",
    "tracing",
)

# botocore's functional tests without those that compare every service's model with the code, hundreds of times alike.
BOTOCORE_FUNCTIONAL = (
    "account_id_endpoints",
    "alias",
    "auth_config",
    "bearer_auth",
    "client",
    "client_class_names",
    "client_metadata",
    "compress",
    "config_provider",
    "context_params",
    "credentials",
    "discovery",
    "dynamodb",
    "ec2",
    "endpoints",
    "event_alias",
    "events",
    "h2_required",
    "history",
    "httpchecksum",
    "kinesis",
    "loaders",
    "machinelearning",
    "modeled_exceptions",
    "paginate",
    "plugins",
    "protocol_selection",
    "query_compatibility",
    "regions",
    "retry",
    "s3",
    "s3express",
    "service_alias",
    "session",
    "sqs",
    "sts",
    "stub",
    "tagged_unions_unknown",
    "useragent",
    "utils",
)

LIBRARIES = (
    # pytest-timeout is ours; the rest is what their own dependency group names.
    LibrarySuite("requests", "requests>=2.34,<2.35", "3.13", ("tests",), ("--group", "test", ".", "pytest-timeout")),
    LibrarySuite(
        "requests-lasting",
        "requests>=2.34,<2.35",
        "3.13",
        ("tests",),
        ("--group", "test", ".", "pytest-timeout", "cheroot>=11,<12"),
        plugins=("lasting_httpbin",),
    ),
    LibrarySuite("urllib3", "urllib3>=2.8,<3", "3.13", ("test",), ("--group", "dev", ".")),
    # It pins a commit of trustme that 1.2 contains.
    LibrarySuite(
        "urllib3-1.26", "urllib3>=1.26,<2", "3.11", ("test",), ("-r", "dev-requirements.txt", "."), "trustme>=1.2,<2\n"
    ),
    # These two have no list of what their tests need in the source distribution. This is what the tests import, in the
    # major versions of the time of the release; test_main compares rich's output to the letter.
    LibrarySuite(
        "httpx",
        "httpx>=0.28,<1",
        "3.13",
        ("tests",),
        (".[brotli,cli,http2,socks,zstd]", "pytest>=8,<9", "pytest-timeout", "trio", "trustme", "uvicorn", "chardet<6"),
        overrides="rich>=13,<14\nclick<8.2\n",
    ),
    LibrarySuite(
        "httpcore",
        "httpcore>=1.0.9,<2",
        "3.13",
        ("tests",),
        (".[asyncio,http2,socks,trio]", "pytest>=8,<9", "pytest-timeout", "pytest-httpbin", "pytest-trio", "werkzeug"),
    ),
    LibrarySuite(
        "aiohttp",
        "aiohttp>=3.14,<4",
        "3.13",
        tuple(f"tests/test_{part}.py" for part in AIOHTTP_PARTS),
        ("-r", "requirements/test-common.in", "-r", "requirements/base.in", "."),
        options=(*OWN_OPTIONS_OFF, "-m", "not dev_mode and not autobahn and not internal"),
    ),
    LibrarySuite(
        "botocore",
        "botocore>=1.44,<2",
        "3.13",
        ("tests/unit", "tests/functional/leak", *(f"tests/functional/test_{part}.py" for part in BOTOCORE_FUNCTIONAL)),
        (".", "pytest>=9,<10", "pytest-timeout", "jsonschema"),
    ),
    LibrarySuite(
        "httplib2",
        "httplib2>=0.31,<1",
        "3.13",
        ("tests",),
        (".", "cryptography>=45,<46", "pysocks==1.7.1", "pytest==8.2.2", "pytest-timeout", "setuptools<80"),
        options=(*OWN_OPTIONS_OFF, "--noconftest", "--ignore=tests/_TODO_legacy"),
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
    "test_asyncio.test_ssl": 120,
    "test_asyncio.test_sslproto": 60,
    "test_asyncio.test_streams": 60,
    "test_asyncio.test_events": 120,
}


@dataclass(frozen=True)
class NodeSuite:
    """Node's own tests of its agents and clients.

    Attributes:
        node: the major version that runs them.
        release: of Debian, whose source package of Node is of the same major version; there is none of Node 22.
    """

    name: str
    node: str
    release: str


NODE_SUITES = (NodeSuite("node-20", "20", "trixie"), NodeSuite("node-24", "24", "forky"))
NODE_FILES = ("test/parallel/test-http-*.js", "test/parallel/test-https-*.js")
# One file; the slowest takes ten seconds.
NODE_TEST_TIMEOUT_S = 60

NAMES = (*(suite.name for suite in LIBRARIES), CPYTHON, *(suite.name for suite in NODE_SUITES))
