"""Every Node sample is as careless as its README says, and every fact in that README holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.local import Emulator
from tests.node import toolchain
from tests.node.interpreter import lay_out_sample
from tests.support.certificates import Authority
from tests.support.origin import Origin

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path.parent for path in (ROOT / "samples").glob("node-*/app.mjs"))
INVOCATIONS, CALLS = 4, 3


def facts(sample: Path) -> dict[str, int]:
    """Connections by row of the README's table."""
    rows = re.findall(r"^\| (with\w*) the layer \| (\d+) \|$", (sample / "README.md").read_text(), re.M)
    return {row: int(count) for row, count in rows}


@pytest.mark.parametrize("attached", ["without", "with", "observing"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_readme_is_right(
    version: str, opt: Path, authority: Authority, origin: Origin, tmp_path: Path, sample: Path, attached: str
) -> None:
    environ = {
        "NODE_EXTRA_CA_CERTS": str(authority.bundle),
        "NODE_NO_WARNINGS": "1",
        "TARGET_URL": origin.url,
        "TABLE_NAME": "items",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "KEEPALIVE_LOOPBACK": "1",
    }
    layer = None
    if attached != "without":
        environ["KEEPALIVE_MODE"] = "observe" if attached == "observing" else "on"
        layer, environ["AWS_LAMBDA_EXEC_WRAPPER"] = opt, "/opt/lambda-keepalive/exec"
    task_root = lay_out_sample(tmp_path / "task", sample)
    event = json.loads((sample / "event.json").read_text())
    runtime = toolchain.runtime(version)
    with Emulator(
        handler="app.handler", task_root=task_root, layer=layer, environ=environ, node=runtime, memory=512
    ) as function:
        payloads = [function.invoke(event).payload for _ in range(INVOCATIONS)]
        function.shutdown()
        metrics = function.emf
    assert payloads == [{"status": 200, "calls": CALLS}] * INVOCATIONS
    assert origin.received == INVOCATIONS * CALLS
    expected = facts(sample)
    assert origin.accepted == expected["without" if attached == "observing" else attached]
    if attached == "observing":
        assert sum(line["ConnectionsOpened"] - line["wouldReuse"] for line in metrics) == expected["with"]


def test_there_are_samples() -> None:
    assert [sample.name for sample in SAMPLES] == ["node-aws-sdk", "node-fetch"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_function_of_the_readme_is_in_the_template(sample: Path) -> None:
    (name,) = re.findall(r"it is the function `(\w+)`", (sample / "README.md").read_text())
    template = (ROOT / "template.yaml").read_text()
    assert re.search(rf"^  {name}:\n(?:    .*\n)*      CodeUri: samples/{sample.name}\n", template, re.M)
