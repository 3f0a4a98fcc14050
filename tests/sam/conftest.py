"""What the tests with `sam local` share: a container engine, the base image, and a template beside its code."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.base_image import BaseImage
from tests.local.required import require
from tests.local.sam import docker_answers, write_template
from tests.local.stand_ins import built_layer
from tests.support.certificates import Authority

FUNCTION = Path(__file__).with_name("function")


@pytest.fixture(scope="session")
def base_image() -> Iterator[BaseImage]:
    require(docker_answers(), "docker, and a daemon that answers")
    image = BaseImage()
    image.ensure()
    yield image
    image.remove_derived()


@pytest.fixture
def template(tmp_path: Path, base_image: BaseImage) -> Callable[[Path | None], Path]:
    """Makes the template, with or without the layer."""

    def write(layer: Path | None) -> Path:
        code = shutil.copytree(FUNCTION, tmp_path / "function", ignore=shutil.ignore_patterns("__pycache__"))
        Authority(code / "certificates").issue("localhost")
        environ = {
            "SSL_CERT_FILE": "/var/task/certificates/authority.pem",
            "KEEPALIVE_LOOPBACK": "1",  # the origin is in the same container
        }
        if layer is not None:
            environ["AWS_LAMBDA_EXEC_WRAPPER"] = "/opt/lambda-keepalive/exec"
        return write_template(
            tmp_path,
            runtime=base_image.runtime,
            architecture=base_image.architecture,
            layer=layer,
            environ=environ,
        )

    return write


@pytest.fixture
def layer() -> Path:
    return built_layer()
