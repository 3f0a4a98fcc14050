"""`lambda-keepalive doctor` on built layers and on configurations of functions."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keepalive_command.doctor import settings
from keepalive_command.doctor.deployed import check
from keepalive_command.doctor.findings import Finding
from lambda_keepalive import config

from tests.command.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
ELF = {
    "x86_64": b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00",
    "arm64": b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00",
}


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """The tree of /opt as `make build` leaves it, with the head of an extension."""
    root = tmp_path / "x86_64"
    shutil.copytree(ROOT / "layer", root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "extensions").mkdir(exist_ok=True)
    (root / "extensions/lambda-keepalive").write_bytes(ELF["x86_64"])
    (root / "extensions/lambda-keepalive").chmod(0o755)
    cache = root / "lambda-keepalive/python/lambda_keepalive/__pycache__"
    cache.mkdir()
    (cache / "boot.cpython-312.pyc").write_bytes(b"")
    return root


def levels(command: Command, path: Path) -> dict[str, str]:
    """The worst level of each check that is not fine."""
    findings = command("doctor", path, "--json").json["findings"]
    return {each["check"]: each["level"] for each in findings if each["level"] != "fine"}


def test_a_layer_as_it_should_be_has_no_findings(command: Command, layer: Path) -> None:
    assert levels(command, layer) == {}
    outcome = command("doctor", layer)
    assert (outcome.code, "0 errors, 0 warnings" in outcome.out) == (0, True)


def test_its_zip_is_judged_like_the_tree(command: Command, layer: Path, tmp_path: Path) -> None:
    package = tmp_path / "layer-x86_64.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for path in layer.rglob("*"):
            archive.write(path, path.relative_to(layer))
    assert levels(command, package) == {}


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_said_to_be_damaged(command: Command, layer: Path, tmp_path: Path, method: int) -> None:
    package = tmp_path / "layer-x86_64.zip"
    with zipfile.ZipFile(package, "w", method) as archive:
        archive.write(layer / "lambda-keepalive/exec", "lambda-keepalive/exec")
    content = package.read_bytes()
    package.write_bytes(content[:60] + bytes(500) + content[560:])
    outcome = command("doctor", package)
    assert outcome.code == 3
    assert "is damaged: cannot be unpacked" in outcome.err


def spoil_wrapper(layer: Path) -> None:
    (layer / "lambda-keepalive/exec").chmod(0o644)


def spoil_line_ends(layer: Path) -> None:
    wrapper = layer / "lambda-keepalive/exec"
    wrapper.write_bytes(wrapper.read_bytes().replace(b"\n", b"\r\n"))


def spoil_extension_mode(layer: Path) -> None:
    (layer / "extensions/lambda-keepalive").chmod(0o644)


def spoil_extension(layer: Path) -> None:
    (layer / "extensions/lambda-keepalive").write_bytes(b"#!/bin/sh\n")


def spoil_architecture(layer: Path) -> None:
    (layer / "extensions/lambda-keepalive").write_bytes(ELF["arm64"])


def add_extension(layer: Path) -> None:
    (layer / "extensions/README.md").write_text("x")


def remove_python(layer: Path) -> None:
    shutil.rmtree(layer / "lambda-keepalive/python")


def remove_wrapper(layer: Path) -> None:
    (layer / "lambda-keepalive/exec").unlink()


def nest(layer: Path) -> None:
    inner = layer / "opt"
    inner.mkdir()
    for path in list(layer.iterdir()):
        if path != inner:
            path.rename(inner / path.name)


@pytest.mark.parametrize(
    ("spoil", "check_name", "level", "code"),
    [
        (spoil_wrapper, "wrapper", "error", 1),
        (spoil_line_ends, "wrapper", "error", 1),
        (remove_wrapper, "wrapper", "error", 1),
        (nest, "wrapper", "error", 1),
        (spoil_extension_mode, "extension", "error", 1),
        (spoil_extension, "extension", "error", 1),
        (spoil_architecture, "architecture", "error", 1),
        (add_extension, "extensions", "warning", 0),
        (remove_python, "trees", "warning", 0),
        (remove_python, "bytecode", "warning", 0),
    ],
)
def test_each_fault_is_named(command: Command, layer: Path, spoil: Any, check_name: str, level: str, code: int) -> None:
    spoil(layer)
    assert levels(command, layer)[check_name] == level
    assert command("doctor", layer).code == code


@pytest.mark.parametrize("content", [None, b"", b"no zip"])
def test_what_is_no_layer_is_said_to_be_none(command: Command, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "layer.zip"
    if content is not None:
        path.write_bytes(content)
    assert command("doctor", path).code == 3


LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-x86_64:3"


def function(**changes: Any) -> dict[str, Any]:
    """What GetFunctionConfiguration returns for a function that has the layer as it should."""
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": settings.WRAPPER, **changes.pop("variables", {})}
    return {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Architectures": ["x86_64"],
        "Layers": [{"Arn": LAYER}],
        "Environment": {"Variables": {name: value for name, value in variables.items() if value is not None}},
    } | changes


def findings(log_class: str | None = None, layers: list[dict[str, Any]] | None = None, **changes: Any) -> list[Finding]:
    return [each for each in check(function(**changes), layers or [], log_class) if each.level != "fine"]


def test_a_function_as_it_should_be_has_no_findings() -> None:
    assert findings() == []


OTHER = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}
NONE = {"AWS_LAMBDA_EXEC_WRAPPER": None}
NODE = "nodejs22.x"


@pytest.mark.parametrize(
    ("changes", "name", "level"),
    [
        ({"Layers": []}, "layer", "error"),
        ({"Layers": [{"Arn": LAYER}, {"Arn": LAYER}]}, "layer", "error"),
        ({"Architectures": ["arm64"]}, "architecture", "error"),
        ({"Runtime": "python3.9"}, "runtime", "error"),
        ({"Runtime": "java21"}, "runtime", "error"),
        ({"variables": NONE}, "wrapper", "note"),
        ({"variables": NONE, "Runtime": NODE}, "wrapper", "error"),
        ({"variables": OTHER}, "wrapper", "note"),
        ({"variables": OTHER, "Runtime": NODE}, "wrapper", "error"),
        ({"variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exe"}}, "wrapper", "error"),
        ({"variables": {"KEEPALIVE_NEXT_WRAPPER": settings.WRAPPER}}, "wrapper", "error"),
        ({"variables": {"PYTHONPATH": "/var/task/lib"}}, "pythonpath", "note"),
        ({"variables": {"PYTHONPATH": "/opt/lambda-keepalive/python"}}, "pythonpath", "warning"),
        ({"variables": {"NODE_OPTIONS": "--enable-source-maps"}}, "node-options", "note"),
        ({"variables": {"NODE_OPTIONS": "-r /opt/lambda-keepalive/node/preload.cjs"}}, "node-options", "warning"),
        ({"variables": {"AWS_NODEJS_CONNECTION_REUSE_ENABLED": "0"}}, "node-options", "warning"),
        ({"variables": {"KEEPALIVE_ENABLED": "0"}}, "enabled", "error"),
        ({"variables": {"KEEPALIVE_MODE": "off"}}, "mode", "note"),
        ({"variables": {"KEEPALIVE_IDLE_TIMOUT": "5"}}, "settings", "warning"),
        ({"variables": {"KEEPALIVE_MAX_IDLE": "many"}}, "settings", "warning"),
        ({"variables": {"KEEPALIVE_METRICS": "off"}}, "metrics", "note"),
        ({"variables": {"KEEPALIVE_IDLE_TIMEOUT": "600"}}, "idle-timeout", "warning"),
        (
            {"variables": {"KEEPALIVE_IDLE_TIMEOUT": "600"}, "VpcConfig": {"SubnetIds": ["subnet-1"]}},
            "idle-timeout",
            "error",
        ),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "vpc", "note"),
        ({"variables": {"KEEPALIVE_PRECONNECT": "https://a"}, "Runtime": NODE}, "preconnect", "warning"),
        ({"variables": {"KEEPALIVE_CLIENTS": "reqests"}}, "settings", "warning"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "log-format", "note"),
        ({"log_class": "INFREQUENT_ACCESS"}, "log-class", "error"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "snapstart", "note"),
        ({"LastUpdateStatus": "Failed"}, "update", "error"),
        ({"PackageType": "Image", "Runtime": ""}, "package", "note"),
        ({"layers": [{"LayerVersionArn": LAYER, "CompatibleArchitectures": ["arm64"]}]}, "architecture", "error"),
    ],
)
def test_each_circumstance_is_named(changes: dict[str, Any], name: str, level: str) -> None:
    assert [(each.check, each.level) for each in findings(**dict(changes)) if each.check == name] == [(name, level)]


def test_a_stack_may_have_named_the_layer_otherwise_and_for_both_architectures() -> None:
    arn = "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-staging-arm64:1"
    assert findings(Layers=[{"Arn": arn}], Architectures=["arm64"]) == []


def test_every_setting_of_the_layer_is_known_and_no_other() -> None:
    assert set(settings.SETTINGS) == {each.name for each in config.SETTINGS} | set(config.ELSEWHERE)


VALUES = [
    "1", "0", "true", "FALSE", "yes", "-1", "1.5", "1e3", ".5", "1_0", "inf", "nan", "999999999", "1000000000", "on",
    "OFF", "observe", "all", "log", "datadog", "core", "x", "/x", "requests", "-requests,httpx", "--boto3", "Fetch",
    "node:http", "reqests", ",", "again", "https://a", "https://a:1/x,again", "requests+http://a", "aiohttp+https://a",
    "+https://a", "ftp://a", "https://", "https:///x", "a+b", "debug",
]  # fmt: skip


@given(value=st.sampled_from(VALUES) | st.text().map(str.strip).filter(bool))
@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_what_the_layer_can_use_passes_and_nothing_else(setting: config.Setting, value: str) -> None:
    try:
        setting.parse(value)
        usable = True
    except ValueError:
        usable = False
    assert settings.SETTINGS[setting.name](value) == usable


def test_defaults_of_the_layer_pass() -> None:
    variables = {each.name: each.default for each in config.SETTINGS}
    assert settings.check_settings(variables, in_vpc=True) == []
