"""The documents tell the truth: what they name exists, and what exists is named."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from lambda_keepalive.config import SETTINGS

from tests.docs.tables import DOCS, MAKERS, METRIC, ROOT, as_it_should_be, code

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").rglob("*.md")])
LAYER = ROOT / "layer" / "lambda-keepalive" / "python" / "lambda_keepalive"
ZIG = (ROOT / "extension" / "src" / "metrics.zig").read_text()
METRICS = set(re.findall(r'\.name = "(\w+)"', ZIG))


def words(pattern: str, *paths: Path) -> set[str]:
    return {word for path in paths for word in re.findall(pattern, path.read_text())}


def settings() -> set[str]:
    return words(r"`(KEEPALIVE_\w+)`", DOCS / "settings.md")


@pytest.mark.parametrize("page", MAKERS, ids=lambda page: str(page.relative_to(DOCS)))
def test_what_repeats_the_code_is_up_to_date(page):
    assert page.read_text() == as_it_should_be(page), "run `python -m tests.docs.tables`"


def test_every_metric_of_the_code_says_how_to_read_it():
    assert {row["name"] for row in METRIC.finditer(ZIG)} == METRICS


def test_the_defaults_in_the_readme_are_those_of_the_code():
    rows = dict(re.findall(r"(?m)^\| `(KEEPALIVE_\w+)` \| ([^|]*?) \|", (ROOT / "README.md").read_text()))
    expected = {each.name: code(each.default) for each in SETTINGS} | {"KEEPALIVE_CLIENTS": "all"}
    assert {name: rows[name] for name in expected} == expected


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_one_on_github(page):
    """As GitHub makes anchors of headings: in small letters, without punctuation, with hyphens for spaces."""
    for link, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text()):
        headings = re.findall(r"(?m)^#+ (.+)", (page.parent / link if link else page).read_text())
        assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_test_named_on_the_page_on_reliability_exists():
    page = ROOT / "docs" / "reliability.md"
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*")}
    names = {path.rpartition("/")[2] for path in tests} | words(r"def (test_\w+)", *(ROOT / "tests").rglob("test_*.py"))
    assert words(r"`(tests/[\w/.]+)`", page) <= tests
    assert words(r"`(test_\w+(?:\.py)?)`", page) <= names


def test_every_rule_and_reason_named_is_in_the_code():
    code = "\n".join(path.read_text() for path in LAYER.rglob("*.py"))
    text = (ROOT / "docs" / "clients.md").read_text()
    named = set(re.findall(r"(?m)^\| `([a-z-]+)` \|", text.split("## Never shared")[1]))
    named |= set(re.findall(r"`([a-z-]+)` \(", text.split("## Discarded while idle")[1]))
    assert {name for name in named if f'"{name}"' not in code and f"`{name}`" not in code} == set()


def constants(call: ast.Call) -> list[str]:
    """The constant parts of the message of a call, those that are long enough to be recognized."""
    message = call.args[-1]
    pieces = message.values if isinstance(message, ast.JoinedStr) else [message]
    texts = [piece.value for piece in pieces if isinstance(piece, ast.Constant) and isinstance(piece.value, str)]
    texts = [text.removeprefix("lambda-keepalive:").strip(" ;=()\n") for text in texts]
    return [text for text in texts if len(text) > 8]


def python_lines() -> set[str]:
    """What the Python part can print."""
    found: set[str] = set()
    for path in [*LAYER.rglob("*.py"), LAYER.parent / "sitecustomize.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                name = ast.unparse(node.func)
                if name in ("guard.once", "guard.say", "guard.log", "self.complaints.append", "sys.stderr.write"):
                    found |= set(constants(node))
    guard = (LAYER / "guard.py").read_text()
    return found | set(re.findall(r"; (going on without the layer; \w+=0 turns it off)", guard))


def other_lines() -> set[str]:
    """What the wrapper, the Node part and the extension can print."""
    found = set(
        re.findall(r'"lambda-keepalive: [^"]*\$next ([^"]+)"', (ROOT / "layer/lambda-keepalive/exec").read_text())
    )
    for path in (ROOT / "layer/lambda-keepalive/node").rglob("*.cjs"):
        for message in re.findall(r"guard\.(?:log\('\w+', |once\(|say\()`([^`]+)`", path.read_text()):
            found |= {part.strip(" ;=(") for part in re.split(r"\$\{[^}]*\}+", message) if len(part.strip()) > 8}
    for path in (ROOT / "extension/src").glob("*.zig"):
        source = path.read_text()
        for arguments in re.findall(r"notice\(&\.\{(.*?)\}\)", source):
            found |= {text.strip(" ;=:") for text in re.findall(r'"([^"]+)"', arguments) if len(text.strip()) > 8}
        found |= set(re.findall(r'drop\("([^"]+)"', source))
    return found


def test_every_line_that_the_layer_can_print_is_in_troubleshooting():
    page = (ROOT / "docs/troubleshooting.md").read_text()
    lines = python_lines() | other_lines()
    assert len(lines) > 15
    assert {line for line in lines if line not in page} == set()
