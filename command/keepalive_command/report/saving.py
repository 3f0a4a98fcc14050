"""What the time saved is worth: an estimate that names everything it assumes."""

from __future__ import annotations

from dataclasses import dataclass

from keepalive_command import prices
from keepalive_command.report.totals import Recording

MONTH = 30 * 86_400

SHORTEST = 600
"""Seconds of log from which a month can be foretold without shame."""


@dataclass(frozen=True)
class Saving:
    """Of one recording.

    Attributes:
        milliseconds: saved, or what would be saved if it was recorded in observe mode.
        dollars: that time's price.
        dollars_a_month: at the recording's pace; None if it is too short.
        billed_share: of all milliseconds billed, with and without; None without REPORT lines.
        assumptions: in words.
    """

    milliseconds: float
    dollars: float
    dollars_a_month: float | None
    billed_share: float | None
    assumptions: tuple[str, ...]


def estimate(recording: Recording, memory: int | None, architecture: str) -> Saving:
    """What the layer saved in this recording, or would have.

    Args:
        memory: MB of the functions; None takes what the log's REPORT lines say, else 128.
    """
    totals = recording.all
    observing = totals.observed > 0
    milliseconds = totals.would_save_ms if observing else totals.saved_ms
    size, origin = _memory(recording, memory)
    dollars = prices.duration(milliseconds, size, architecture)
    long_enough = recording.seconds >= SHORTEST
    billed = recording.billed_ms + (0 if observing else milliseconds)
    return Saving(
        milliseconds,
        dollars,
        dollars * MONTH / recording.seconds if long_enough else None,
        milliseconds / billed if recording.billed_ms else None,
        (
            "a reused connection saves what the mean connection to that origin took in the same process (an estimate)"
            if not observing
            else "a connection that would have been reused saves the time that it took to open",
            "the function waits while it connects, so that time saved is time not billed",
            f"{size} MB of memory ({origin}), {architecture}",
            f"AWS list price of us-east-1 as of {prices.AS_OF}: "
            f"${prices.LAMBDA_GIGABYTE_SECOND[architecture]:.10f} per GB-second",
            "the CPU time of a TLS handshake and of loading CAs is in it only as far as it was part of connecting",
        ),
    )


def _memory(recording: Recording, memory: int | None) -> tuple[int, str]:
    if memory is not None:
        return memory, "--memory"
    if recording.memory:
        size, _ = recording.memory.most_common(1)[0]
        return size, "most REPORT lines of the log" if len(recording.memory) > 1 else "REPORT lines of the log"
    return 128, "assumed: the log has no REPORT lines, --memory sets it"
