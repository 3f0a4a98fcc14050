"""What the environment says, and what becomes of values that cannot be used."""

from __future__ import annotations

import json

import pytest

from tests.extension.conftest import Start
from tests.extension.record import small

OFF = {
    "KEEPALIVE_ENABLED": ["0", "false", "FALSE"],
    "KEEPALIVE_MODE": ["off"],
    "KEEPALIVE_METRICS": ["off"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OFF.items() for value in values])
def test_switched_off_it_registers_and_does_nothing_else(start: Start, name: str, value: str) -> None:
    """It cannot stay away: a file in /opt/extensions that does not register fails the function."""
    extension = start(**{name: value}).ready()
    assert not extension.fifo.parent.exists()
    assert extension.finish() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEEPALIVE_ENABLED", "1"),
        ("KEEPALIVE_ENABLED", "True"),
        ("KEEPALIVE_ENABLED", ""),
        ("KEEPALIVE_MODE", "observe"),
        ("KEEPALIVE_METRICS", "ALL"),
        ("KEEPALIVE_METRICS", ""),
    ],
)
def test_other_values_print(start: Start, name: str, value: str) -> None:
    extension = start(**{name: value}).ready()
    extension.write(small("a"))
    assert json.loads(extension.line())["requestId"] == "a"


UNUSABLE = [
    ("KEEPALIVE_ENABLED", "perhaps", "is none of: true false 1 0; using true"),
    ("KEEPALIVE_MODE", "fast", "is none of: on observe off; using on"),
    ("KEEPALIVE_METRICS", "everything", "is none of: core all log datadog off; using core"),
    ("KEEPALIVE_METRICS_NAMESPACE", 'a"b', "cannot be used; using LambdaKeepalive"),
    ("KEEPALIVE_METRICS_NAMESPACE", "AWS/Lambda", "cannot be used; using LambdaKeepalive"),
    ("AWS_LAMBDA_FUNCTION_NAME", "a b", "cannot be used; using unknown"),
]


@pytest.mark.parametrize(("name", "value", "complaint"), UNUSABLE)
def test_unusable_value_is_told_in_one_line(start: Start, name: str, value: str, complaint: str) -> None:
    extension = start(**{name: value}).ready()
    assert extension.line() == f"lambda-keepalive: {name}={value} {complaint}"
    extension.write(small("a"))
    assert json.loads(extension.line())["requestId"] == "a"
    assert extension.finish() == []


def test_unusable_value_cannot_forge_a_line(start: Start) -> None:
    """A value is shown in printable ASCII, and not at any length."""
    extension = start(KEEPALIVE_MODE='x\n{"_aws":{}}\x1b[2J' + "é" * 100)
    [told] = extension.ready().finish()
    assert told.startswith('lambda-keepalive: KEEPALIVE_MODE=x?{"_aws":{}}?[2J????')
    assert told.endswith("... is none of: on observe off; using on")
    assert len(told) < 200


def test_similar_names_are_not_mistaken(start: Start) -> None:
    extension = start(KEEPALIVE_METRICS_NAMESPACE="N", KEEPALIVE_METRICSX="off", XKEEPALIVE_METRICS="off").ready()
    extension.write(small("a"))
    assert json.loads(extension.line())["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "N"
