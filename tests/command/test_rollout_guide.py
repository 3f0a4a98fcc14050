"""The commands of docs/rollout.md, taken from the page and run one after the other as they stand there, against moto's
server in the place of AWS. Left out: what installs or builds, and the AWS CLI's own commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.command.conftest import record
from tests.command.test_aws import create, server

__all__ = ["server"]

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/rollout.md").read_text(), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
OURS = [command for command in COMMANDS if command.startswith("lambda-keepalive ")]
PUBLISHING = [command for command in COMMANDS if command.startswith("make publish ")]


def test_nothing_of_the_guide_is_passed_over_by_mistake() -> None:
    others = {command.split()[0] for command in COMMANDS if command not in OURS + PUBLISHING}
    assert others == {"pip", "make", "aws"}
    assert (len(OURS), len(PUBLISHING)) == (6, 2)


@pytest.fixture
def stranger(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, str]]:
    """A directory with what the guide speaks of, and an environment with the command on PATH and AWS elsewhere."""
    if not (ROOT / "dist").is_dir():
        pytest.fail("dist/ is missing: run `make build`")
    shutil.copytree(ROOT / "samples/python-requests", tmp_path / "path/to/function")
    shutil.copytree(ROOT / "build/x86_64", tmp_path / "build/x86_64")
    observed = {"mode": "observe", "wouldReuse": 2, "wouldSave": 40.0, "ConnectionsOpened": 3}
    for name, fields in (("observe", observed), ("on", {})):
        (tmp_path / f"{name}.log").write_text("\n".join(record("my-function", **fields) for _ in range(9)))
    environ = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": server,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec", "KEEPALIVE_MODE": "observe"}
    create({"region_name": "eu-central-1"}, "my-function", Environment={"Variables": variables})
    program = tmp_path / "bin/lambda-keepalive"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m keepalive_command "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return tmp_path, {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "command")}


def test_a_stranger_follows_the_guide(stranger: tuple[Path, dict[str, str]]) -> None:
    directory, environ = stranger
    for command in OURS:
        finished = subprocess.run(
            shlex.split(command), cwd=directory, env=environ, capture_output=True, text=True, check=False
        )
        assert (command, finished.returncode) == (command, 0), finished.stdout + finished.stderr
        assert finished.stdout
    assert (directory / "report.html").is_file()
    for command in PUBLISHING:
        # What make would run, without what it would build before.
        plan = subprocess.run(
            [*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        (line,) = (line for line in plan.stdout.splitlines() if " publish.py " in line)
        subprocess.run([sys.executable, *shlex.split(line)[1:]], cwd=ROOT, env=environ, check=True, capture_output=True)
    for region in ("eu-central-1", "us-east-1"):
        layers = boto3.client("lambda", region_name=region).list_layers()["Layers"]
        assert {"lambda-keepalive-x86_64", "lambda-keepalive-arm64"} <= {layer["LayerName"] for layer in layers}
