"""Every test here runs on Node 20, 22 and 24, against an origin in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator
from tests.local.required import require
from tests.local.stand_ins import built_layer
from tests.node import toolchain
from tests.node.interpreter import NodeInterpreter, lay_out
from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]

# The first test waits for Node and the clients to be installed.
INSTALL_S = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(INSTALL_S))


@pytest.fixture(scope="session")
def modules() -> Path:
    try:
        return toolchain.node_modules()
    except toolchain.MissingTool as missing:
        require(False, str(missing))
        raise


@pytest.fixture(scope="session", params=toolchain.NODE_VERSIONS)
def version(request: pytest.FixtureRequest, modules: Path) -> str:
    """Of Node."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def run(version: str, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> NodeInterpreter:
    directory = lay_out(tmp_path_factory.mktemp("snippets"))
    return NodeInterpreter(version, directory, {"NODE_EXTRA_CA_CERTS": str(authority.bundle), "NODE_NO_WARNINGS": "1"})


@pytest.fixture
def origin(authority: Authority) -> Iterator[Origin]:
    """Over TLS, as most origins are."""
    with Origin(tls=authority) as served:
        yield served


@pytest.fixture
def plain() -> Iterator[Origin]:
    """Without TLS."""
    with Origin() as served:
        yield served


@pytest.fixture(scope="session")
def opt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of /opt: layer/ as it stands, with the extension that was built."""
    tree = tmp_path_factory.mktemp("built") / "opt"
    shutil.copytree(ROOT / "layer", tree, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(built_layer() / "extensions", tree / "extensions")
    return tree


@pytest.fixture
def function(version: str, opt: Path, authority: Authority, tmp_path: Path) -> Callable[..., Emulator]:
    """Make a function from its source, with the layer unless told otherwise."""

    def make(source: str, environ: Mapping[str, str] | None = None, *, layer: bool = True, **options: Any) -> Emulator:
        task_root = lay_out(tmp_path / "task")
        (task_root / options.pop("file", "app.js")).write_text(source)
        variables = {
            "NODE_EXTRA_CA_CERTS": str(authority.bundle),
            "NODE_NO_WARNINGS": "1",
            "KEEPALIVE_LOOPBACK": "1",
            "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1",
            **({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec"} if layer else {}),
            **(environ or {}),
        }
        runtime = toolchain.runtime(version)
        options = {"handler": "app.handler", "memory": 512, **options}
        return Emulator(task_root=task_root, layer=opt if layer else None, environ=variables, node=runtime, **options)

    return make
