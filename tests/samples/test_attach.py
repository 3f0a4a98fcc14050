"""Each way to attach the layer does what its README says: the layer and the variable, in a form that the tool takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.base_image import BaseImage
from tests.local.required import require
from tests.local.sam import docker_answers

ROOT = Path(__file__).resolve().parents[2]
ATTACH = ROOT / "samples/attach"
VARIABLE, WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER", "/opt/lambda-keepalive/exec"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as plain values."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: node.value)


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    linked = set(re.findall(r"\]\((\S+)\)", (ATTACH / "README.md").read_text()))
    files = {path.relative_to(ATTACH).as_posix() for path in ATTACH.rglob("*") if path.is_file()}
    assert linked == files - {"README.md"}


def test_sam_attaches_the_layer_and_goes_back_by_alarms() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    if not linter.exists():
        pytest.skip("the group `check` is not installed")
    linted = subprocess.run([linter, ATTACH / "sam.yaml"], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")
    resources = yaml.load((ATTACH / "sam.yaml").read_text(), Loader)["Resources"]
    function = resources["Function"]["Properties"]
    assert function["Layers"] == ["KeepaliveLayerArn"]
    assert function["Environment"]["Variables"][VARIABLE] == WRAPPER
    for alarm in function["DeploymentPreference"]["Alarms"]:
        name = alarm.value if isinstance(alarm, yaml.Node) else alarm
        assert resources[name]["Type"] == "AWS::CloudWatch::Alarm"


@pytest.mark.timeout(600)  # Node and jsii take their time on a busy machine
def test_cdk_synthesizes_a_function_with_the_layer(tmp_path: Path) -> None:
    pytest.importorskip("aws_cdk", reason="the group `samples` is not installed")
    layer = "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-arm64:7"
    environment = {**os.environ, "CDK_OUTDIR": str(tmp_path), "KEEPALIVE_LAYER_ARN": layer}
    environment |= {"JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, ATTACH / "cdk_app.py"], env=environment, check=True, cwd=tmp_path)
    template = json.loads((tmp_path / "KeepaliveSample.template.json").read_text())
    (function,) = (
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Function"
    )
    assert function["Layers"] == [layer]
    assert function["Environment"]["Variables"][VARIABLE] == WRAPPER
    assert function["Architectures"] == ["arm64"]


def test_terraform_reads_as_hcl_and_names_what_it_defines() -> None:
    hcl2 = pytest.importorskip("hcl2", reason="the group `samples` is not installed")
    text = (ATTACH / "main.tf").read_text()
    with (ATTACH / "main.tf").open() as stream:
        parsed = hcl2.load(stream)
    assert "aws_lambda_function" in json.dumps(parsed["resource"])
    defined = {f"{kind}.{name}" for kind, name in re.findall(r'(?m)^resource "(\w+)" "(\w+)"', text)}
    defined |= {f"data.{kind}.{name}" for kind, name in re.findall(r'(?m)^data "(\w+)" "(\w+)"', text)}
    defined |= {f"var.{name}" for name in re.findall(r'(?m)^variable "(\w+)"', text)}
    named = set(re.findall(r"\b(var\.\w+|data\.\w+\.\w+|(?<!\.)aws_\w+\.\w+)", text))
    assert {each for each in named if not each.startswith("data.aws")} <= defined
    assert re.search(rf'{VARIABLE} = "{WRAPPER}"', text)
    assert "layers           = [var.keepalive_layer_arn]" in text


def test_serverless_attaches_the_layer_to_all_functions() -> None:
    service = yaml.safe_load((ATTACH / "serverless.yml").read_text())
    assert service["provider"]["layers"] == ["${param:keepaliveLayerArn}"]
    assert service["provider"]["environment"][VARIABLE] == WRAPPER
    assert set(service["functions"]) == {"function"}


# In the place of the AWS CLI: holds each call to botocore's model of the service, and answers as the service would.
AWS = """
import json, sys
import botocore.session

service, operation, *options = sys.argv[1:]
client = botocore.session.get_session().create_client(
    service, region_name="eu-central-1", aws_access_key_id="id", aws_secret_access_key="key"
)
method = operation.replace("-", "_")
shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
names = {botocore.xform_name(name, "-"): name for name in shape.members} | {"zip-file": "Content"}
given = {}
for option in options:
    if option.startswith("--"):
        key = option[2:]
        given[key] = []
    else:
        given[key].append(option)
unknown = set(given) - set(names) - {"query", "output"}
missing = set(shape.required_members) - {names.get(key) for key in given}
if unknown or missing:
    sys.exit(f"aws {operation}: unknown {unknown}, missing {missing}")
with open(sys.argv[0] + ".log", "a") as log:
    log.write(json.dumps([operation, given]) + "\\n")
answers = {
    "publish-layer-version": "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-arm64:7",
    "get-function-configuration": '{"A": "1"}' if "json" in options else "arn:other:1",
    "update-function-configuration": "InProgress",
}
print(answers[operation])
"""


def test_every_command_of_the_aws_cli_is_one_and_keeps_what_the_function_has(tmp_path: Path) -> None:
    pytest.importorskip("botocore", reason="the group `clients` is not installed")
    program = tmp_path / "aws"
    program.write_text(
        f"#!{sys.executable}\n{AWS.replace('import botocore.session', 'import botocore, botocore.session')}"
    )
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", ATTACH / "cli.sh", "my-function", "arm64"]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    calls: list[Any] = [json.loads(line) for line in (tmp_path / "aws.log").read_text().splitlines()]
    operation, options = calls[-1]
    assert operation == "update-function-configuration"
    assert options["layers"][0] == "arn:other:1"
    assert "lambda-keepalive-arm64:7" in options["layers"][1]
    assert json.loads(options["environment"][0]) == {"Variables": {"A": "1", VARIABLE: WRAPPER}}


def test_the_container_image_builds_and_starts_the_layer() -> None:
    """With a stand-in for AWS's base image, which cannot be fetched here; its bootstrap does what AWS's does."""
    require(docker_answers(), "docker, and a daemon that answers")
    image = BaseImage()
    image.ensure()
    tag = "lambda-keepalive-sample-image"
    build = ["docker", "build", "--quiet", "--file", "samples/attach/container-image/Dockerfile", "--tag", tag]
    build += [
        "--build-arg",
        f"PYTHON={image.name.rpartition(':')[2]}",
        "--build-arg",
        f"ARCHITECTURE={image.architecture}",
    ]
    subprocess.run([*build, "."], cwd=ROOT, env={**os.environ, "DOCKER_BUILDKIT": "0"}, check=True, capture_output=True)
    try:
        code = "import sys; print('lambda_keepalive.boot' in sys.modules)"
        script = f'exec $AWS_LAMBDA_EXEC_WRAPPER /var/lang/bin/{image.runtime} -c "{code}"'
        run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", tag, "-c", script]
        assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "True\n"
    finally:
        subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=False)
