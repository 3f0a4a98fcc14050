"""`sam local invoke` and `sam local start-lambda`, on a template made up for a test.

Everything is local: the layer and the code are directories, the base image is there before (`base_image`), and
nothing is pulled. AWS SAM CLI gets a virtual environment of its own in .work/, made on first use, since it pins many
packages.
"""

import functools
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .output import Line, Output
from .sam_wheel import AWS_SAM_CLI
from .work import alone

# For SAM to build its image and to start a container. On a busy machine that takes tens of seconds.
START_LIMIT = 300.0
# For SAM to stop its containers after SIGINT.
STOP_LIMIT = 60.0


def docker_answers() -> bool:
    """Whether there is a container engine that this user may use."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


@functools.cache
def sam() -> Path:
    """The path of AWS SAM CLI, installed on first use; CalledProcessError if that fails."""
    with alone(f"sam/{AWS_SAM_CLI.partition('==')[2]}") as environment:
        command = environment / "bin" / "sam"
        if not command.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            install: list[str | Path] = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*install, AWS_SAM_CLI], check=True)
    return command


def write_template(
    directory: Path, *, runtime: str, architecture: str, layer: Path | None, environ: Mapping[str, str]
) -> Path:
    """Write a template with one function, `Function`, whose code lies in `function/` beside it.

    SAM passes on only variables that the template declares, AWS_LAMBDA_EXEC_WRAPPER included.
    """
    properties: dict[str, Any] = {
        "CodeUri": "function",
        "Handler": "app.handler",
        "Runtime": runtime,
        "Architectures": [architecture],
        "Timeout": 60,
        "Environment": {"Variables": dict(environ)},
    }
    resources: dict[str, Any] = {"Function": {"Type": "AWS::Serverless::Function", "Properties": properties}}
    if layer is not None:
        properties["Layers"] = [{"Ref": "Layer"}]
        resources["Layer"] = {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {"LayerName": "lambda-keepalive", "ContentUri": str(layer)},
        }
    template = directory / "template.json"
    template.write_text(json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}, indent=2))
    return template


def _environment(template: Path) -> dict[str, str]:
    """Of the caller's environment only what finds programs and the engine: SAM lets a variable of its own environment
    override the template's of the same name. The rest keeps it from calling home and from the developer's account.
    """
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name.startswith("DOCKER_")}
    return kept | {
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(template.parent / ".aws-sam"),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def invoke(template: Path, event: Any, *options: str) -> tuple[Any, list[Line]]:
    """`sam local invoke`: a container for one invocation. Returns the payload and what was printed beside it."""
    command: list[str | Path] = [
        sam(),
        "local",
        "invoke",
        "Function",
        "--template",
        template,
        "--event",
        "-",
        "--skip-pull-image",
    ]
    finished = subprocess.run(
        [*command, *options],
        input=json.dumps(event),
        cwd=template.parent,
        env=_environment(template),
        capture_output=True,
        text=True,
        timeout=START_LIMIT,
        check=False,
    )
    if finished.returncode != 0:
        raise RuntimeError(f"sam local invoke failed:\n{finished.stderr}")
    printed = [Line("stdout", text) for text in finished.stdout.splitlines()]
    printed += [Line("stderr", text) for text in finished.stderr.splitlines()]
    payload = json.loads(printed.pop(next(n for n, line in enumerate(printed) if line.source == "stdout")).text)
    return payload, printed


class StartLambda:
    """`sam local start-lambda` with warm containers: one container serves all invocations, inside a with block."""

    def __init__(self, template: Path) -> None:
        self._template = template
        self._output = Output()

    def __enter__(self) -> Self:
        command: list[str | Path] = [sam(), "local", "start-lambda", "--template", self._template, "--skip-pull-image"]
        options = ["--warm-containers", "EAGER", "--no-watch", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, *options],
            cwd=self._template.parent,
            env=_environment(self._template),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            # What runs in a shell's background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert self._process.stdout is not None
        self._output.add("sam", os.dup(self._process.stdout.fileno()))
        self._process.stdout.close()
        try:
            line = self.wait_for_line(lambda line: "Running on http://" in line.text, START_LIMIT)
        except TimeoutError:
            self._stop()
            raise
        address = re.search(r"http://([\d.]+):(\d+)", line.text)
        assert address is not None
        self._host, self._port = address[1], int(address[2])
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stop()

    def invoke(self, event: Any) -> Any:
        """The payload of an invocation, through the API that AWS's SDKs use."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=START_LIMIT)
        try:
            connection.request("POST", "/2015-03-31/functions/Function/invocations", json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def lines(self) -> list[Line]:
        """Everything that SAM and the container have printed."""
        self._output.drain()
        return self._output.lines()

    @property
    def emf(self) -> list[dict[str, Any]]:
        """The lines that are objects in CloudWatch's embedded metric format, decoded."""
        return [line.emf for line in self.lines if line.emf is not None]

    def wait_for_line(self, predicate: Callable[[Line], bool], timeout: float = 60.0) -> Line:
        """The first line, past or coming, that satisfies the predicate; TimeoutError after `timeout` seconds."""
        return self._output.wait_for(predicate, timeout)

    def wait_for_emf(self, number: int) -> dict[str, Any]:
        """The metrics line with this number, counted from 0, as soon as it is there."""
        count = -1

        def wanted(line: Line) -> bool:
            nonlocal count
            count += line.emf is not None
            return count == number

        line = self.wait_for_line(wanted)
        assert line.emf is not None
        return line.emf

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # as a person would: SAM removes its containers then
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
