"""Writes docs/settings.md from the table in the code: `python -m tests.docs.tables`. A test holds the two together."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"

sys.path.append(str(ROOT / "layer" / "lambda-keepalive" / "python"))

from lambda_keepalive.config import ELSEWHERE, SETTINGS  # noqa: E402

HEAD = """# Settings

Environment variables of the function. Read once at start; a value that cannot be used costs one line with name, value
and the default used instead, and so does a name that is not a setting. Made by `python -m tests.docs.tables` from
`config.py`.

| variable | default | reason |
| --- | --- | --- |
"""


def settings_page() -> str:
    """The page as it should be."""
    rows = [
        f"| `{each.name}` | {f'`{each.default}`' if each.default else 'none'} | {each.reason} |" for each in SETTINGS
    ]
    for name, text in ELSEWHERE.items():
        reader, _, rest = text.partition(": ")
        meaning, _, default = rest.partition(", default ")
        rows.append(f"| `{name}` | {code(default)} | read by the {reader}: {meaning} |")
    return HEAD + "\n".join(rows) + "\n"


def code(default: str) -> str:
    """A default as the table shows it."""
    return f"`{default}`" if default else "none"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
