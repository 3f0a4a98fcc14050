"""Somebody who has never heard of the project, with nothing but a clone of it and what its pages tell him to type.

AWS is moto's server, the command `aws` is Amazon's own, and CloudWatch's log of a function is what the function printed
on the local Lambda of the clone.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import boto3
from moto.server import ThreadedMotoServer

from tests.command.test_aws import create
from tests.stranger.guide import Step
from tests.support.origin import Origin

REGION, FUNCTION, ALIAS = "eu-central-1", "my-function", "live"
# The reader's own function, the one that the pages call path/to/function.
CODE = """import requests


def handler(event, context):
    return [requests.get({url!r}).status_code for _ in range(3)]
"""
TAIL = re.compile(r"aws logs tail /aws/lambda/my-function --since 1h > (?P<mode>observe|on)\.log")

# What is not done again where somebody has built the layer, and how the rest of the Makefile is told so.
PREPARED = ("make demo", "make build")
BUILT = "make --old-file build publish"


class Stranger:
    """A clone of `repository` in `directory`, the venv that its owner has activated, and an AWS account that is none.

    `prepared`: a tree in which `make build` has run; what it made is then taken from there. Without it all is done.
    """

    def __init__(self, repository: Path, directory: Path, prepared: Path | None = None) -> None:
        self.clone = directory / "lambda-keepalive"
        self.venv = directory / "venv"
        self.prepared = prepared
        self._directory = directory
        self._repository = repository
        self._stack = ExitStack()
        self._taken: set[str] = set()

    def __enter__(self) -> Stranger:
        clone = ["git", "clone", "--quiet", "--no-hardlinks", f"file://{self._repository}", str(self.clone)]
        subprocess.run(clone, check=True)
        subprocess.run([sys.executable, "-m", "venv", str(self.venv)], check=True)
        self._install_aws()
        if self.prepared is not None:
            for name in (".venv", "build", "dist"):
                (self.clone / name).symlink_to(self.prepared / name)
        self.origin = self._stack.enter_context(Origin())
        function = self.clone / "path/to/function"
        function.mkdir(parents=True)
        (function / "app.py").write_text(CODE.format(url=self.origin.url))
        self.environ = os.environ | self._account() | {"PATH": self._path(), "VIRTUAL_ENV": str(self.venv)}
        # Of the one who runs this, not of a stranger.
        for name in ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "CI"):
            self.environ.pop(name, None)
        if self.prepared is not None:
            self.environ["PIP_NO_COMPILE"] = "1"  # most of what is installed is never imported here
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _path(self) -> str:
        return os.pathsep.join([str(self.venv / "bin"), str(self._directory / "tools/bin"), os.environ["PATH"]])

    def _install_aws(self) -> None:
        """The command `aws`, which a reader with an account has already; apart from his other packages."""
        tools = self._directory / "tools"
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(tools)], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", str(tools / "bin/python")]
        subprocess.run([*install, "awscli>=1.44,<2"], check=True)

    def _account(self) -> Mapping[str, str]:
        """Variables that lead to an account with a function that is out in its seventh version."""
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # moto's server, about each request
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        self._stack.callback(server.stop)
        self.endpoint = "http://{}:{}".format(*server.get_host_and_port())
        credentials = {"aws_access_key_id": "id", "aws_secret_access_key": "key"}
        account = {"region_name": REGION, "endpoint_url": self.endpoint, **credentials}
        wrapper = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec", "KEEPALIVE_MODE": "observe"}
        create(account, FUNCTION, Environment={"Variables": wrapper})
        functions = boto3.client("lambda", **account)
        for number in range(7):
            functions.update_function_configuration(FunctionName=FUNCTION, Description=str(number))
            version = functions.publish_version(FunctionName=FUNCTION)["Version"]
        functions.create_alias(FunctionName=FUNCTION, Name=ALIAS, FunctionVersion=version)
        return {
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def take(self, step: Step) -> str:
        """Do what the page says; tells in one line what was done, and raises `AssertionError` if it went wrong."""
        tail = TAIL.fullmatch(step.command)
        started = time.monotonic()
        if tail:
            self._record(tail["mode"])
            return f"stood in for: {step} (a recording of the local Lambda)"
        if self.prepared is not None and (step.command in PREPARED or step.command in self._taken):
            return f"not run: {step}"
        self._taken.add(step.command)
        command = step.command if self.prepared is None else step.command.replace("make publish", BUILT)
        finished = subprocess.run(
            ["bash", "-c", command],
            cwd=self.clone, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, f"{step}\n{finished.stdout}\n{finished.stderr}"
        missing = [line for line in step.printed if first_words(line) not in finished.stdout]
        assert missing == [], f"{step}\ndid not print\n{missing}\nbut\n{finished.stdout}"
        return f"{time.monotonic() - started:6.1f} s  {step}"

    def _record(self, mode: str) -> None:
        """What `aws logs tail` would have written: four invocations of the reader's function in that mode."""
        command = [
            ".venv/bin/python", "-m", "tests.local", "--function", "path/to/function", "--layer", "build/x86_64",
            "--invocations", "4", "--env", f"KEEPALIVE_MODE={mode}", "--env", "KEEPALIVE_LOOPBACK=1",
        ]  # fmt: skip
        ran = subprocess.run(command, cwd=self.clone, env=self.environ, capture_output=True, text=True, check=True)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00 2026/11/21/[$LATEST]0123456789abcdef ", time.gmtime())
        (self.clone / f"{mode}.log").write_text("".join(f"{stamp}{line}\n" for line in ran.stdout.splitlines()))


def first_words(line: str) -> str:
    """What of a printed line does not change from run to run: all before the first number or the first gap."""
    return re.split(r"\s{2,}|\d", line.strip())[0].strip()
