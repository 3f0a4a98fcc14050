"""Every sample is as careless as its README says, and every fact in that README holds.

Each runs in an interpreter of its own, as four invocations of its handler. The layer is attached as the exec wrapper
does it, by PYTHONPATH; that an invocation of Lambda comes to the same is the business of tests/runtime.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path.parent for path in (ROOT / "samples").glob("*/app.py"))
CLIENTS = {"python-requests": "requests", "python-urllib3": "urllib3", "python-boto3": "boto3"}

INVOCATIONS = 4

# What Lambda's bootstrap does, less the Runtime API.
RUN = f"""
import json, sys
import app
event = json.loads(sys.argv[1])
print(json.dumps([app.handler(event, None) for _ in range({INVOCATIONS})]))
"""


class Template(yaml.SafeLoader):
    """Reads CloudFormation's short tags as plain values."""


Template.add_multi_constructor("!", lambda loader, suffix, node: node.value)


@pytest.fixture(params=SAMPLES, ids=lambda path: path.name)
def sample(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    if path.name in CLIENTS:
        pytest.importorskip(CLIENTS[path.name], reason="the group `clients` is not installed")
    return path


def run(sample: Path, event: dict[str, object], authority: Authority, **environment: str) -> list[dict[str, int]]:
    bundle = str(authority.bundle)
    finished = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(event)],
        cwd=sample,
        env={
            "PATH": os.environ["PATH"],
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "TABLE_NAME": "items",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    results: list[dict[str, int]] = json.loads(finished.stdout)
    return results


def readme(sample: Path) -> str:
    return (sample / "README.md").read_text()


LAYER = {
    "PYTHONPATH": str(ROOT / "layer/lambda-keepalive/python"),
    "KEEPALIVE_LOOPBACK": "1",  # the origin is on this machine
}


@pytest.mark.parametrize(
    ("row", "layer"), [("without the layer", {}), ("with the layer", LAYER)], ids=["without", "with"]
)
def test_opens_as_many_connections_as_its_readme_says(
    sample: Path, tmp_path: Path, row: str, layer: dict[str, str]
) -> None:
    (expected,) = re.findall(rf"^\| {row} \| (\d+) \|$", readme(sample), re.MULTILINE)
    assert "4 invocations x 3 calls" in readme(sample)
    authority = Authority(tmp_path)
    event = json.loads((sample / "event.json").read_text())
    with Origin(tls=authority) as origin:
        results = run(sample, event, authority, TARGET_URL=origin.url, **layer)
        assert results == [{"status": 200, "calls": 3}] * INVOCATIONS
        assert origin.received == INVOCATIONS * 3
        assert origin.accepted == int(expected)


def test_the_event_decides_the_target_and_the_number_of_calls(sample: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Origin(tls=authority) as origin:
        results = run(sample, {"url": origin.url, "calls": 1}, authority, TARGET_URL="https://nowhere.invalid")
        assert results == [{"status": 200, "calls": 1}] * INVOCATIONS
        assert origin.received == INVOCATIONS


def test_the_readme_is_short_and_quotes_the_code(sample: Path) -> None:
    text = readme(sample)
    assert text.startswith(f"# {sample.name}\n")
    assert len(text.splitlines()) <= 12
    (quoted,) = re.findall(r"runs `(.+?)` for every", text)
    assert quoted in (sample / "app.py").read_text()


def test_the_readme_names_the_function_of_the_template(sample: Path) -> None:
    (name,) = re.findall(r"it is the function `(\w+)`", readme(sample))
    template = yaml.load((ROOT / "template.yaml").read_text(), Template)
    assert template["Resources"][name]["Properties"]["CodeUri"] == f"samples/{sample.name}"


def test_the_folder_is_complete(sample: Path) -> None:
    tracked = {path.name for path in sample.iterdir() if path.is_file()}
    assert tracked == {"app.py", "event.json", "requirements.txt", "README.md"}
