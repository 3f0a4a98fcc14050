"""Plays cycles to one client and adds up what came of them."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.torture.betrayals import BETRAYALS, POSSIBLE
from tests.torture.function import ANSWERED, WRONG
from tests.torture.origins import World
from tests.torture.sandbox import Sandbox

# Within the time that an invocation of some requests takes here. Seconds.
LATEST = 0.003

# The server stays in every third cycle or so: a connection has to live through some freezes, too.
STAYS = 6

# With the layer a client object is used in any of these ways; without it it is kept, as every library advises.
USES = ("kept", "closed", "left")
KEPT = ("kept",)

# Nobody looks after an `http.client` connection that a function keeps but the function itself.
USES_OF = {"http.client": ("closed", "left")}

# One cycle in so many has requests that run at the same time, so that several idle connections are betrayed at once.
TOGETHER = 6


@dataclass
class Tally:
    """What came of some cycles.

    Attributes:
        accepted: connections that the servers accepted.
        stale_at_thaw, stale_at_acquire: idle connections that the layer found closed, by when it looked.
        expired: idle connections that the layer gave up by its clocks.
        replayed: requests that the layer sent once more.
        surfaced: calls that ended in an error, by method.
        errors: the same by the name of the error.
        received_again: idempotent requests that a server read to the end twice, as RFC 9110, 9.2.2 allows.
        sent_twice: others that a server read to the end more than once, and all that it read more than twice.
        wrong: calls that got the answer of another one, and calls that went to an address that the server had left.
    """

    cycles: int = 0
    requests: int = 0
    accepted: int = 0
    stale_at_thaw: int = 0
    stale_at_acquire: int = 0
    expired: int = 0
    replayed: int = 0
    surfaced: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    received_again: int = 0
    sent_twice: int = 0
    wrong: int = 0

    def add(self, other: Tally) -> None:
        """Add up; counters too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Result:
    """Of one client: by betrayal, what the process printed to standard error, and how long it took in seconds."""

    client: str
    layer: bool
    by_betrayal: dict[str, Tally]
    said: str
    seconds: float

    @property
    def total(self) -> Tally:
        """Over all betrayals."""
        total = Tally()
        for tally in self.by_betrayal.values():
            total.add(tally)
        return total

    @property
    def broken(self) -> list[str]:
        """The promises of the layer that were not kept, as sentences."""
        total = self.total
        found = []
        if total.sent_twice:
            found.append(f"{total.sent_twice} requests were sent twice")
        if total.wrong:
            found.append(f"{total.wrong} answers were wrong")
        if total.surfaced["GET"]:
            found.append(f"{total.surfaced['GET']} idempotent requests surfaced as errors")
        for name, tally in self.by_betrayal.items():
            surfaced = tally.surfaced["POST"]
            if surfaced and not BETRAYALS[name].unseen:
                found.append(f"{surfaced} POSTs surfaced although it could be seen: {name}")
        if self.said:
            found.append(f"the function printed {self.said!r}")
        return found


def plan(
    seed: int, cycles: int, urls: list[str], uses: tuple[str, ...], names: Sequence[str]
) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """The betrayal before each invocation, when it comes if it is late, and the invocation.

    The same for every client with the same seed, but for the use of its objects.
    """
    chance = random.Random(seed)
    for number in range(cycles):
        name = chance.choice([*["stays"] * STAYS, *names])
        delay = chance.uniform(0, LATEST)
        count = chance.choice((1, 1, 2, 3))
        calls = []
        for index in range(count + 1):
            method = "GET" if chance.random() < 0.6 else "POST"
            use = uses[int(chance.random() * len(uses))]
            calls.append((method, f"{chance.choice(urls)}/work/{number}-{index}", use))
        order = {
            "calls": calls[:count],
            "together": chance.randrange(TOGETHER) == 0,
            "clocks": BETRAYALS[name].clocks,
            # What falls into a trap must not be put down to a later betrayal.
            "afresh": calls[count:] if BETRAYALS[name].trap else [],
        }
        yield name, delay, order


def play(
    world: World,
    client: str,
    *,
    layer: bool,
    cycles: int,
    seed: int,
    uses: tuple[str, ...] | None = None,
    names: Sequence[str] = POSSIBLE,
    together: bool = True,
) -> Result:
    """Play cycles to one client in a function process of its own.

    Args:
        world: the servers.
        client: name in `callers.CALLERS`, or of a function in Node.
        layer: whether the layer is attached.
        cycles: how many.
        seed: of the plan.
        uses: of the client's objects; those that are usual, if not given.
        names: of the betrayals to choose from, besides "stays".
        together: whether some requests run at the same time, and which of them meets a dead connection is chance.
    """
    uses = uses or (USES_OF.get(client, USES) if layer else KEPT)
    tallies: dict[str, Tally] = defaultdict(Tally)
    started = time.monotonic()
    with Sandbox(world, client, layer=layer) as sandbox:
        for name, delay, order in plan(seed, cycles, world.urls, uses, names):
            betrayal = BETRAYALS[name]
            order["together"] &= together
            accepted = world.accepted
            if not betrayal.late:
                betrayal.deed(world)
            sandbox.begin(order)
            if betrayal.late:
                time.sleep(delay)
                betrayal.deed(world)
            tally = judge(order, sandbox.end(), *world.ledger.take())
            tally.accepted = world.accepted - accepted
            tallies[name].add(tally)
        said = sandbox.said()
    return Result(client, layer, dict(tallies), said, time.monotonic() - started)


def judge(order: dict[str, Any], answer: dict[str, Any], received: Counter[str], misdirected: int) -> Tally:
    """What came of one cycle."""
    calls = order["calls"] + order["afresh"]
    tally = Tally(cycles=1, requests=len(calls), wrong=misdirected, replayed=answer.get("replayed", 0))
    at_thaw, by_then = (Counter(answer.get(name, {})) for name in ("thaw", "all"))
    tally.stale_at_thaw = at_thaw["stale"]
    tally.stale_at_acquire = by_then["stale"] - at_thaw["stale"]
    tally.expired = by_then["idle"] + by_then["clock"] + by_then["lifetime"]
    for (method, url, _), outcome in zip(calls, answer["outcomes"], strict=True):
        times = received[url.rpartition("/")[2]]
        if method == "GET" and times == 2:
            tally.received_again += 1
        elif times > 1:
            tally.sent_twice += 1
        if outcome == WRONG or (outcome == ANSWERED and not times):
            tally.wrong += 1
        elif outcome != ANSWERED:
            tally.surfaced[method] += 1
            tally.errors[outcome] += 1
    return tally
