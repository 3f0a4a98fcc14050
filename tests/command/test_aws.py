"""`doctor --function` and `report --log-group` against moto's server: real HTTP, real boto3, no account."""

from __future__ import annotations

import http.server
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("moto", reason="the group `command` is not installed")

import boto3
from moto.server import ThreadedMotoServer

from tests.command.conftest import Command, record

REGION = "eu-central-1"
GROUP = "/aws/lambda/f"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def account(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Keyword arguments for boto3 clients of an empty account."""
    for name, value in (("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key"), ("DEFAULT_REGION", REGION)):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield {"region_name": REGION, "endpoint_url": server}
    boto3.client("sts", region_name=REGION, endpoint_url=server).close()


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("app.py", "def handler(event, context): return 1\n")
    return packed.getvalue()


def create(account: dict[str, Any], name: str, **options: Any) -> None:
    """A function with the layer for x86_64 attached."""
    functions = boto3.client("lambda", **account)
    layer = functions.publish_layer_version(
        LayerName="lambda-keepalive-x86_64", Content={"ZipFile": archive()}, CompatibleArchitectures=["x86_64"]
    )
    role = {"RoleName": f"r-{name}", "AssumeRolePolicyDocument": "{}"}
    arn = boto3.client("iam", **account).create_role(**role)["Role"]["Arn"]
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=arn, Handler="app.handler", Code={"ZipFile": archive()},
        Layers=[layer["LayerVersionArn"]], **options,
    )  # fmt: skip


def test_doctor_sees_a_function_that_is_well(command: Command, account: dict[str, Any]) -> None:
    create(account, "well", Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec"}})
    outcome = command("doctor", "--function", "well", "--region", REGION, "--endpoint-url", account["endpoint_url"])
    assert (outcome.code, "0 errors, 0 warnings" in outcome.out) == (0, True)


def test_doctor_sees_what_is_wrong(command: Command, account: dict[str, Any]) -> None:
    create(
        account,
        "ill",
        Architectures=["arm64"],
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument", "KEEPALIVE_IDLE_TIMEOUT": "x"}},
    )
    outcome = command(
        "doctor", "--function", "ill", "--json", "--region", REGION, "--endpoint-url", account["endpoint_url"]
    )
    assert outcome.code == 1
    seen = {(each["check"], each["level"]) for each in outcome.json["findings"]}
    assert {("architecture", "error"), ("wrapper", "note"), ("settings", "warning")} <= seen


def test_a_function_that_is_not_there_is_refused_in_words(command: Command, account: dict[str, Any]) -> None:
    outcome = command("doctor", "--function", "nobody", "--region", REGION, "--endpoint-url", account["endpoint_url"])
    assert outcome.code == 4
    assert "ResourceNotFoundException" in outcome.err
    assert "check the name, --region and --profile" in outcome.err


def test_report_reads_a_time_range_of_cloudwatch_logs(command: Command, account: dict[str, Any]) -> None:
    logs = boto3.client("logs", **account)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 7_200_000, "message": record(requestId="old")}]
    events += [{"timestamp": now - 60_000 + each, "message": record(at=now / 1000)} for each in range(250)]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)
    outcome = command(
        "report", "--log-group", GROUP, "--since", "1h", "--json", "--region", REGION,
        "--endpoint-url", account["endpoint_url"],
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.json["recordings"][0]["all"]["invocations"] == 250


def test_a_log_group_that_is_not_there_is_refused_in_words(command: Command, account: dict[str, Any]) -> None:
    outcome = command("report", "--log-group", "/no", "--region", REGION, "--endpoint-url", account["endpoint_url"])
    assert outcome.code == 4
    assert "ResourceNotFoundException" in outcome.err


@pytest.mark.parametrize("arguments", [["--profile", "nobody"], ["--region", "no such region"], []])
def test_no_account_is_refused_in_words(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], tmp_path: Any
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    outcome = command("doctor", "--function", "f", *arguments)
    assert outcome.code == 4
    assert "error: " in outcome.err


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers as AWS does to somebody without permissions: Lambda names the error in a header, Logs in the body."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        action = (self.headers.get("X-Amz-Target") or "lambda.GetFunctionConfiguration").rpartition(".")[2]
        message = f"User: arn:aws:iam::123456789012:user/me is not authorized to perform: x:{action}"
        body = json.dumps({"__type": "AccessDeniedException", "message": message, "Message": message}).encode()
        self.send_response(403)
        self.send_header("X-Amzn-ErrorType", "AccessDeniedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """The test says enough."""


@pytest.mark.parametrize(
    ("arguments", "action"),
    [
        (["doctor", "--function", "f"], "GetFunctionConfiguration"),
        (["report", "--log-group", GROUP], "FilterLogEvents"),
    ],
)
@pytest.mark.usefixtures("account")
def test_missing_permissions_are_named(command: Command, arguments: list[str], action: str) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as refusing:
        thread = threading.Thread(target=refusing.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{refusing.server_port}"
        outcome = command(*arguments, "--region", REGION, "--endpoint-url", endpoint)
        refusing.shutdown()
        thread.join()
    assert outcome.code == 4
    assert f"is not authorized to perform: x:{action}" in outcome.err
    assert "the command needs the permission that the message names" in outcome.err


def test_a_server_that_does_not_answer_is_named(command: Command, account: dict[str, Any]) -> None:
    outcome = command("doctor", "--function", "f", "--region", REGION, "--endpoint-url", "http://127.0.0.1:9")
    assert outcome.code == 4
    assert "127.0.0.1:9" in outcome.err
