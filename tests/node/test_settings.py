"""The settings are those of the Python layer: same names, same defaults, same words for what cannot be used."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from lambda_keepalive import config

from tests.node import toolchain
from tests.node.interpreter import PRELOAD, NodeInterpreter
from tests.support.origin import Origin
from tests.unit.test_config import BAD

# Each runtime has its own clients.
OWN = {"KEEPALIVE_CLIENTS"}


def node(code: str, environ: dict[str, str] | None = None) -> Any:
    program = f"const config = require({str(PRELOAD.with_name('config.cjs'))!r}); console.log(JSON.stringify({code}))"
    interpreter = toolchain.node("22")
    return json.loads(subprocess.check_output([interpreter, "-e", program], env=environ or {}, text=True))


@pytest.fixture(autouse=True)
def _installed(modules: object) -> None:
    pass


def test_every_setting_is_known_to_both_with_the_same_default() -> None:
    ours = dict(node("config.SETTINGS.map(([name, usual]) => [name, usual])"))
    elsewhere = set(node("config.ELSEWHERE"))
    theirs = {setting.name: setting.default for setting in config.SETTINGS}
    assert set(theirs) <= set(ours) | elsewhere
    assert set(ours) <= set(theirs)
    both = (set(ours) & set(theirs)) - OWN
    assert {name: ours[name] for name in both} == {name: theirs[name] for name in both}


@pytest.mark.parametrize(("name", "text", "complaint"), BAD, ids=lambda value: str(value)[:20])
def test_a_value_that_cannot_be_used_costs_the_same_line(name: str, text: str, complaint: str | None) -> None:
    complaints = node("config.parse(process.env).complaints", {name: text})
    if complaint is None:
        assert complaints == []
    else:
        assert complaints[0].startswith(f"{name}={text!r} is not {complaint}")


@pytest.mark.parametrize("names", ["requests,node:http", "fetch,boto3", "-urllib3,-undici", "axios"])
def test_one_list_of_clients_serves_functions_of_both_kinds(names: str) -> None:
    complaints = node("config.parse(process.env).complaints", {"KEEPALIVE_CLIENTS": names})
    theirs = config.Config({"KEEPALIVE_CLIENTS": names}).complaints
    expected = 1 if names == "axios" else 0
    assert (len(complaints), len(theirs)) == (expected, expected)


def test_a_list_with_names_of_the_other_kind_only_leaves_nothing() -> None:
    assert node("[...config.parse(process.env).clients]", {"KEEPALIVE_CLIENTS": "requests"}) == []
    assert config.Config({"KEEPALIVE_CLIENTS": "undici"}).clients == frozenset()


@pytest.mark.parametrize(
    "environ", [{"KEEPALIVE_MODE": "off"}, {"KEEPALIVE_ENABLED": "0"}, {"KEEPALIVE_MODE": "observe"}]
)
def test_switched_off_nothing_is_shared(run: NodeInterpreter, plain: Origin, environ: dict[str, str]) -> None:
    code = "for (let each = 0; each < 3; each += 1) await send(names.url, { agent: new http.Agent() });"
    run(code, url=plain.url, environ=environ)
    assert plain.accepted == 3
