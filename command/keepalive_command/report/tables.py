"""The numbers of a report as rows, the same for text, JSON and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keepalive_command.report.saving import Saving
from keepalive_command.report.totals import Recording, Sums, Totals


@dataclass(frozen=True)
class Table:
    """A title, the heads of the columns, and rows of text."""

    title: str
    columns: list[str]
    rows: list[list[str]]


FUNCTION_COLUMNS = [
    "function", "invocations", "cold starts", "requests", "opened", "reused", "reuse rate", "stale", "connect ms",
    "saved ms",
]  # fmt: skip
OBSERVED_COLUMNS = ["would reuse", "would save ms"]
ORIGIN_COLUMNS = ["origin", "requests", "opened", "reused", "reuse rate", "stale", "connect ms", "mean connect ms"]


def tables(recording: Recording) -> list[Table]:
    """Functions, origins, and reasons."""
    observed = recording.all.observed > 0
    functions = sorted(recording.functions.items(), key=lambda item: -item[1].requests)
    rows = [_function(name, totals, observed) for name, totals in functions]
    if len(rows) > 1:
        rows.append(_function("all", recording.all, observed))
    result = [Table("Functions", FUNCTION_COLUMNS + (OBSERVED_COLUMNS if observed else []), rows)]
    origins = sorted(recording.all.origins.items(), key=lambda item: -item[1].requests)
    if origins:
        result.append(Table("Origins", ORIGIN_COLUMNS, [_origin(name, sums) for name, sums in origins]))
    for title, counter in (
        ("Why connections were opened", recording.all.not_reused),
        ("Why connections were closed", recording.all.discarded),
    ):
        if counter:
            result.append(Table(title, ["reason", "connections"], [[k, f"{v:,}"] for k, v in counter.most_common()]))
    return result


def _function(name: str, totals: Totals, observed: bool) -> list[str]:
    row = [
        name, count(totals.invocations), count(totals.cold_starts), count(totals.requests), count(totals.opened),
        count(totals.reused), rate(totals), count(totals.stale), time(totals.connect_ms), time(totals.saved_ms),
    ]  # fmt: skip
    return row + ([count(totals.would_reuse), time(totals.would_save_ms)] if observed else [])


def _origin(name: str, sums: Sums) -> list[str]:
    mean = time(sums.connect_ms / sums.opened) if sums.opened else "-"
    return [
        name, count(sums.requests), count(sums.opened), count(sums.reused), rate(sums), count(sums.stale),
        time(sums.connect_ms), mean,
    ]  # fmt: skip


def comparison(before: Recording, after: Recording) -> Table:
    """Before and after, side by side, per invocation where the two differ in length."""
    rows = []
    for title, value in (
        ("invocations", lambda totals: float(totals.invocations)),
        ("requests", lambda totals: totals.requests),
        ("connections opened", lambda totals: totals.opened),
        ("requests on a reused connection", lambda totals: totals.reused),
        ("stale connections", lambda totals: totals.stale),
    ):
        a, b = value(before.all), value(after.all)
        rows.append([title, count(a), count(b), change(a, b)])
    rows.append(["reuse rate", rate(before.all), rate(after.all), ""])
    for title, value in (
        ("requests per invocation", lambda totals: totals.requests),
        ("connections opened per invocation", lambda totals: totals.opened),
        ("connect ms per invocation", lambda totals: totals.connect_ms),
    ):
        a, b = (value(each.all) / max(1, each.all.invocations) for each in (before, after))
        rows.append([title, f"{a:,.2f}", f"{b:,.2f}", change(a, b)])
    if before.reports and after.reports:
        a, b = (each.billed_ms / each.reports for each in (before, after))
        rows.append(["billed ms per invocation", f"{a:,.1f}", f"{b:,.1f}", change(a, b)])
    return Table("Before and after", ["", before.name, after.name, "change"], rows)


def count(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def time(milliseconds: float) -> str:
    """Milliseconds with one decimal."""
    return f"{milliseconds:,.1f}"


def rate(sums: Sums) -> str:
    """The reuse rate in percent, or a dash."""
    return "-" if sums.reuse_rate is None else f"{100 * sums.reuse_rate:.1f} %"


def change(before: float, after: float) -> str:
    """`-93 %`, or a dash where there is nothing to compare with. What is left of something is not rounded away."""
    if not before:
        return "-"
    percent = 100 * (after - before) / before
    return f"{percent:+.1f} %" if -100 < percent < -99 else f"{percent:+.0f} %"


def document(recording: Recording, saving: Saving) -> dict[str, Any]:
    """A recording for `--json`: numbers, not text."""
    return {
        "name": recording.name,
        "from": recording.first,
        "to": recording.last,
        "all": _totals(recording.all),
        "functions": {name: _totals(totals) for name, totals in recording.functions.items()},
        "billedMs": recording.billed_ms if recording.reports else None,
        "saving": {
            "milliseconds": round(saving.milliseconds, 3),
            "dollars": saving.dollars,
            "dollarsPerMonth": saving.dollars_a_month,
            "shareOfBilledTime": saving.billed_share,
            "assumptions": list(saving.assumptions),
        },
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "requests": sums.requests,
        "opened": sums.opened,
        "reused": sums.reused,
        "reuseRate": sums.reuse_rate,
        "stale": sums.stale,
        "connectMs": round(sums.connect_ms, 3),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "invocations": totals.invocations,
        "coldStarts": totals.cold_starts,
        "endedBadly": totals.ended_badly,
        **_sums(totals),
        "savedMs": round(totals.saved_ms, 3),
        "observed": totals.observed,
        "wouldReuse": totals.would_reuse,
        "wouldSaveMs": round(totals.would_save_ms, 3),
        "notReused": dict(totals.not_reused),
        "discarded": dict(totals.discarded),
        "origins": {name: _sums(sums) for name, sums in totals.origins.items()},
    }
