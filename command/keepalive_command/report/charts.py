"""Charts as inline SVG: no script, no font, no file from elsewhere. Colours come from the page's style sheet."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from keepalive_command.report.totals import Recording

WIDTH, HEIGHT = 720, 220
LEFT, BOTTOM, TOP = 56, 28, 12


def connections_over_time(recording: Recording, number: int) -> str:
    """Stacked bars: opened below, reused above. `number` makes the ids of the page unique."""
    if not recording.timeline:
        return ""
    first, last = min(recording.timeline), max(recording.timeline)
    slots = last - first + 1
    highest = max(sums.opened + sums.reused for sums in recording.timeline.values()) or 1
    plot_width, plot_height = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
    step = plot_width / slots

    def beginning(index: int) -> str:
        return clock(index * recording.width, recording.width)

    bars = []
    for index, sums in sorted(recording.timeline.items()):
        x = LEFT + (index - first) * step
        opened = plot_height * sums.opened / highest
        reused = plot_height * sums.reused / highest
        floor = TOP + plot_height
        width = max(1.0, step * 0.86)
        label = f"{beginning(index)}: {sums.opened:,.0f} opened, {sums.reused:,.0f} reused"
        bars.append(
            f"<g><title>{label}</title>"
            f'<rect class="reused" x="{x:.1f}" y="{floor - opened - reused:.1f}" width="{width:.1f}" '
            f'height="{reused:.1f}"/>'
            f'<rect class="opened" x="{x:.1f}" y="{floor - opened:.1f}" width="{width:.1f}" height="{opened:.1f}"/></g>'
        )
    lines = "".join(_grid_line(TOP + plot_height * (1 - part), highest * part) for part in (0, 0.5, 1))
    ends = (
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{beginning(first)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 8}" text-anchor="end">{beginning(last + 1)} UTC</text>'
    )
    total = recording.all
    description = f"{total.opened:,.0f} connections opened and {total.reused:,.0f} requests on reused ones, over time"
    return _svg(f"time-{number}", HEIGHT, description, lines + "".join(bars) + ends)


def opened_per_invocation(recordings: list[Recording]) -> str:
    """One horizontal bar for each recording: connections opened by an invocation."""
    values = [(each.name, each.all.opened / max(1, each.all.invocations)) for each in recordings]
    scale = (WIDTH - 80) / (max(value for _, value in values) or 1)
    rows = []
    for index, (name, value) in enumerate(values):
        y = 8 + index * 48
        rows.append(
            f'<text x="0" y="{y + 10}">{escape(name)}</text>'
            f'<rect class="opened" x="0" y="{y + 20}" width="{max(1, scale * value):.1f}" height="12"/>'
            f'<text x="{scale * value + 8:.1f}" y="{y + 31}">{value:,.2f}</text>'
        )
    description = ", ".join(f"{name}: {value:.2f}" for name, value in values)
    return _svg("opened", 12 + 48 * len(values), f"Connections opened per invocation: {description}", "".join(rows))


def _grid_line(y: float, value: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>'
    )


def _svg(name: str, height: int, description: str, content: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}"><title id="{name}">'
        f"{escape(description)}</title>{content}</svg>"
    )


def clock(moment: int, width: int) -> str:
    """A Unix time as precisely as bars of that many seconds are."""
    return datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M" if width >= 60 else "%H:%M:%S")
