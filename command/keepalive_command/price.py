"""`lambda-keepalive price`: what the metrics cost each month, in each mode of KEEPALIVE_METRICS."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

from keepalive_command import prices
from keepalive_command.errors import Exit
from keepalive_command.terminal import Terminal

NAME = "price"
SUMMARY = "what the metrics cost per month, in each mode"
DESCRIPTION = """\
Print what the layer's CloudWatch metrics and log lines cost each month, for each KEEPALIVE_METRICS.
What Datadog takes for its points is not in it.
The layer itself costs nothing. Each metric of each function is one custom metric.

  lambda-keepalive price --functions 40 --invocations 100000"""

# The metrics of each mode (docs/metrics.md), and the bytes of a line with two origins in it, as the extension's golden
# lines have it (tests/extension/golden).
METRICS = {"core": 9, "all": 14, "log": 0, "datadog": 0, "off": 0}
LINE_BYTES = {"core": 1143, "all": 1459, "log": 719, "datadog": 803, "off": 0}


@dataclass(frozen=True)
class Cost:
    """Of one mode, US dollars a month."""

    mode: str
    metrics: int
    metrics_dollars: float
    log_gigabytes: float
    log_dollars: float
    total_dollars: float


def monthly(mode: str, functions: int, invocations: int) -> Cost:
    """The cost of one mode.

    Args:
        functions: how many functions have the layer.
        invocations: of each function in a month.
    """
    metrics = functions * METRICS[mode]
    gigabytes = functions * invocations * (LINE_BYTES[mode] + prices.LOG_EVENT_OVERHEAD * bool(LINE_BYTES[mode])) / 1e9
    metrics_dollars = prices.custom_metrics(metrics)
    log_dollars = gigabytes * prices.LOG_GIGABYTE
    return Cost(mode, metrics, metrics_dollars, gigabytes, log_dollars, metrics_dollars + log_dollars)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its part of the command line."""
    parser.add_argument("--functions", type=positive, default=1, metavar="N", help="functions with the layer (1)")
    parser.add_argument(
        "--invocations", type=positive, default=1_000_000, metavar="N", help="of each in a month (1000000)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


MOST = 10**12
"""More functions, or invocations of one, than anybody has: it was a slip of the finger."""


def positive(text: str) -> int:
    """A whole number from 1 to `MOST`, for argparse."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST:,}")
    return int(text)


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Print the table."""
    costs = [monthly(mode, arguments.functions, arguments.invocations) for mode in METRICS]
    if arguments.json:
        document = {"assumptions": prices.ASSUMPTIONS, "modes": [asdict(cost) for cost in costs]}
        terminal.write(json.dumps(document, indent=2) + "\n")
        return Exit.FINE
    rows = [
        [
            f"KEEPALIVE_METRICS={cost.mode}",
            str(cost.metrics),
            f"{cost.metrics_dollars:,.2f}",
            f"{cost.log_gigabytes:,.2f}",
            f"{cost.log_dollars:,.2f}",
            f"{cost.total_dollars:,.2f}",
        ]
        for cost in costs
    ]
    title = f"US dollars a month for {arguments.functions} functions with {arguments.invocations:,} invocations each"
    terminal.table(title, ["", "metrics", "for metrics", "log GB", "for logs", "total"], rows)
    terminal.print()
    terminal.print("Assumed:")
    for assumption in prices.ASSUMPTIONS:
        terminal.print(f"- {assumption}")
    return Exit.FINE
