"""The report page in a real browser: drawn in light and dark, without an error on the console, without the network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command.conftest import Command, record
from tests.local.required import require

# Background-networking and friends off: a page that works offline is looked at offline.
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --enable-logging=stderr --window-size=1100,1600"
)
PAPER = {"light": (255, 255, 255), "dark": (13, 17, 23)}


@pytest.fixture
def page(command: Command, tmp_path: Path) -> Path:
    """A comparison of two recordings."""
    before, after = tmp_path / "observe.log", tmp_path / "on.log"
    moments = [1_700_000_000 + 60 * minute for minute in range(90)]
    observed = {"mode": "observe", "wouldReuse": 2, "wouldSave": 40.0, "ConnectionsOpened": 3, "ConnectionsReused": 0}
    before.write_text("\n".join(record(at=each, **observed) for each in moments))
    after.write_text("\n".join(record(at=each) for each in moments))
    target = tmp_path / "report.html"
    assert command("report", "--compare", before, after, "--html", target).code == 0
    return target


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", PAPER)
def test_the_page_is_drawn_without_an_error(page: Path, tmp_path: Path, scheme: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    require(browser is not None, "chromium")
    image = pytest.importorskip("matplotlib.image")
    picture = tmp_path / "page.png"
    command = [str(browser), *OPTIONS.split(), f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}"]
    if scheme == "dark":
        command.append("--blink-settings=preferredColorScheme=0")
    finished = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, check=True)
    assert "CONSOLE" not in finished.stderr
    pixels = (image.imread(picture)[:, :, :3] * 255).round().astype(int)
    assert tuple(pixels[5, 5]) == PAPER[scheme]
    colours = {tuple(map(int, pixel)) for pixel in pixels[::4, ::4].reshape(-1, 3)}
    drawn = {"light": {(188, 76, 0), (9, 105, 218)}, "dark": {(240, 136, 62), (88, 166, 255)}}[scheme]
    assert drawn <= colours
