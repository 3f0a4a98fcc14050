"""The container image with the layer: built, and run with AWS's runtime interface emulator, as AWS's base images do it.

With a stand-in for AWS's base image, which cannot be fetched here; it lacks their entry point, which starts the
emulator.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.local.base_image import BaseImage
from tests.local.required import require
from tests.local.rie import SHUTDOWN_LIMIT
from tests.local.sam import docker_answers
from tests.local.sam_wheel import runtime_interface_emulator
from tests.local.stand_ins import built_layer
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]
TAG = "lambda-keepalive-sample-image"
EMULATOR = "/usr/local/bin/aws-lambda-rie"

pytestmark = pytest.mark.timeout(300)  # The first run makes the stand-in and fetches the emulator.


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    require(docker_answers(), "docker, and a daemon that answers")
    built_layer()
    base = BaseImage()
    base.ensure()
    arguments = {"PYTHON": base.name.rpartition(":")[2], "ARCHITECTURE": base.architecture}
    build = ["docker", "build", "--quiet", "--file", "samples/attach/container-image/Dockerfile", "--tag", TAG]
    build += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    subprocess.run([*build, "."], cwd=ROOT, env={**os.environ, "DOCKER_BUILDKIT": "0"}, check=True, capture_output=True)
    yield TAG
    subprocess.run(["docker", "image", "rm", "--force", TAG], capture_output=True, check=False)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Container:
    """A running container of the image; its network is this machine's, where the origin is."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self._port = port
        self.lines: list[str] = []

    def invoke(self, event: Any) -> Any:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
                return json.loads(connection.getresponse().read())
            except ConnectionRefusedError:
                assert self._process.poll() is None, "the container has ended"
            finally:
                connection.close()

    def next_metrics(self) -> dict[str, Any]:
        """The next line in CloudWatch's embedded metric format."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if line.startswith('{"_aws"'):
                metrics: dict[str, Any] = json.loads(line)
                return metrics
        raise AssertionError("".join(self.lines))


@contextmanager
def container(image: str, **environ: str) -> Iterator[Container]:
    port, api = free_ports(2)
    name = f"{TAG}-{os.getpid()}"
    run = ["docker", "run", "--rm", "--name", name, "--network", "host", "--entrypoint", EMULATOR]
    run += ["--volume", f"{runtime_interface_emulator()}:{EMULATOR}:ro", "--env", "_HANDLER=app.handler"]
    run += [word for name, value in environ.items() for word in ("--env", f"{name}={value}")]
    run += [image, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    run += ["--runtime-api-address", f"127.0.0.1:{api}", "/var/runtime/bootstrap"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield Container(process, port)
        finally:
            stop = ["docker", "stop", "--time", str(int(SHUTDOWN_LIMIT)), name]
            subprocess.run(stop, capture_output=True, check=False)


def test_function_wrapper_and_extension_of_the_image_work(image: str) -> None:
    with Origin() as origin, container(image, KEEPALIVE_LOOPBACK="1") as running:
        event = {"url": f"{origin.url}/bytes/10", "calls": 3}
        assert running.invoke(event) == {"status": 200, "calls": 3}
        first = running.next_metrics()
        assert running.invoke(event) == {"status": 200, "calls": 3}
        second = running.next_metrics()
    assert (origin.accepted, origin.received) == (1, 6)
    assert [each["ConnectionsOpened"] for each in (first, second)] == [1, 0]
    assert [each["ConnectionsReused"] for each in (first, second)] == [2, 3]
    assert [each["coldStart"] for each in (first, second)] == [True, False]


def test_the_kill_switch_leaves_the_function_alone(image: str) -> None:
    with Origin() as origin, container(image, KEEPALIVE_LOOPBACK="1", KEEPALIVE_ENABLED="0") as running:
        assert running.invoke({"url": f"{origin.url}/bytes/10", "calls": 3}) == {"status": 200, "calls": 3}
    assert origin.accepted == 3
