"""The callers say what they can express, and no more: their parameters and `CANNOT` together are all settings."""

from __future__ import annotations

import re

import pytest

from tests.clients import callers
from tests.clients.callers import ASYNC, CALLERS, CANNOT
from tests.clients.conftest import ROOT, needs
from tests.clients.interpreter import Interpreter

SETTINGS = {
    setting.strip()
    for names in re.findall(r"^\| ([a-z_, ]+) \|", callers.__doc__ or "", re.MULTILINE)
    for setting in names.split(",")
} - {"setting"}


@pytest.mark.parametrize("client", CALLERS)
def test_a_caller_takes_each_setting_or_says_why_not(run: Interpreter, client: str) -> None:
    needs(client)
    code = f"""
        from inspect import signature
        from tests.clients.callers.{client} import {"fetch" if client in ASYNC else "call"} as call

        result = list(signature(call).parameters)
    """
    taken = set(run(code, environ={"PYTHONPATH": str(ROOT)})) - {"url"}
    refused = {setting for name, setting in CANNOT if name == client}
    assert taken | refused == SETTINGS
    assert taken & refused == set()
