"""`lambda-keepalive price`: the sums are those of the price list, and the layer's facts are the layer's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from keepalive_command import prices
from keepalive_command.price import LINE_BYTES, METRICS, monthly

from tests.command.conftest import Command

ROOT = Path(__file__).resolve().parents[2]


def test_metrics_get_cheaper_by_tiers() -> None:
    assert prices.custom_metrics(0) == 0
    assert prices.custom_metrics(10_000) == pytest.approx(3_000)
    assert prices.custom_metrics(10_001) == pytest.approx(3_000.10)
    assert prices.custom_metrics(2_000_000) == pytest.approx(3_000 + 24_000 + 37_500 + 20_000)


def test_one_function_costs_nine_metrics_and_its_lines() -> None:
    cost = monthly("core", 1, 1_000_000)
    assert cost.metrics_dollars == pytest.approx(2.70)
    assert cost.log_dollars == pytest.approx((1143 + 26) / 1000 * 0.5)


def test_log_costs_lines_only_and_off_nothing() -> None:
    assert monthly("log", 10, 1000).metrics_dollars == 0
    assert monthly("off", 10, 1000).total_dollars == 0


def test_the_table_and_its_assumptions_are_printed(command: Command) -> None:
    outcome = command("price", "--functions", 40)
    assert "108.00" in outcome.out
    assert prices.AS_OF in outcome.out
    modes = {mode["mode"]: mode for mode in command("price", "--functions", 40, "--json").json["modes"]}
    assert modes["core"]["metrics"] == 360


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5"])
def test_a_number_that_is_none_is_a_usage_error(command: Command, value: str) -> None:
    assert command("price", "--functions", value).code == 2


def test_metrics_and_lines_are_the_extensions() -> None:
    source = (ROOT / "extension/src/metrics.zig").read_text()
    core = re.findall(r'\.\{ \.name = "\w+".*?\.core = (true|false)', source)
    assert {"core": core.count("true"), "all": len(core), "log": 0, "datadog": 0, "off": 0} == METRICS
    for mode in ("core", "all", "log", "datadog"):
        golden = ROOT / f"tests/extension/golden/{mode}.json"
        assert LINE_BYTES[mode] == pytest.approx(len(golden.read_bytes()), rel=0.1)
