"""The command is tried as its users call it: with arguments, for what it prints and how it exits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

try:
    from keepalive_command.cli import main
except ImportError:
    # The group `command` is not installed.
    collect_ignore_glob = ["test_*.py"]


@dataclass
class Outcome:
    """What a run of the command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            code = stop.code if isinstance(stop.code, int) else 1
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Outcome(code, printed.out, printed.err)

    return run


def record(function: str = "demo", at: float = 1_700_000_000, **fields: Any) -> str:
    """A line of the extension (tests/extension/golden has whole ones)."""
    values = {
        "_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": []},
        "FunctionName": function,
        "RequestsSent": 3,
        "ConnectionsOpened": 1,
        "ConnectionsReused": 2,
        "StaleConnections": 0,
        "ConnectTime": 20.5,
        "ConnectTimeSaved": 41.0,
        "requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
        "coldStart": False,
        "notReused": {"first": 1},
        "hosts": [
            {
                "origin": "https://api.example.com:443",
                "requests": 3,
                "opened": 1,
                "reused": 2,
                "stale": 0,
                "connectMs": 20.5,
            }
        ],
    }
    return json.dumps(values | fields, separators=(",", ":"))
