"""The report as a picture, for a chat or a ticket. Needs matplotlib, which is loaded here only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from keepalive_command.errors import CommandError
from keepalive_command.report.totals import Recording

OPENED, REUSED = "#bc4c00", "#0969da"


def draw(recordings: list[Recording], path: Path) -> None:
    """Write a PNG with one chart for each recording, all to the same scale.

    Raises:
        CommandError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CommandError("--png needs matplotlib", "pip install './command[png]'") from None
    figure = Figure(figsize=(9, 0.6 + 2.6 * len(recordings)), layout="constrained")
    axes = figure.subplots(len(recordings), squeeze=False, sharey=True)[:, 0]
    for recording, axis in zip(recordings, axes, strict=True):
        buckets = sorted(recording.timeline.items())
        moments = [datetime.fromtimestamp(index * recording.width, UTC) for index, _ in buckets]
        opened = [sums.opened for _, sums in buckets]
        days = recording.width / 86_400 * 0.86
        axis.bar(moments, opened, width=days, color=OPENED, label="opened", align="edge")
        reused = [sums.reused for _, sums in buckets]
        axis.bar(moments, reused, width=days, bottom=opened, color=REUSED, label="reused", align="edge")
        total = recording.all
        title = f"{recording.name}: {total.opened:,.0f} opened, {total.reused:,.0f} reused"
        axis.set_title(title, loc="left", fontsize=10)
        axis.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_ylabel(f"per {recording.width} s" if recording.width < 120 else f"per {recording.width / 60:.0f} min")
    figure.savefig(path, dpi=144)
