"""The template agrees with the layer, the extension, the samples and docs/deploy.md; `make check` lints it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "AWS::Serverless::Function"
ALARM = "AWS::CloudWatch::Alarm"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags: `!Ref x` as {"Ref": "x"}."""


def short_tag(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {suffix: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", short_tag)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader)
    return loaded


@pytest.fixture(scope="module")
def dashboard(template: dict[str, Any]) -> dict[str, Any]:
    """The body as CloudFormation would hand it to CloudWatch."""
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
    body = body.replace("${AWS::Region}", "eu-central-1").replace("${MetricsNamespace}", "LambdaKeepalive")
    assert "${" not in body
    loaded: dict[str, Any] = json.loads(body)
    return loaded


@pytest.fixture(scope="module")
def core_metrics() -> set[str]:
    """The metrics that the extension publishes with KEEPALIVE_METRICS=core."""
    source = (ROOT / "extension/src/metrics.zig").read_text()
    metrics = dict(re.findall(r'\.\{ \.name = "(\w+)".*?\.core = (true|false)', source))
    assert len(metrics) > 9
    return {name for name, core in metrics.items() if core == "true"}


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == kind
    }


def test_the_layers_are_the_build_trees(template: dict[str, Any]) -> None:
    layers = resources(template, "AWS::Serverless::LayerVersion")
    assert {layer["ContentUri"]: layer["CompatibleArchitectures"] for layer in layers.values()} == {
        "build/x86_64": ["x86_64"],
        "build/arm64": ["arm64"],
    }
    for layer in layers.values():
        assert layer["LicenseInfo"] == "Apache-2.0"
        assert layer["RetentionPolicy"] == "Retain"


def test_the_wrapper_is_the_one_in_the_layer(template: dict[str, Any]) -> None:
    wrapper = template["Globals"]["Function"]["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"]
    assert template["Outputs"]["ExecWrapper"]["Value"] == wrapper
    assert (ROOT / "layer" / Path(wrapper).relative_to("/opt")).is_file()


def test_every_sample_is_a_function(template: dict[str, Any]) -> None:
    functions = resources(template, FUNCTION)
    samples = {f"samples/{path.parent.name}" for path in (ROOT / "samples").glob("*/app.*")}
    assert {function["CodeUri"] for function in functions.values()} == samples


def test_the_dashboard_does_not_overlap(dashboard: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for widget in dashboard["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24  # CloudWatch's grid is 24 units wide


def test_the_dashboard_shows_every_core_metric(dashboard: dict[str, Any], core_metrics: set[str]) -> None:
    """And no other, since a function that publishes only the core set would leave that graph empty."""
    searches = [
        re.findall(r"""SEARCH\('\{"LambdaKeepalive",FunctionName\} MetricName="(\w+)"', '\w+'\)""", text)
        for text in expressions(dashboard)
    ]
    assert {name for found in searches for name in found} == core_metrics


def test_every_expression_of_the_dashboard_uses_known_ids(dashboard: dict[str, Any]) -> None:
    for widget in dashboard["widgets"]:
        rows = [row for (row,) in widget["properties"]["metrics"]]
        ids = {row["id"] for row in rows}
        assert len(ids) == len(rows)
        for row in rows:
            if "SEARCH" not in row["expression"]:
                assert set(re.findall(r"[a-z]\w*", row["expression"])) <= ids


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [row["expression"] for widget in dashboard["widgets"] for (row,) in widget["properties"]["metrics"]]


def test_the_alarms_watch_core_metrics_of_one_function(template: dict[str, Any], core_metrics: set[str]) -> None:
    alarms = resources(template, ALARM)
    assert len(alarms) == 2
    for alarm in alarms.values():
        assert alarm["TreatMissingData"] == "notBreaching"
        returned = [query["Id"] for query in alarm["Metrics"] if query["ReturnData"]]
        assert returned == ["rate"]
        for query in alarm["Metrics"][1:]:
            metric = query["MetricStat"]["Metric"]
            assert metric["Namespace"] == {"Ref": "MetricsNamespace"}
            assert metric["MetricName"] in core_metrics
            assert metric["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "WatchedFunctionName"}}]


@pytest.mark.parametrize(
    ("alarm", "counts", "rate"),
    [
        ("StaleConnectionsAlarm", {"stale": 5, "requests": 20}, 25),
        ("StaleConnectionsAlarm", {"stale": 5, "requests": 19}, 0),
        ("StaleConnectionsAlarm", {"stale": 0, "requests": 0}, 0),
        ("ReuseRateAlarm", {"opened": 15, "reused": 5}, 25),
        ("ReuseRateAlarm", {"opened": 19, "reused": 0}, 100),
        ("ReuseRateAlarm", {"opened": 0, "reused": 0}, 100),
    ],
)
def test_a_rate_is_judged_only_over_enough_requests(
    template: dict[str, Any], alarm: str, counts: dict[str, int], rate: int
) -> None:
    text = template["Resources"][alarm]["Properties"]["Metrics"][0]["Expression"]["Sub"]
    minimum = str(template["Parameters"]["MinimumRequests"]["Default"])
    enough, value, otherwise = text.replace("${MinimumRequests}", minimum)[len("IF(") : -1].rsplit(", ", 2)
    chosen = value if eval(enough, {}, counts) else otherwise
    assert eval(chosen, {}, counts) == rate


def test_the_page_on_deploying_lists_every_parameter(template: dict[str, Any]) -> None:
    page = (ROOT / "docs/deploy.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", page, re.MULTILINE))
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    assert rows == {name: f"`{default}`" if default != "" else "empty" for name, default in defaults.items()}
    grouped = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in grouped for name in group["Parameters"]) == sorted(defaults)


def test_the_page_on_deploying_names_what_exists(template: dict[str, Any]) -> None:
    page = (ROOT / "docs/deploy.md").read_text()
    for output in re.findall(r"`((?:Layer|Dashboard)\w+(?:Arn|Url))`", page):
        assert output in template["Outputs"]
    for suffix in re.findall(r"`<stack>(-[\w-]+)`", page):
        names = [alarm["AlarmName"]["Sub"] for alarm in resources(template, ALARM).values()]
        assert f"${{AWS::StackName}}{suffix}" in names
