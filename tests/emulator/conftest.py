"""What the tests with AWS's emulator share: its requirements, and a network in which the test's origin lives too."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.network import Network
from tests.local.required import ROOT, require
from tests.local.rie import missing_tools
from tests.local.stand_ins import CARELESS, built_layer, write_function
from tests.support.certificates import Authority
from tests.support.origin import Origin


@pytest.fixture(autouse=True)
def _machine() -> None:
    require(ROOT, "root, to make mount and network namespaces")
    require(not missing_tools(), "the programs " + ", ".join(missing_tools()))


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as private:
        yield private


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    """A careless function, and beside it the CA that it is to trust: /var/task is what it can see."""
    return write_function(tmp_path / "task", CARELESS)


@pytest.fixture
def origin(network: Network, task_root: Path) -> Iterator[Origin]:
    with ExitStack() as stack:
        with network.entered():  # its socket and its threads stay there
            served = stack.enter_context(Origin(tls=Authority(task_root / "authority")))
        yield served


@pytest.fixture
def layer() -> Path:
    return built_layer()


@pytest.fixture
def environ() -> dict[str, str]:
    """The variables of a function with the layer, as its documentation tells to set them, and the test's CA."""
    return {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec",
        "SSL_CERT_FILE": "/var/task/authority/authority.pem",
        "KEEPALIVE_LOOPBACK": "1",  # the origin is on the same machine
    }
