"""Sums by function, by origin and by time, in memory that does not grow with the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from keepalive_command.report.lines import Platform

MOST_ORIGINS = 200
"""The layer's own limit in one process (stats.py); what comes beyond it is added up under one name."""
OTHERS = "other"

MOST_OF_A_FUNCTION = 20
"""The same, and reasons, for each single function: more than a line of 4096 bytes names."""

LONGEST_REASON = 64
"""Characters; the layer's are shorter."""

MOST_FUNCTIONS = 10_000
"""More than an account has; logs are input, and input may be anything."""

MOST_DETAILED = 1_000
"""Functions whose origins and reasons are kept apart; further ones have sums only. 20 of each would be 500 MB."""

MOST_BUCKETS = 120
"""Bars that a chart can show from end to end; when it would take more, each becomes twice as wide."""

FIRST_WIDTH = 1
"""Seconds: the first recording that somebody makes is short."""

EARLIEST, LATEST = 946_684_800, 4_102_444_800
"""Unix times of the years 2000 and 2100; what says to be of another time is counted, but not drawn."""


@dataclass
class Sums:
    """Counts of connections; times in milliseconds, as the metrics have them (docs/metrics.md)."""

    requests: float = 0
    opened: float = 0
    reused: float = 0
    stale: float = 0
    connect_ms: float = 0.0

    @property
    def reuse_rate(self) -> float | None:
        """Requests on a connection that carried one before, as a share of all; None without requests."""
        return self.reused / self.requests if self.requests else None


class Origin(Sums):
    """Of one origin."""

    def add(self, host: dict[str, Any]) -> None:
        """Add one entry of `hosts`."""
        self.requests += number(host.get("requests"))
        self.opened += number(host.get("opened"))
        self.reused += number(host.get("reused"))
        self.stale += number(host.get("stale"))
        self.connect_ms += number(host.get("connectMs"))


@dataclass
class Totals(Sums):
    """Of one function, or of all.

    Attributes:
        saved_ms: the estimate `ConnectTimeSaved`.
        would_reuse: connections opened in observe mode that mode `on` would have had already.
        would_save_ms: the time they took to open.
        observed: invocations in observe mode.
        ended_badly: invocations that timed out or crashed.
        most: origins, and reasons of each kind, that are kept apart.
    """

    invocations: int = 0
    cold_starts: int = 0
    saved_ms: float = 0.0
    would_reuse: float = 0
    would_save_ms: float = 0.0
    observed: int = 0
    ended_badly: int = 0
    origins: dict[str, Origin] = field(default_factory=dict)
    not_reused: Counter[str] = field(default_factory=Counter)
    discarded: Counter[str] = field(default_factory=Counter)
    most: int = MOST_ORIGINS

    def add(self, record: dict[str, Any]) -> None:
        """Add one line of the layer. Fields that are missing or of the wrong kind count as zero."""
        self.invocations += 1
        self.cold_starts += record.get("coldStart") is True
        self.observed += record.get("mode") == "observe"
        self.ended_badly += "shutdownReason" in record
        self.requests += number(record.get("RequestsSent"))
        self.opened += number(record.get("ConnectionsOpened"))
        self.reused += number(record.get("ConnectionsReused"))
        self.stale += number(record.get("StaleConnections"))
        self.connect_ms += number(record.get("ConnectTime"))
        self.saved_ms += number(record.get("ConnectTimeSaved"))
        self.would_reuse += number(record.get("wouldReuse"))
        self.would_save_ms += number(record.get("wouldSave"))
        for host in _dictionaries(record.get("hosts")):
            self._origin(str(host.get("origin"))[:255]).add(host)
        for name, counter in (("notReused", self.not_reused), ("discarded", self.discarded)):
            reasons = record.get(name)
            for reason, count in reasons.items() if isinstance(reasons, dict) else ():
                known = reason in counter or len(counter) < self.most
                counter[reason[:LONGEST_REASON] if known else OTHERS] += int(number(count))

    def _origin(self, name: str) -> Origin:
        if name not in self.origins and len(self.origins) >= self.most:
            name = OTHERS
        return self.origins.setdefault(name, Origin())


@dataclass
class Recording:
    """Everything that one log says.

    Attributes:
        first, last: Unix time in seconds of the first and the last record, None without any.
        width: seconds of a bucket of the timeline.
        timeline: requests opened and reused, by the number of the bucket.
        billed_ms: sum over the platform's REPORT lines, with as many `reports`.
        memory: sizes seen in them.
    """

    name: str
    functions: dict[str, Totals] = field(default_factory=dict)
    all: Totals = field(default_factory=Totals)
    first: float | None = None
    last: float | None = None
    width: int = FIRST_WIDTH
    timeline: dict[int, Sums] = field(default_factory=dict)
    billed_ms: int = 0
    reports: int = 0
    memory: Counter[int] = field(default_factory=Counter)

    def add_all(self, records: Iterable[dict[str, Any] | Platform]) -> None:
        """Add everything that a reader found."""
        for record in records:
            if isinstance(record, Platform):
                self.reports += 1
                self.billed_ms += record.billed
                if record.memory in self.memory or len(self.memory) < MOST_ORIGINS:
                    self.memory[record.memory] += 1
            else:
                self.add(record)

    def add(self, record: dict[str, Any]) -> None:
        """Add one line of the layer."""
        name = str(record.get("FunctionName", "unknown"))[:140]
        if name not in self.functions and len(self.functions) >= MOST_FUNCTIONS:
            name = OTHERS
        most = MOST_OF_A_FUNCTION if len(self.functions) < MOST_DETAILED else 0
        self.functions.setdefault(name, Totals(most=most)).add(record)
        self.all.add(record)
        metadata = record.get("_aws")
        moment = number(metadata.get("Timestamp")) / 1000 if isinstance(metadata, dict) else 0.0
        if EARLIEST <= moment < LATEST:
            self.first = moment if self.first is None else min(self.first, moment)
            self.last = moment if self.last is None else max(self.last, moment)
            self._bucket(moment, record)

    def _bucket(self, moment: float, record: dict[str, Any]) -> None:
        index = int(moment) // self.width
        is_new = index not in self.timeline
        bucket = self.timeline.setdefault(index, Sums())
        bucket.opened += number(record.get("ConnectionsOpened"))
        bucket.reused += number(record.get("ConnectionsReused"))
        while is_new and max(self.timeline) - min(self.timeline) >= MOST_BUCKETS:
            self._widen()

    def _widen(self) -> None:
        merged: dict[int, Sums] = {}
        for index, sums in self.timeline.items():
            target = merged.setdefault(index // 2, Sums())
            target.opened += sums.opened
            target.reused += sums.reused
        self.width *= 2
        self.timeline = merged

    @property
    def seconds(self) -> float:
        """From the first to the last record."""
        return (self.last or 0.0) - (self.first or 0.0)


def number(value: object) -> float:
    """A number as it is, anything else (also NaN and infinity, which JSON has not) as 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return value if abs(value) < 2**63 else 0


def _dictionaries(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
