"""Draws what a benchmark has measured as bars, for docs/benchmarks.md."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib import pyplot

# Told apart by the colour-blind as well (Okabe and Ito, 2008). The layer is blue wherever it stands.
COLOURS = {
    **dict.fromkeys(("without", "careless"), "#d55e00"),
    **dict.fromkeys(("with the layer", "careless + layer", "lambda-keepalive"), "#0072b2"),
    **dict.fromkeys(("by hand", "expert"), "#999999"),
    "and sticky": "#56b4e9",
    "Powertools": "#e69f00",
    "OpenTelemetry": "#009e73",
    "Datadog": "#cc79a7",
}
# Of the room that a row has, the part which its bars fill.
FILLED = 0.78


def draw(path: Path, title: str, rows: Mapping[str, Mapping[str, float]], unit: str = "milliseconds") -> None:
    """Write an SVG file with a bar for each variant of each row, the first row on top.

    The same values give the same bytes. Every row has the same variants, each of them in `COLOURS`.
    """
    matplotlib.rcParams.update({"svg.hashsalt": path.name, "svg.fonttype": "none", "font.family": "sans-serif"})
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.75 * len(rows)), layout="constrained")
    variants = list(next(iter(rows.values())))
    height = FILLED / len(variants)
    for number, variant in enumerate(variants):
        places = [place + (number - (len(variants) - 1) / 2) * height for place in range(len(rows))]
        values = [row[variant] for row in rows.values()]
        bars = axes.barh(places, values, height, label=variant, color=COLOURS[variant])
        axes.bar_label(bars, fmt="{:.3g}", padding=3, fontsize=8)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.1)
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", transparent=False, facecolor="white", metadata={"Date": None})
    pyplot.close(figure)
