"""AWS's list prices in US dollars, us-east-1, without free tiers, savings plans and discounts.

As published on the pages for CloudWatch and Lambda prices, seen in copies of 2026; an account cannot be asked from
here. Other regions cost up to a half more.
"""

AS_OF = "2026-06"

# Custom metrics: each further metric gets cheaper (up to, dollars per metric and month). One that reports in only a
# part of the month's hours costs that part.
METRIC_TIERS = ((10_000, 0.30), (250_000, 0.10), (1_000_000, 0.05), (None, 0.02))

LOG_GIGABYTE = 0.50
"""Ingestion into the standard log class."""

LOG_EVENT_OVERHEAD = 26
"""Bytes that CloudWatch Logs adds to each event when it counts (PutLogEvents)."""

LAMBDA_GIGABYTE_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
"""Duration, first tier."""

ASSUMPTIONS = (
    f"AWS list prices of us-east-1 as of {AS_OF}, no free tier, no discount",
    "a metric is paid for all hours of the month; one that reports in fewer hours costs less",
    "log lines name two origins; each further one adds about 100 bytes; log storage is not counted",
)


def custom_metrics(count: int) -> float:
    """Dollars a month for as many custom metrics, tier by tier."""
    dollars, below = 0.0, 0
    for limit, price in METRIC_TIERS:
        upper = count if limit is None else min(count, limit)
        dollars += max(0, upper - below) * price
        below = limit or below
    return dollars


def duration(milliseconds: float, memory: int, architecture: str) -> float:
    """Dollars for so much billed duration of a function with `memory` MB."""
    return milliseconds / 1000 * memory / 1024 * LAMBDA_GIGABYTE_SECOND[architecture]
