"""Two recordings of each sample, in mode `observe` and in mode `on`, and what `lambda-keepalive report` makes of them:
equal to the server's own counts, and what the first foretells, the second shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rich", reason="the group `command` is not installed")

from keepalive_command.cli import main

from tests.functions.conftest import ROOT
from tests.functions.test_samples import CALLS, INVOCATIONS, SAMPLES
from tests.local import Emulator
from tests.support.origin import Origin


@pytest.mark.parametrize("sample", SAMPLES)
def test_observe_foretells_what_on_achieves(
    sandbox: Callable[..., Emulator],
    built: Path,
    origin: Origin,
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

    arguments = ["report", "--compare", str(tmp_path / "observe.log"), str(tmp_path / "on.log"), "--json"]
    assert main(arguments) == 0
    observed, on = (each["all"] for each in json.loads(capsys.readouterr().out)["recordings"])
    for mode, seen in (("observe", observed), ("on", on)):
        assert (seen["opened"], seen["requests"]) == counts[mode]
        assert (seen["invocations"], seen["coldStarts"]) == (INVOCATIONS, 1)
    assert (observed["observed"], on["observed"]) == (INVOCATIONS, 0)
    assert observed["wouldReuse"] == observed["opened"] - on["opened"]
    assert 0 < observed["wouldSaveMs"] < observed["connectMs"]
    assert observed["notReused"] == on["notReused"] == {"first": 1}
