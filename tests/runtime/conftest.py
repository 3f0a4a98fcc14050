"""What the tests of the whole system share: a function, a layer, and an origin that counts its connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.stand_ins import built_layer
from tests.support.certificates import Authority
from tests.support.origin import Origin


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    """Where a test writes its function's code."""
    return tmp_path / "task"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """An empty layer, for a test to fill."""
    directory = tmp_path / "layer"
    directory.mkdir()
    return directory


@pytest.fixture(scope="session")
def keepalive_layer() -> Path:
    """The layer that this repository builds."""
    return built_layer()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def origin(authority: Authority) -> Iterator[Origin]:
    with Origin(tls=authority) as served:
        yield served


@pytest.fixture
def environ(authority: Authority) -> dict[str, str]:
    """The variables of a function with the layer, as its documentation tells to set them, and the test's CA."""
    return {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec",
        "SSL_CERT_FILE": str(authority.bundle),
        "REQUESTS_CA_BUNDLE": str(authority.bundle),
        "AWS_CA_BUNDLE": str(authority.bundle),
        "KEEPALIVE_LOOPBACK": "1",  # the origin is on the same machine
    }
