"""The tables that a run prints, in Markdown, so that docs/reliability.md can show them as they are."""

from __future__ import annotations

from collections.abc import Iterable

from tests.torture.betrayals import BETRAYALS
from tests.torture.cycles import Result, Tally

Row = tuple[str, ...]

TOTALS = (
    "client",
    "cycles",
    "requests",
    "connections",
    "stale at thaw",
    "stale at acquire",
    "expired",
    "replayed",
    "received again",
    "GET surfaced",
    "POST surfaced",
    "wrong answers",
    "sent twice",
)


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table whose first column is text and whose others are numbers."""
    lines = [head, tuple(["---"] + ["---:"] * (len(head) - 1)), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def name_of(result: Result) -> str:
    """The client as a reader calls it."""
    return result.client + (" + layer" if result.layer else "")


def totals(results: list[Result]) -> str:
    """One row for each client, over all betrayals."""
    return table(TOTALS, [(name_of(result), *numbers(result.total)) for result in results])


def numbers(tally: Tally) -> Row:
    """What follows the name in a row of `totals`."""
    values = (
        tally.cycles,
        tally.requests,
        tally.accepted,
        tally.stale_at_thaw,
        tally.stale_at_acquire,
        tally.expired,
        tally.replayed,
        tally.received_again,
        tally.surfaced["GET"],
        tally.surfaced["POST"],
        tally.wrong,
        tally.sent_twice,
    )
    return tuple(f"{value:,}" for value in values)


def by_betrayal(results: list[Result]) -> str:
    """One row for each betrayal: cycles, then for each client its new connections and what surfaced, GET and POST."""
    head = ("between two invocations, the server", "cycles", *map(name_of, results))
    rows = []
    for name in BETRAYALS:
        tallies = [result.by_betrayal.get(name, Tally()) for result in results]
        cells = [f"{tally.accepted:,} / {tally.surfaced['GET']} / {tally.surfaced['POST']}" for tally in tallies]
        rows.append((name, f"{tallies[0].cycles:,}", *cells))
    return table(head, rows)
