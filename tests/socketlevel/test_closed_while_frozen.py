"""The sandbox is frozen, no timer runs in it, and the server closes or resets what it held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functions.conftest import ROOT, built, sandbox
from tests.local import Emulator
from tests.local.stand_ins import write_function
from tests.support.origin import Origin

__all__ = ["built", "sandbox"]


@pytest.mark.parametrize("sample", ["python-http-client", "python-requests", "python-urllib"])
@pytest.mark.parametrize("deed", ["close_idle", "reset_idle", "half_close_idle", "send_surplus"])
def test_the_thawed_function_notices_before_it_sends(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin, sample: str, deed: str
) -> None:
    with sandbox(ROOT / "samples" / sample, built) as function:
        for _ in range(3):
            invocation = function.invoke({})
            assert invocation.payload == {"status": 200, "calls": 3}
            assert getattr(origin, deed)() == 1
        function.shutdown()
        metrics = function.emf
    assert (origin.received, origin.accepted) == (9, 3)
    assert [line["StaleConnections"] for line in metrics] == [0, 1, 1]


def test_connections_of_a_session_that_the_function_keeps_are_checked_too(
    sandbox: Callable[..., Emulator], built: Path, origin: Origin, tmp_path: Path
) -> None:
    code = """
        import os, requests
        session = requests.Session()

        def handler(event, context):
            return session.post(os.environ["TARGET_URL"] + "/bytes/3", data="once").text
    """
    with sandbox(write_function(tmp_path / "task", code), built) as function:
        for _ in range(3):
            assert function.invoke({}).payload == "012"
            origin.close_idle()
    assert (origin.received, origin.accepted) == (3, 3)
