"""Writes the parts of the documents that repeat the code: `python -m tests.docs.tables`. A test holds them together."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

sys.path.append(str(ROOT / "layer" / "lambda-keepalive" / "python"))

from lambda_keepalive.config import ELSEWHERE, SETTINGS  # noqa: E402

METRIC = re.compile(
    r"(?m)^ +// (?P<reading>.+)\n(?: +// OpenTelemetry: (?P<telemetry>.+)\n)?"
    r' +\.\{ \.name = "(?P<name>\w+)"(?:, \.unit = \.(?P<unit>\w+))?, \.core = (?P<core>true|false)'
)
MADE = re.compile(r"(?s)(<!-- made by `python -m tests\.docs\.tables` .*? -->\n\n).*?(<!-- end -->)")


def settings() -> str:
    """The settings, their defaults and the reasons of these, from `config.py`."""
    rows = ["| variable | default | reason |", "| --- | --- | --- |"]
    # With blanks after the commas, at which the line can be broken.
    rows += [f"| `{each.name}` | {code(each.default.replace(',', ', '))} | {each.reason} |" for each in SETTINGS]
    for name, text in ELSEWHERE.items():
        reader, _, rest = text.partition(": ")
        meaning, _, default = rest.partition(", default ")
        rows.append(f"| `{name}` | {code(default)} | read by the {reader}: {meaning} |")
    return "\n".join(rows)


def code(default: str) -> str:
    """A default as the table shows it."""
    return f"`{default}`" if default else "none"


def metrics() -> str:
    """The metrics with what `metrics.zig` says about each."""
    rows = ["| metric | unit | set | how to read it | OpenTelemetry |", "| --- | --- | --- | --- | --- |"]
    for row in METRIC.finditer((ROOT / "extension/src/metrics.zig").read_text()):
        which = "core" if row["core"] == "true" else "all"
        name, unit = row["name"], row["unit"] or "Count"
        rows.append(
            f"| `{name}` | {unit} | {which} | {row['reading']} | {row['telemetry'] or ''} |".replace("|  |", "| |")
        )
    return "\n".join(rows)


def decisions() -> str:
    """The decision records, in their order, by their headings."""
    found = []
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        number, _, title = path.read_text().partition("\n")[0].removeprefix("# ").partition(". ")
        if number.isdigit():
            found.append(f"- [{number}]({path.name}) {title}")
    return "\n".join(found)


MAKERS: dict[Path, Callable[[], str]] = {
    DOCS / "settings.md": settings,
    DOCS / "metrics.md": metrics,
    DOCS / "decisions/README.md": decisions,
}


def as_it_should_be(page: Path) -> str:
    """The text of a page with the made part made anew."""
    made = MAKERS[page]()
    return MADE.sub(lambda around: f"{around[1]}{made}\n\n{around[2]}", page.read_text())


if __name__ == "__main__":
    for each in MAKERS:
        each.write_text(as_it_should_be(each))
