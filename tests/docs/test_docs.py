"""The documents tell the truth: what they name exists, and what exists is named."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.tables import ROOT, SETTINGS_PAGE, settings_page

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").rglob("*.md")])
LAYER = ROOT / "layer" / "lambda-keepalive" / "python" / "lambda_keepalive"
METRICS = set(re.findall(r'\.name = "(\w+)"', (ROOT / "extension" / "src" / "metrics.zig").read_text()))


def words(pattern: str, *paths: Path) -> set[str]:
    return {word for path in paths for word in re.findall(pattern, path.read_text())}


def settings() -> set[str]:
    return words(r"`(KEEPALIVE_\w+)`", SETTINGS_PAGE)


def test_the_settings_page_is_the_table_of_the_code():
    assert SETTINGS_PAGE.read_text() == settings_page()


def test_every_setting_stands_in_the_readme():
    assert words(r"`(KEEPALIVE_\w+)", ROOT / "README.md") == settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_named_exists(page):
    assert words(r"\b(KEEPALIVE_[A-Z_]+)\b", page) <= settings()


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "metrics.md"], ids=lambda page: page.name)
def test_every_metric_is_documented(page):
    assert METRICS - words(r"`(\w+)`", page) == set()


def test_every_metric_in_the_table_exists():
    rows = words(r"(?m)^\| (`[A-Z][a-z]\w+`(?:, `\w+`)*) \|", ROOT / "README.md", ROOT / "docs" / "metrics.md")
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == METRICS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_named_exists(page):
    targets = words(r"(?m)^([a-z-]+):", ROOT / "Makefile")
    assert words(r"`make ([a-z-]+)", page) <= targets


def test_every_make_target_has_a_line_of_help():
    targets = words(r"(?m)^\.PHONY: ([a-z-]+)", ROOT / "Makefile")
    command = ["make", "--silent", "--no-print-directory", "help"]
    help_text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in help_text.splitlines()} == targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_our_own_files_resolves(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_rule_and_reason_named_is_in_the_code():
    code = "\n".join(path.read_text() for path in LAYER.rglob("*.py"))
    text = (ROOT / "docs" / "clients.md").read_text()
    named = set(re.findall(r"(?m)^\| `([a-z-]+)` \|", text.split("## Never shared")[1]))
    named |= set(re.findall(r"`([a-z-]+)` \(", text.split("## Discarded while idle")[1]))
    assert {name for name in named if f'"{name}"' not in code and f"`{name}`" not in code} == set()
