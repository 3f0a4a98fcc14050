"""The same careless calls without the layer, in mode `observe` and in mode `on`, and what the server counted of each.

A pattern defines `call(url)`.
"""

from __future__ import annotations

from typing import Any

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import CALLS, INVOCATIONS
from tests.support.origin import Origin

RUN = """
    from lambda_keepalive import lifecycle
    from lambda_keepalive.stats import stats

    for invocation in range(invocations):
        lifecycle.starting(str(invocation))
        for _ in range(calls):
            call(url)
        lifecycle.ending()
    seen = stats.take()
    result = {
        "opened": seen.total("opened"), "requests": seen.total("requests"), "reused": seen.total("reused"),
        "spared": seen.spared, "connect_ms": seen.total("connect_ms"), "spared_ms": seen.spared_ms,
        "not_reused": seen.not_reused,
    }
"""


def _calls(run: Interpreter, origin: Origin, code: tuple[str, ...], mode: str | None) -> tuple[int, int, Any]:
    """Connections and requests by the server's count, and what the layer says; without a mode there is no layer."""
    accepted, received = origin.accepted, origin.received
    bare = "for _ in range(invocations * calls): call(url)"
    result = run(
        *code,
        bare if mode is None else RUN,
        layer=mode is not None,
        environ={"KEEPALIVE_MODE": mode or ""},
        url=origin.url,
        invocations=INVOCATIONS,
        calls=CALLS,
    )
    return origin.accepted - accepted, origin.received - received, result


def check_forecast(run: Interpreter, origin: Origin, *code: str, slack: int = 0) -> None:
    """Observing changes nothing, counts all, and foretells what mode `on` does.

    Args:
        slack: connections that a client opens more or less by chance, with the layer or without.
    """
    without = _calls(run, origin, code, None)
    observed = _calls(run, origin, code, "observe")
    on = _calls(run, origin, code, "on")
    seen = observed[2]
    assert observed[1] == without[1]
    assert abs(observed[0] - without[0]) <= slack
    assert (seen["opened"], seen["requests"]) == observed[:2]
    assert (on[2]["opened"], on[2]["requests"]) == on[:2]
    assert abs(seen["opened"] - seen["spared"] - on[0]) <= slack
    assert seen["spared_ms"] <= seen["connect_ms"]
    assert sum(seen["not_reused"].values()) == seen["opened"] - seen["spared"]
    assert slack or seen["not_reused"] == on[2]["not_reused"]
