"""Every client, made anew for each call, in whole functions: AWS's own runtime client, the built extension, freezes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local import Emulator
from tests.support.origin import Origin

SOURCE_OF_CALLS = Path(__file__).with_name("calls.cjs").read_text()
CALLS = [quoted or word for quoted, word in re.findall(r"^  (?:'([^']+)'|(\w+)): .*\(url\)", SOURCE_OF_CALLS, re.M)]
INVOCATIONS, COUNT = 4, 3

SOURCE = """
    'use strict';
    const {{ prepare }} = require('./calls.cjs');
    const call = prepare({name!r});
    exports.handler = async (event) => {{
      for (let each = 0; each < event.calls; each += 1) await call(event.url);
      return 'done';
    }};
"""


def test_the_list_of_calls_was_found() -> None:
    assert len(CALLS) > 20


@pytest.mark.parametrize("name", CALLS)
def test_twelve_careless_calls_in_four_invocations_open_one_connection(
    function: Callable[..., Emulator], origin: Origin, version: str, name: str
) -> None:
    if name == "undici 8" and version == "20":
        pytest.skip("undici 8 needs Node 22")
    with function(SOURCE.format(name=name)) as sandbox:
        invocations = [sandbox.invoke({"url": origin.url, "calls": COUNT}) for _ in range(INVOCATIONS)]
        sandbox.shutdown()
        emf = sandbox.emf
        assert [line.text for line in sandbox.lines if line.emf is None] == []
    assert [invocation.payload for invocation in invocations] == ["done"] * INVOCATIONS
    assert (origin.received, origin.accepted) == (INVOCATIONS * COUNT, 1)
    assert [line["requestId"] for line in emf] == [invocation.request_id for invocation in invocations]
    assert [line["RequestsSent"] for line in emf] == [COUNT] * INVOCATIONS
    assert [line["ConnectionsOpened"] for line in emf] == [1, 0, 0, 0]
    assert [line["ConnectionsReused"] for line in emf] == [COUNT - 1, COUNT, COUNT, COUNT]
    assert [line["ConnectionsIdle"] for line in emf] == [1] * INVOCATIONS
    assert [line["coldStart"] for line in emf] == [True, False, False, False]
    assert emf[0]["runtime"] == f"nodejs{version}.x"
    assert emf[0]["hosts"][0]["origin"] == origin.url


def test_without_the_layer_agents_per_call_open_a_connection_each(
    function: Callable[..., Emulator], origin: Origin
) -> None:
    with function(SOURCE.format(name="http, agent per call"), layer=False) as sandbox:
        for _ in range(INVOCATIONS):
            assert sandbox.invoke({"url": origin.url, "calls": COUNT}).payload == "done"
    assert origin.accepted == INVOCATIONS * COUNT


def test_a_copy_of_undici_that_was_there_before_the_layer_shares_its_connections(
    function: Callable[..., Emulator], origin: Origin, tmp_path: Path
) -> None:
    task_root = tmp_path / "task"
    task_root.mkdir()
    (task_root / "first.cjs").write_text("require('undici-7');")
    environ = {"NODE_OPTIONS": f"--require {task_root}/first.cjs"}
    with function(SOURCE.format(name="undici 7"), environ) as sandbox:
        assert sandbox.invoke({"url": origin.url, "calls": COUNT}).payload == "done"
    assert (origin.received, origin.accepted) == (COUNT, 1)


@pytest.mark.parametrize("last", ["undici-6", "undici-7", "undici-8"])
def test_every_copy_of_undici_shares_its_first_connection(
    function: Callable[..., Emulator], origin: Origin, version: str, last: str
) -> None:
    """Node's own and two of the function's, each in use before the next is loaded."""
    if last == "undici-8" and version == "20":
        pytest.skip("undici 8 needs Node 22")
    source = f"""
        const copies = [{"undici-7" if last == "undici-6" else "undici-6"!r}, {last!r}];
        exports.handler = async (event) => {{
          for (let each = 0; each < event.calls; each += 1) await (await fetch(event.url)).text();
          for (const copy of copies) {{
            const {{ Agent, request }} = require(copy);
            for (let each = 0; each < event.calls; each += 1) {{
              await (await request(event.url, {{ dispatcher: new Agent() }})).body.text();
            }}
          }}
          return 'done';
        }};
    """
    with function(source) as sandbox:
        assert sandbox.invoke({"url": origin.url, "calls": COUNT}).payload == "done"
    assert (origin.received, origin.accepted) == (3 * COUNT, 3)
