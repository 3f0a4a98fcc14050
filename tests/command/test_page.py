"""The report page in a real browser: drawn in light and dark, by keyboard, without an error and without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command.conftest import Command, record
from tests.local.required import require
from tests.support.browser import Browser, Page, chromium

pytestmark = pytest.mark.timeout(300)  # a browser's start on a busy machine

SCHEMES = {
    "light": {"paper": (255, 255, 255), "opened": (188, 76, 0), "reused": (9, 105, 218)},
    "dark": {"paper": (13, 17, 23), "opened": (240, 136, 62), "reused": (88, 166, 255)},
}
# WCAG 2.2, 1.4.3: the contrast of every piece of text with the nearest ground below it.
CONTRASTS = """
(() => {
  const light = (css) => css.match(/[\\d.]+/g).slice(0, 3).map(Number)
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    const css = e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)';
    return /, 0\\)$/.test(css) ? ground(e.parentElement) : css;
  };
  const hasText = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const isShown = (e) => !e.closest('title') && e.getClientRects().length;
  return [...document.querySelectorAll('body *')].filter((e) => hasText(e) && isShown(e)).map((e) => {
    const style = getComputedStyle(e);
    const [a, b] = [light(e.closest('svg') ? style.fill : style.color), light(ground(e))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName, e.textContent.slice(0, 30)];
  });
})()
"""
FOCUSED = """
(() => { const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return { tag: e.tagName, text: (e.ariaLabel || e.textContent).slice(0, 40), ring: parseFloat(style.outlineWidth),
    seen: box.right > 0 && box.bottom > 0 && box.top < innerHeight && box.left < innerWidth }; })()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    require(program is not None, "chromium")
    with Browser(str(program), tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def report(command: Command, tmp_path: Path) -> Path:
    """A comparison of two recordings."""
    before, after = tmp_path / "observe.log", tmp_path / "on.log"
    moments = [1_700_000_000 + 60 * minute for minute in range(90)]
    observed = {"mode": "observe", "wouldReuse": 2, "wouldSave": 40.0, "ConnectionsOpened": 3, "ConnectionsReused": 0}
    before.write_text("\n".join(record(at=each, **observed) for each in moments))
    after.write_text("\n".join(record(at=each) for each in moments))
    target = tmp_path / "report.html"
    assert command("report", "--compare", before, after, "--html", target).code == 0
    return target


def assert_quiet(page: Page, report: Path) -> None:
    assert page.complaints == []
    assert {each.partition("#")[0] for each in page.requests} <= {report.as_uri(), "data:,"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_is_drawn_in_the_readers_colours(browser: Browser, report: Path, tmp_path: Path, scheme: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="the group `command` is not installed")
    page = browser.page(dark=scheme == "dark")
    page.open(report.as_uri())
    page.screenshot(tmp_path / "page.png")
    with image.open(tmp_path / "page.png") as picture:
        pixels = picture.convert("RGB")
    colours = {colour for _, colour in pixels.getcolors(pixels.width * pixels.height)}
    assert set(SCHEMES[scheme].values()) <= colours
    assert pixels.getpixel((5, 5)) == SCHEMES[scheme]["paper"]
    assert_quiet(page, report)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_word_can_be_read(browser: Browser, report: Path, scheme: str) -> None:
    page = browser.page(dark=scheme == "dark")
    page.open(report.as_uri())
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert [each for each in contrasts if each[0] < 4.5] == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, report: Path) -> None:
    page = browser.page(height=900)
    page.open(report.as_uri())
    stops = []
    while len(stops) < 100:
        page.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["tag"] == "BODY":
            break
        assert stop["seen"], stop
        assert stop["ring"] >= 2, stop
        stops.append(stop)
    assert [stop["text"] for stop in stops[:2]] == ["Skip to the numbers", "Before and after"]
    counts = {tag: sum(stop["tag"] == tag for stop in stops) for tag in ("A", "DIV", "SUMMARY")}
    tables = page.evaluate("document.querySelectorAll('table').length")
    assert counts == {"A": 4, "DIV": tables, "SUMMARY": 2}
    assert_quiet(page, report)


def test_a_link_and_a_detail_open_by_a_key(browser: Browser, report: Path) -> None:
    page = browser.page(height=900)
    page.open(report.as_uri())
    page.press("Tab")
    page.press("Enter")
    assert page.evaluate("location.hash") == "#content"
    page.evaluate("document.querySelector('summary').focus()")
    assert not page.evaluate("document.querySelector('details').open")
    page.press("Enter")
    assert page.evaluate("document.querySelector('details').open")


def test_a_telephone_scrolls_tables_and_not_the_page(browser: Browser, report: Path) -> None:
    page = browser.page(width=360, height=740)
    page.open(report.as_uri())
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    drawn = "[...document.querySelectorAll('svg > text, svg > g > text')].map(e => e.getBoundingClientRect().height)"
    assert min(page.evaluate(drawn)) >= 10
    assert page.evaluate("[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)")
