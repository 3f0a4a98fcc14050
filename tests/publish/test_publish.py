"""`publish.py` against moto's server: real HTTP and boto3, no account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

pytest.importorskip("moto", reason="the group `command` is not installed")

import boto3
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

import publish

ROOT = Path(__file__).resolve().parents[2]
REGIONS = ["eu-central-1", "us-east-1"]


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # The server's account is the process's, whoever used it before.
    urlopen(Request(f"{url}/moto-api/reset", method="POST"), timeout=10).close()
    boto_environment = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in boto_environment.items():
            patch.setenv(name, value)
        yield url
    server.stop()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    for architecture in publish.ARCHITECTURES:
        (tmp_path / f"lambda-keepalive-{architecture}.zip").write_bytes(f"zip of {architecture}".encode())
    return tmp_path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "publish.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})


def layers(server: str, region: str) -> dict[str, Any]:
    client = boto3.client("lambda", region_name=region, endpoint_url=server)
    return {each["LayerName"]: each["LatestMatchingVersion"] for each in client.list_layers()["Layers"]}


def test_both_architectures_are_published_in_each_region(server: str, dist: Path) -> None:
    finished = run(*REGIONS, "--dist", dist, "--endpoint-url", server)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows = [line.split() for line in finished.stdout.splitlines()]
    assert [row[:3] for row in rows] == [[r, a, "published"] for r in REGIONS for a in publish.ARCHITECTURES]
    for region, architecture, _, arn in rows:
        version = layers(server, region)[f"lambda-keepalive-{architecture}"]
        assert version["LayerVersionArn"] == arn
        assert arn.startswith(f"arn:aws:lambda:{region}:")
        assert arn.endswith(f":layer:lambda-keepalive-{architecture}:1")
        assert version["CompatibleArchitectures"] == [architecture]


def test_the_same_content_is_not_published_twice(server: str, dist: Path) -> None:
    arguments = [REGIONS[0], "--dist", dist, "--endpoint-url", server]
    first = run(*arguments).stdout
    assert run(*arguments).stdout == first.replace("published", "unchanged")
    (dist / "lambda-keepalive-arm64.zip").write_bytes(b"other")
    changed = run(*arguments).stdout
    assert "lambda-keepalive-x86_64:1" in changed
    assert "lambda-keepalive-arm64:2" in changed


def test_a_dry_run_asks_nobody(dist: Path) -> None:
    finished = run(REGIONS[0], "--dist", dist, "--dry-run", "--endpoint-url", "http://127.0.0.1:9")
    assert finished.returncode == 0
    assert finished.stdout.count("would publish") == 2


def test_a_region_that_fails_is_named_and_the_others_are_tried(dist: Path, server: str) -> None:
    finished = run("no region", REGIONS[0], "--dist", dist, "--endpoint-url", server)
    assert finished.returncode == 1
    assert finished.stdout.count("failed") == 2
    assert finished.stdout.count("published") == 2


def test_without_zips_the_remedy_is_named(tmp_path: Path) -> None:
    finished = run(REGIONS[0], "--dist", tmp_path)
    assert finished.returncode == 1
    assert "make build" in finished.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123456789012", {"StatementId": "account-123456789012", "Principal": "123456789012"}),
        ("o-abcdefghij", {"StatementId": "o-abcdefghij", "Principal": "*", "OrganizationId": "o-abcdefghij"}),
        ("public", {"StatementId": "public", "Principal": "*"}),
    ],
)
def test_whom_it_is_shared_with(text: str, expected: dict[str, str]) -> None:
    """moto knows no permissions of layers: botocore's own model judges the parameters."""
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    assert publish.principal(text) == expected
    model = get_session().create_client("lambda", region_name=REGIONS[0]).meta.service_model
    shape = model.operation_model("AddLayerVersionPermission").input_shape
    parameters = {"LayerName": "x", "VersionNumber": 1, "Action": "lambda:GetLayerVersion", **expected}
    assert not ParamValidator().validate(parameters, shape).has_errors()


@pytest.mark.parametrize("answers", [[{}], [{}, "ResourceConflictException"]])
def test_what_is_shared_already_stays_so(answers: list[Any]) -> None:
    """A version that an earlier run has published, and may or may not have shared."""
    client = boto3.client("lambda", region_name=REGIONS[0], aws_access_key_id="id", aws_secret_access_key="key")
    permission = publish.principal("123456789012")
    expected = {"LayerName": "x", "VersionNumber": 7, "Action": "lambda:GetLayerVersion", **permission}
    with Stubber(client) as stubber:
        for answer in answers:
            if isinstance(answer, str):
                stubber.add_client_error("add_layer_version_permission", answer, expected_params=expected)
            else:
                stubber.add_response("add_layer_version_permission", answer, expected)
            publish.share(client, "x", 7, permission)
        stubber.assert_no_pending_responses()


def test_whom_it_cannot_be_shared_with(dist: Path) -> None:
    assert run(REGIONS[0], "--dist", dist, "--share", "everybody", "--dry-run").returncode == 2


def test_runtimes_are_those_of_the_template() -> None:
    text = (ROOT / "template.yaml").read_text()
    listed = text.partition("CompatibleRuntimes: &runtimes")[2].partition("]")[0]
    assert yaml.safe_load(listed + "]") == publish.RUNTIMES
