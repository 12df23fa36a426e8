# SPDX-License-Identifier: MIT
"""What all pictures have in common: how a heap looks, rows of dots, legends."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from results import SMALL_ENGINES, Table

try:
    import matplotlib
except ImportError:
    sys.exit("plot.py: matplotlib is not there; bench/run.py tells how to install it, for Debian's own python3.")

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.markers import CARETUP  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter  # noqa: E402

# Colours of Okabe and Ito, which colour-blind people tell apart. Ours are all of one colour, which no other has.
OUR_COLOUR = "#D55E00"
OUR_PALER = "#EFB48A"
DEFAULTS = ("granule-heap", "cpu-cached")  # of one CPU, and of several
OTHER_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#E69F00", "#777777")
OUR_MARKERS = "oDs^vP*X"
OTHER_MARKERS = "<>hpd8H"
LINES = ("-", "--", "-.", ":")
INK = "#222222"
FADED = "#555555"
PALE = "#DDDDDD"
STYLE = {
    "svg.hashsalt": "bareheap",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
CARET = {"linestyle": "none", "marker": CARETUP, "color": INK, "markersize": 5, "zorder": 6}
HOLLOW = {"markerfacecolor": "white", "markersize": 5}
RATIOS = 64.0  # what is larger stands at the edge

About = Mapping[str, list[str]]


def look(heap: str, about: About) -> dict[str, object]:
    """How a heap is drawn: ours in front, the defaults large. A small engine is its larger sibling half full."""
    if heap in about["ours"]:
        sibling = heap.removeprefix(SMALL_ENGINES)
        number = about["ours"].index(sibling if sibling in about["ours"] else heap)
        is_default = heap in DEFAULTS
        common = {
            "color": OUR_COLOUR if is_default else OUR_PALER,
            "markersize": 8.5 if is_default else 6.5,
            "zorder": 5 if is_default else 4,
            "markeredgewidth": 0.7,
        }
        half = {"fillstyle": "bottom", "markerfacecoloralt": "white"} if sibling != heap else {}
        return {"marker": OUR_MARKERS[number % len(OUR_MARKERS)], **common, **half}
    number = about["others"].index(heap)
    return {
        "marker": OTHER_MARKERS[number % len(OTHER_MARKERS)],
        "color": OTHER_COLOURS[number % len(OTHER_COLOURS)],
        "markersize": 5.5,
        "zorder": 3,
        "markeredgewidth": 0.7,
    }


def legend(figure: Figure, keys: Sequence[Line2D], title: str | None = None) -> None:
    figure.legend(
        handles=list(keys),
        loc="upper left",
        bbox_to_anchor=(0.815, 1 - 0.7 / figure.get_figheight()),
        frameon=False,
        fontsize=8,
        title=title,
        title_fontsize=8,
        alignment="left",
    )


def keys_of(heaps: Sequence[str], about: About) -> list[Line2D]:
    return [Line2D([], [], linestyle="none", label=heap, **look(heap, about)) for heap in heaps]


def thousands(value: float, _: int) -> str:
    return f"{value:,.7g}"


def logarithmic(axis: Axes, base: float = 2.0) -> None:
    axis.set_xscale("log", base=base)
    axis.xaxis.set_major_locator(LogLocator(base=base, numticks=20 if base == 2 else 5))
    axis.xaxis.set_major_formatter(thousands)
    axis.xaxis.set_minor_locator(LogLocator(base=base, numticks=20))  # where there is no room for each number
    axis.xaxis.set_minor_formatter(NullFormatter())


def name_rows(axis: Axes, names: Sequence[str], about: About) -> None:
    """One row for each name, the first on top; ours in their colour."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    rules = [((0, row), (1, row)) for row in range(len(names))]
    look_of_rules = {"color": PALE, "linewidth": 0.6, "zorder": 0}
    axis.add_collection(LineCollection(rules, transform=axis.get_yaxis_transform(), **look_of_rules), autolim=False)
    for label in axis.get_yticklabels():
        label.set_color(OUR_COLOUR if label.get_text().partition(" (")[0] in about["ours"] else INK)


def sheet(title: str, subtitle: str, names: Sequence[str], panels: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with a row for each name, and room for its legend on the right."""
    height = 1.75 + 0.27 * len(names)
    figure, axes = pyplot.subplots(1, panels, figsize=(11.2, height), squeeze=False, sharey=True)
    left = max(0.14, 0.03 + 0.006 * max(map(len, names), default=0))
    figure.subplots_adjust(left=left, right=0.75, top=1 - 0.78 / height, bottom=0.62 / height, wspace=0.27)
    figure.text(0.02, 1 - 0.27 / height, title, fontsize=13, fontweight="bold", color=INK)
    figure.text(0.02, 1 - 0.52 / height, subtitle, fontsize=9, color=FADED)
    return figure, list(axes[0])


def strip(axis: Axes, heap: str, places: Sequence[tuple[float, float]], about: About, **changed: object) -> None:
    """All marks of a heap at once, which makes small files."""
    if places:
        axis.plot(*zip(*places, strict=True), **(look(heap, about) | {"linestyle": "none", "clip_on": False} | changed))


def dots(axis: Axes, rows: Mapping[str, Mapping[str, float]], about: About, largest: float) -> None:
    """A row for each program, a dot for each heap; what is larger than the largest stands there with an arrow."""
    for heap in dict.fromkeys(heap for values in rows.values() for heap in values):
        places = [(min(values[heap], largest), row) for row, values in enumerate(rows.values()) if heap in values]
        strip(axis, heap, places, about)
    for row, values in enumerate(rows.values()):
        if any(value > largest for value in values.values()):
            axis.annotate(
                "\u2192",
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(5, -3),
                textcoords="offset points",
                fontsize=9,
                color=INK,
            )


def unfinished(axis: Axes, table: Table, programs: Sequence[str], about: About) -> None:
    """Hollow, right of the axis: found no room, or took too long."""
    gap = 0.0105 / axis.get_position().width
    places: dict[str, list[tuple[float, float]]] = {}
    for row, program in enumerate(programs):
        for place, heap in enumerate(heap for heap in table.heaps_named() if heap in table.refused[program]):
            places.setdefault(heap, []).append((1 + gap * (2 + place), row))
    for heap, found in places.items():
        strip(axis, heap, found, about, transform=axis.get_yaxis_transform(), **HOLLOW)
