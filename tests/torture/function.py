"""The function process: `python -m tests.torture.function CLIENT`.

Reads one invocation per line from standard input, makes its requests, and answers with one line: the outcome of each
and, with the layer, what that counted. The edges of an invocation are told to the layer as the patch of awslambdaric
tells them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.torture.callers import ASYNC, CALLERS

try:
    from lambda_keepalive import guard, lifecycle, transport
    from lambda_keepalive.pool import connection
    from lambda_keepalive.stats import stats
except ImportError:
    lifecycle = None

# Method, URL, and how the client is used: "kept", "closed" or "left". Methods besides GET and POST: "begin", a GET
# whose response is read in part, and "rest" and "drop", which say what becomes of that.
Call = tuple[str, str, str]

ANSWERED = "answered"
# Worse than any error: somebody else's.
WRONG = "wrong answer"


class Clocks:
    """The module `time` as the layer sees it where it takes an `Instant`: both clocks are off by what they jumped."""

    def __init__(self) -> None:
        self.jumped = [0.0, 0.0]

    def monotonic(self) -> float:
        return time.monotonic() + self.jumped[0]

    def time(self) -> float:
        return time.time() + self.jumped[1]


class Function:
    """Makes the calls of an invocation; what it keeps, it keeps from one to the next."""

    def __init__(self, client: str) -> None:
        self._new: Callable[[], Any] = CALLERS[client]
        self._kept: Any = None
        self._held: Any = None
        self._loop = asyncio.new_event_loop() if client in ASYNC else None

    def invoke(self, calls: list[Call], together: bool) -> list[str]:
        """The outcome of each call, one after the other or all at once."""
        if self._loop is not None:
            return self._invoke_async(calls, together)
        if together:
            with ThreadPoolExecutor(len(calls)) as threads:
                return list(threads.map(self._call, calls))
        return [self._call(call) for call in calls]

    def _call(self, call: Call) -> str:
        method, url, use = call
        try:
            if method in ("rest", "drop"):
                held, self._held = self._held, None
                getattr(held, method)()
                return ANSWERED
            if use == "kept":
                self._kept = self._kept or self._new()
                return self._ask_by(self._kept, method, url)
            client = self._new()
            try:
                return self._ask_by(client, method, url)
            finally:
                if use == "closed":
                    client.close()
        except Exception as error:  # noqa: BLE001 - what surfaces is the result
            return type(error).__name__

    def _ask_by(self, client: Any, method: str, url: str) -> str:
        if method == "begin":
            self._held = client.begin(url)
            return ANSWERED
        return outcome(url, client.ask(method, url))

    def _invoke_async(self, calls: list[Call], together: bool) -> list[str]:
        """A kept client lives in a loop that is kept, as is usual; all others in one that is made for the call."""
        assert self._loop is not None
        if together:
            if all(call[2] == "kept" for call in calls):
                return self._loop.run_until_complete(all_at_once([self._ask(call) for call in calls]))
            return asyncio.run(all_at_once([self._ask((method, url, "closed")) for method, url, _ in calls]))
        return [
            self._loop.run_until_complete(self._ask(call)) if call[2] == "kept" else asyncio.run(self._ask(call))
            for call in calls
        ]

    def forget(self) -> None:
        """Lose every connection, as if the function had just started."""
        if self._kept is not None:
            closed = self._kept.close()
            if self._loop is not None:
                self._loop.run_until_complete(closed)
            self._kept = None
        gc.collect()
        if lifecycle is not None:
            transport.pool.clear("exit")

    async def _ask(self, call: Call) -> str:
        method, url, use = call
        try:
            if use == "kept":
                self._kept = self._kept or self._new()
                return outcome(url, await self._kept.ask(method, url))
            client = self._new()
            try:
                return outcome(url, await client.ask(method, url))
            finally:
                # Async clients that are left behind warn of it; nobody can want that in a log.
                await client.close()
        except Exception as error:  # noqa: BLE001 - what surfaces is the result
            return type(error).__name__


async def all_at_once(asked: list[Coroutine[Any, Any, str]]) -> list[str]:
    """The outcomes of what is asked at the same time."""
    return await asyncio.gather(*asked)


def outcome(url: str, body: str) -> str:
    """Whether the body is the one of this request."""
    return ANSWERED if body == url.rpartition("/")[2] else WRONG


def guarded(edge: Callable[[], None]) -> None:
    """Do something to the layer as its patch of awslambdaric does: what it raises is reported by the layer itself."""
    try:
        edge()
    except Exception:  # noqa: BLE001
        guard.fault("an edge of the invocation")


def count() -> dict[str, Any]:
    """What the layer counted in this invocation."""
    taken = stats.take()
    return {"all": taken.discarded, "replayed": getattr(taken, "replayed", 0)}


class Invocations:
    """Carries out what the parent orders, one line of JSON each; the layer's clocks are in its hands."""

    def __init__(self, client: str) -> None:
        self._function = Function(client)
        self._clocks = Clocks()
        if lifecycle is not None:
            connection.time = self._clocks  # type: ignore[assignment]

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Make the calls of one invocation; their outcomes and what the layer counted."""
        jumps = zip(self._clocks.jumped, order["clocks"], strict=True)
        self._clocks.jumped = [jumped + by for jumped, by in jumps]
        answer: dict[str, Any] = {}
        if lifecycle is not None:
            guarded(lambda: lifecycle.starting("id"))
            guarded(lambda: answer.update(thaw=dict(stats.peek().discarded)))
        answer["outcomes"] = self._function.invoke(order["calls"], order["together"])
        if order["afresh"]:
            self._function.forget()
            answer["outcomes"] += self._function.invoke(order["afresh"], together=False)
        # What was left behind is collected in every invocation, as in a function that makes more garbage than this one.
        gc.collect(0)
        if lifecycle is not None:
            guarded(lifecycle.ending)
            guarded(lambda: answer.update(count()))
        return answer


def main() -> None:
    invocations = Invocations(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(invocations.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
