"""Draws rows of a benchmark as bars, for docs/benchmarks.md."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib import pyplot

from benchmarks.turns import Row

# Told apart by the colour-blind as well (Okabe and Ito, 2008).
COLOURS = {"without": "#d55e00", "with the layer": "#0072b2", "and sticky": "#56b4e9", "by hand": "#999999"}
# Of the room that a row has, the part which its bars fill.
FILLED = 0.78


def draw(path: Path, title: str, rows: Sequence[Row]) -> None:
    """Write an SVG file with a bar of milliseconds for each variant of each row, the first row on top.

    The same rows give the same bytes.
    """
    matplotlib.rcParams.update({"svg.hashsalt": path.name, "svg.fonttype": "none", "font.family": "sans-serif"})
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.75 * len(rows)), layout="constrained")
    variants = list(rows[0].samples)
    height = FILLED / len(variants)
    for number, variant in enumerate(variants):
        places = [place + (number - (len(variants) - 1) / 2) * height for place in range(len(rows))]
        times = [row.milliseconds(variant) for row in rows]
        bars = axes.barh(places, times, height, label=variant, color=COLOURS[variant])
        axes.bar_label(bars, fmt="{:.3g}", padding=3, fontsize=8)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.1)
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", transparent=False, facecolor="white", metadata={"Date": None})
    pyplot.close(figure)
