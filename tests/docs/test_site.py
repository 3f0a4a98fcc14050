"""The documents as a site: every link leads somewhere, and a browser finds all that it needs in the site itself."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.docs.tables import ROOT
from tests.local.required import require
from tests.support.browser import Browser, Page, chromium

NAVIGATION = ("Quick start", "How it works", "Clients", "Node.js", "Settings", "Metrics", "Reliability", "Security",
              "Benchmarks", "Rolling it out", "Troubleshooting", "Decisions", "A Lambda on your machine",
              "The extension")  # fmt: skip


def build(root: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """What `make check` does. Never `--quiet`, which also keeps warnings from being counted (MkDocs 1.6)."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    finished = build(ROOT, target)
    assert finished.returncode == 0, finished.stderr
    return target


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name in ("id", "name") and value:
                self.ids.add(value)


def test_every_reference_leads_to_something_in_the_site(site: Path) -> None:
    pages = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    broken = []
    for page, content in pages.items():
        for link in content.links:
            parts = urlsplit(urljoin(page.as_uri(), link))
            if parts.scheme != "file":
                continue
            target = Path(unquote(parts.path))
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].ids):
                broken.append((page.relative_to(site), link))
    assert broken == []
    assert len(pages) > 40


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(https?:[^\"' >]+)"
    assert {each for page in site.rglob("*.html") for each in re.findall(loaded, page.read_text())} == set()


def test_a_list_is_a_list_here_as_it_is_on_github(site: Path) -> None:
    """GitHub takes an item's further lines from three blanks on, Python's Markdown from four."""
    flat = r"(?m)^(?:\d\.|-) <(?:strong|code|a)\b.*"
    assert [each for page in site.rglob("*.html") for each in re.findall(flat, page.read_text())] == []


def test_a_file_that_a_page_links_to_is_shown(site: Path) -> None:
    assert "DeploymentPreference" in (site / "samples/attach/sam.yaml/index.html").read_text()
    assert 'href="../../samples/attach/sam.yaml/"' in (site / "docs/rollout/index.html").read_text()


def test_a_link_to_nothing_stops_the_build(tmp_path: Path) -> None:
    listing = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
        "*.yml",
        "*.yaml",
        "docs",
        "samples/attach",
    ]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    links = ["[a](nowhere.md)", "[b](../nowhere.yaml)", "[c](settings.md#nowhere)", "[d](/docs/settings.md)"]
    (tmp_path / "docs/record.md").write_text("# The record\n\n" + "\n".join(links))
    finished = build(tmp_path, tmp_path / "site")
    assert finished.returncode != 0
    assert all(f"'{each[4:-1]}'" in finished.stderr for each in links), finished.stderr


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """The test says enough."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    require(program is not None, "chromium")
    with Browser(str(program), tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def assert_quiet(page: Page, address: str) -> None:
    assert page.complaints == []
    assert {each for each in page.requests if not each.startswith((address, "data:", "blob:"))} == set()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_the_site_without_a_complaint(
    browser: Browser, address: str, tmp_path: Path, dark: bool
) -> None:
    page = browser.page(dark=dark, height=900)
    page.open(address)
    entries = page.evaluate(
        "[...document.querySelectorAll('.md-nav--primary .md-nav__link')].map(e => e.innerText.trim())"
    )
    assert set(NAVIGATION) <= set(entries)
    for path in ("docs/how-it-works/", "docs/metrics/", "docs/decisions/"):
        page.open(address + path)
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        page.screenshot(tmp_path / f"{path.split('/')[1]}.png")
    assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if dark else "default")
    assert_quiet(page, address)


@pytest.mark.timeout(300)
def test_the_search_finds_a_setting_by_the_keyboard(browser: Browser, address: str, tmp_path: Path) -> None:
    page = browser.page(height=900, width=1300)
    page.open(address)
    page.until("document.querySelector('.md-search__input')")
    page.press("/")  # the key that starts the search
    page.until("document.activeElement.matches('.md-search__input')")
    page.call("Input.insertText", {"text": "KEEPALIVE_MAX_LIFETIME"})
    found = page.until("document.querySelector('.md-search-result__link')?.href")
    page.screenshot(tmp_path / "search.png")
    assert found.startswith(address)
    assert "KEEPALIVE_MAX_LIFETIME" in page.evaluate("document.querySelector('.md-search-result__list').innerText")
    page.press("ArrowDown")
    page.press("Enter")
    page.until(
        "location.pathname != '/' && document.querySelector('article')?.innerText.includes('KEEPALIVE_MAX_LIFETIME')"
    )
    assert_quiet(page, address)


def test_the_picture_of_the_life_cycle_names_functions_that_exist() -> None:
    picture = (ROOT / "docs/life-cycle.svg").read_text()
    texts = re.findall(r'class="code[^"]*"[^>]*>([^<]+)<', picture)
    named = re.findall(r"(transport|pool|Pools) ?\.(\w+)", " ".join(texts))
    sources = {"transport": "transport.py", "pool": "pool/idle.py", "Pools": "urllib3_pools.py"}
    package = ROOT / "layer/lambda-keepalive/python/lambda_keepalive"
    missing = [(where, name) for where, name in named if f"def {name}(" not in (package / sources[where]).read_text()]
    assert (len(named), missing) == (10, [])
