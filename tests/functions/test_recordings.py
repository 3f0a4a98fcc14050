"""Two recordings of each sample, in mode `observe` and in mode `on`, and what `lambda-keepalive report` makes of them:
equal to the server's own counts, in the page too, and what the first foretells, the second shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rich", reason="the group `command` is not installed")

from keepalive_command.cli import main

from tests.functions.conftest import ROOT
from tests.functions.test_samples import CALLS, INVOCATIONS, SAMPLES
from tests.local import Emulator
from tests.local.required import require
from tests.support.browser import Browser, chromium
from tests.support.origin import Origin


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    require(program is not None, "chromium")
    with Browser(str(program), tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.timeout(300)  # a browser's start on a busy machine
@pytest.mark.parametrize("sample", SAMPLES)
def test_observe_foretells_what_on_achieves(
    sandbox: Callable[..., Emulator],
    built: Path,
    origin: Origin,
    browser: Browser,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sample: str,
) -> None:
    counts = {}
    for mode in ("observe", "on"):
        origin.reset()
        with sandbox(ROOT / "samples" / sample, built, {"KEEPALIVE_MODE": mode}) as function:
            for _ in range(INVOCATIONS):
                assert function.invoke({}).payload == {"status": 200, "calls": CALLS}
            function.shutdown()
            log = "".join(line.text + "\n" for line in function.lines)
        (tmp_path / f"{mode}.log").write_text(log)
        counts[mode] = origin.accepted, origin.received
    assert counts == {"observe": (INVOCATIONS * CALLS, INVOCATIONS * CALLS), "on": (1, INVOCATIONS * CALLS)}

    html = tmp_path / "report.html"
    arguments = ["report", "--compare", str(tmp_path / "observe.log"), str(tmp_path / "on.log"), "--json"]
    assert main([*arguments, "--html", str(html)]) == 0
    observed, on = (each["all"] for each in json.loads(capsys.readouterr().out)["recordings"])
    for mode, seen in (("observe", observed), ("on", on)):
        assert (seen["opened"], seen["requests"]) == counts[mode]
        assert (seen["invocations"], seen["coldStarts"]) == (INVOCATIONS, 1)
    assert (observed["observed"], on["observed"]) == (INVOCATIONS, 0)
    assert observed["wouldReuse"] == observed["opened"] - on["opened"]
    assert 0 < observed["wouldSaveMs"] < observed["connectMs"]
    assert observed["notReused"] == on["notReused"] == {"first": 1}

    page = browser.page()
    page.open(html.as_uri())
    rows = page.evaluate("[...document.querySelectorAll('tr')].map(row => row.innerText.split('\\t'))")
    assert next(row[1:3] for row in rows if row[0] == "connections opened") == [
        str(counts[mode][0]) for mode in ("observe", "on")
    ]
    assert page.complaints == []
