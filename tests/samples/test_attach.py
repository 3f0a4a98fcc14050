"""Each way to attach the layer does what its README says: the layer and the variable, in a form that the tool takes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.work import WORK
from tests.node import toolchain

ROOT = Path(__file__).resolve().parents[2]
ATTACH = ROOT / "samples/attach"
SERVERLESS = "3.40.0"
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
    environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(WORK / "jsii")  # 200 MB, unpacked once and not in each HOME
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


@pytest.mark.timeout(600)  # The first run installs the framework.
def test_serverless_packages_a_function_with_the_layer(tmp_path: Path) -> None:
    shutil.copy(ATTACH / "serverless.yml", tmp_path)
    shutil.copy(ROOT / "samples/python-urllib/app.py", tmp_path)
    arn = "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-arm64:7"
    command = [*serverless(), "package", "--region", "eu-central-1", f"--param=keepaliveLayerArn={arn}"]
    # Neither credentials nor anybody's settings: packaging asks AWS nothing.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SLS_TELEMETRY_DISABLED": "1"}
    environment |= {"SLS_NOTIFICATIONS_MODE": "off", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    packaged = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert packaged.returncode == 0, packaged.stderr
    template = json.loads((tmp_path / ".serverless/cloudformation-template-update-stack.json").read_text())
    function = template["Resources"]["FunctionLambdaFunction"]["Properties"]
    assert function["Layers"] == [arn]
    assert function["Environment"]["Variables"] == {VARIABLE: WRAPPER}
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def serverless() -> list[str]:
    """The command of the Serverless Framework, installed on first use; version 4 wants an account of its maker's."""
    directory = WORK / f"serverless-{SERVERLESS}"
    program = directory / "node_modules/serverless/bin/serverless.js"
    if not program.exists():
        directory.mkdir(parents=True, exist_ok=True)
        # 400 packages, none of which needs its scripts; the registry is asked about none that npm has kept.
        options = ["--prefix", str(directory), "--no-audit", "--no-fund", "--loglevel", "error"]
        options += ["--ignore-scripts", "--prefer-offline"]
        install = [*toolchain.npm(directory), "install", *options, f"serverless@{SERVERLESS}"]
        subprocess.run(install, check=True, env=toolchain.environment())
    return [str(toolchain.node("22")), str(program)]


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
