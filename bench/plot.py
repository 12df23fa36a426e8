#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws the pictures of bench/results from the results stored there. The same results make the same bytes.

    bench/plot.py                        with Debian's own python3 and its matplotlib
    bench/plot.py --results out/bench    those of another folder
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import results
from drawing import (
    CARET,
    DEFAULTS,
    FADED,
    HOLLOW,
    INK,
    LINES,
    OUR_COLOUR,
    PALE,
    RATIOS,
    STYLE,
    Figure,
    Line2D,
    dots,
    keys_of,
    legend,
    logarithmic,
    look,
    matplotlib,
    name_rows,
    pyplot,
    sheet,
    strip,
    thousands,
    unfinished,
)
from results import Report, ResultsError, Table, Threads, geometric_mean


def ratio_picture(report: Report, figure_name: str, title: str, unit: str, part: str) -> Figure:
    """Ratios to the best packaged allocator of each program, and their geometric mean over the programs."""
    about = report["about"]
    table = Table(report, figure_name, part)
    rows = table.ratios()
    means = {heap: table.mean_ratio(heap) for heap in table.heaps()}
    whole = {heap: ratio for heap, (ratio, count) in means.items() if count == len(rows)}
    partial = {heap: ratio for heap, (ratio, count) in means.items() if 0 < count < len(rows)}
    names = [*rows, "geometric mean"]
    figure, (axis,) = sheet(
        title,
        f"{unit}, by the best packaged allocator's on the same program (1). Left is better. "
        "Hollow: no room, or too long; a mean without these.",
        names,
    )
    logarithmic(axis)
    axis.set_xlim(min([0.5, *(0.8 * value for row in rows.values() for value in row.values() if value > 0)]), RATIOS)
    dots(axis, {**rows, "geometric mean": whole}, about, RATIOS)
    for heap, ratio in partial.items():
        strip(axis, heap, [(min(ratio, RATIOS), len(rows))], about, **HOLLOW)
    unfinished(axis, table, list(rows), about)
    name_rows(axis, names, about)
    axis.get_yticklabels()[-1].set_fontweight("bold")
    axis.axhspan(len(rows) - 0.5, len(rows) + 0.5, color="#F0F0F0", zorder=-1)
    axis.axvline(1, color=INK, linewidth=1, zorder=1)
    axis.set_xlabel("times the best packaged allocator (logarithmic)")
    legend(figure, keys_of(table.heaps(), about), "ours in orange")
    return figure


def memory_picture(report: Report) -> Figure:
    """Regions on the left, resident pages on the right: they are different questions."""
    about = report["about"]
    ours, floors, resident = (Table(report, name) for name in ("smallest_to_peak", "floor_to_peak", "resident_to_peak"))
    programs = list(ours.figures)
    figure, (left, right) = sheet(
        "Memory by program",
        "Relative to the program's peak of live bytes (1 is the limit). Left is better. "
        f"A caret below: what rounding and map cost {DEFAULTS[0]}. Hollow: no room, or too long.",
        programs,
        2,
    )
    largest = 4.0
    for axis, table, label in (
        (left, ours, "our engines: smallest region"),
        (right, resident, "others: pages that became resident"),
    ):
        logarithmic(axis)
        axis.set_xlim(0.97, largest)
        dots(axis, table.figures, about, largest)
        axis.axvline(1, color=INK, linewidth=1, zorder=1)
        axis.set_xlabel(f"{label} / peak (logarithmic)")
        name_rows(axis, programs, about)
    unfinished(left, ours, programs, about)
    rows = ((row, floors.figures[program].get(DEFAULTS[0])) for row, program in enumerate(programs))
    below = [(floor, row + 0.22) for row, floor in rows if floor is not None and floor <= largest]
    left.plot(*zip(*below, strict=True), **CARET)
    keys = [*keys_of(ours.heaps(), about), Line2D([], [], **CARET, label=f"floor of {DEFAULTS[0]}")]
    legend(figure, [*keys, *keys_of(resident.heaps(), about)], "ours in orange")
    return figure


def sweep_picture(report: Report, times: Report) -> Figure:
    """How slow small regions make a heap, beside the best packaged allocator with all the memory it wants."""
    about = report["about"]
    figure, (axis,) = sheet(
        "Time against the size of the region",
        "Geometric mean of the time per operation, relative to the best packaged allocator on the same "
        "program (1). A region had one round; that one had seven.",
        [""] * 12,
    )
    table = Table(times, "ns_best")
    curves: dict[str, dict[str, dict[int, float]]] = {}
    for row in report["results"]:
        best = table.best(row["trace"], table.others) if row["trace"] in table.figures else None
        if "ns_best" in row and best is not None:
            ratio = row["ns_best"] / table.figures[row["trace"]][best]
            curves.setdefault(row["heap"], {}).setdefault(row["trace"], {})[row["percent_of_smallest"]] = ratio
    percents = sorted({percent for curve in curves.values() for points in curve.values() for percent in points})
    keys = []
    for number, heap in enumerate(heap for heap in about["ours"] if heap in curves):
        whole = [points for points in curves[heap].values() if len(points) == len(percents)]
        if not whole:
            continue
        means = [geometric_mean(points[percent] for points in whole) for percent in percents]
        keys += axis.plot(
            means, linestyle=LINES[number % len(LINES)], label=f"{heap}\n({len(whole)} programs)", **look(heap, about)
        )
    axis.set_yscale("log", base=2)
    axis.yaxis.set_major_formatter(thousands)
    axis.axhline(1, color=INK, linewidth=1, zorder=1)
    axis.set_xticks(range(len(percents)), [f"{percent / 100:g}" for percent in percents])
    axis.set_xlabel("region, times the smallest in which the program runs on this engine")
    axis.set_ylabel("times the best packaged allocator (logarithmic)")
    axis.grid(axis="y", color=PALE, linewidth=0.6)
    legend(figure, keys)
    return figure


def worst_picture(report: Report) -> Figure:
    """The dearest call on each program: a strip of dots for each heap."""
    about = report["about"]
    kinds = ("allocate", "deallocate")
    tables = {kind: [Table(report, f"worst_{kind}", part) for part in ("programs", "synthetic")] for kind in kinds}
    loads = len(report["traces"])
    present = {heap for table in tables["allocate"] for heap in table.heaps()}
    heaps = [heap for heap in (*about["ours"], *about["others"]) if heap in present]
    figures = [row for table in tables["allocate"] for row in table.figures.values()]
    counts = {heap: sum(heap in row for row in figures) for heap in heaps}
    name_of = {heap: heap if counts[heap] == loads else f"{heap} ({counts[heap]} of {loads})" for heap in heaps}
    figure, axes = sheet(
        "The dearest single call",
        "Instructions on x86-64: a dot for each recorded program, a ring for "
        "each synthetic load, a bar at the worst of all. Left is better.",
        [name_of[heap] for heap in heaps],
        2,
    )
    for axis, kind in zip(axes, kinds, strict=True):
        logarithmic(axis, 10)
        for row, heap in enumerate(heaps):
            colour = look(heap, about)["color"]
            strips = [
                [figures[heap] for figures in table.figures.values() if heap in figures] for table in tables[kind]
            ]
            for values, face in zip(strips, (colour, "none"), strict=True):
                axis.plot(
                    [max(1, value) for value in values],
                    [row] * len(values),
                    linestyle="none",
                    marker="o",
                    markersize=4,
                    color=colour,
                    markerfacecolor=face,
                    zorder=3,
                )
            every = strips[0] + strips[1]
            axis.plot(max(1, *every, 1), row, marker="|", markersize=14, markeredgewidth=2, color=colour, zorder=4)
        axis.axvline(120, color=INK, linewidth=0.8, linestyle=":", zorder=1)
        axis.set_xlabel(f"instructions of one {kind} (logarithmic)")
        name_rows(axis, list(name_of.values()), about)
    legend(
        figure, [Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label="120: what a\nreal-time heap\nmay take")]
    )
    return figure


def threads_picture(report: Report) -> Figure:
    about = report["about"]
    threads = Threads(report)
    rows = {f"{load}, {count}": row for (load, count), row in threads.ratios().items()}
    figure, (axis,) = sheet(
        "Loads of several threads",
        "CPU time per call, of all threads together, by the best packaged allocator's on the same load with as many "
        "threads (1). Left is better.",
        list(rows),
    )
    logarithmic(axis)
    dots(axis, rows, about, RATIOS)
    axis.axvline(1, color=INK, linewidth=1, zorder=1)
    name_rows(axis, list(rows), about)
    axis.set_xlabel("times the best packaged allocator (logarithmic)")
    legend(figure, keys_of(threads.heaps(), about), "ours in orange")
    return figure


def efficiency_picture(report: Report) -> Figure:
    about = report["about"]
    sizes = sorted({row["region_bytes"] for row in report["results"]})
    heaps = [heap for heap in about["ours"] if any(row["heap"] == heap for row in report["results"])]
    figure, axes = sheet(
        "How full an engine can be",
        "Live bytes as a share of the region when the first random request "
        "is refused: the mean, and the range over all seeds. Right is better.",
        heaps,
        len(sizes),
    )
    for axis, size in zip(axes, sizes, strict=True):
        for row in (row for row in report["results"] if row["region_bytes"] == size):
            place = heaps.index(row["heap"])
            axis.barh(place, row["mean"] * 100, height=0.55, color=OUR_COLOUR, zorder=2)
            axis.plot([row["least"] * 100, row["most"] * 100], [place, place], color=INK, linewidth=1.2, zorder=3)
            axis.text(104, place, f"{row['mean'] * 100:.0f} %", va="center", fontsize=8, color=INK)
        taken = {row["heap"] for row in report["results"] if row["region_bytes"] == size}
        for place, heap in enumerate(heaps):
            if heap not in taken:
                axis.text(104, place, "too large", va="center", fontsize=8, color=FADED)
        axis.set_xlim(0, 100)
        axis.axvline(100, color=INK, linewidth=1)
        axis.set_xlabel(f"% of a region of {size >> 10:,} KiB")
        name_rows(axis, heaps, about)
    return figure


def boards_picture(report: Report) -> Figure:
    """Mean and dearest call of each engine on each board, over the loads in which it refused nothing."""
    rows = [row for row in report["results"] if row["refused"] == 0]
    loads = len({row["load"] for row in report["results"]})
    engines = list(dict.fromkeys(row["engine"] for row in report["results"]))
    ours = report["about"]["ours"]
    about = {"ours": [engine for engine in engines if engine.partition(",")[0] in ours], "others": []}
    boards = dict(zip(dict.fromkeys(row["board"] for row in rows), ("o", "s", "^"), strict=False))
    figure, (means, worsts) = sheet(
        "On the boards",
        "Instructions of the board's processor, counted in QEMU, over the loads "
        "in which the engine refused nothing. Left is better.",
        [f"{engine} ({loads} of {loads})" for engine in engines],
        2,
    )
    for axis in (means, worsts):
        logarithmic(axis, 10)
    names = {}
    for board, marker in boards.items():
        for place, engine in enumerate(engines):
            calls = [
                [row[kind] for kind in ("allocate", "deallocate", "reallocate")]
                for row in rows
                if (row["engine"], row["board"]) == (engine, board)
            ]
            if not calls:
                continue
            names[engine] = engine if len(calls) == loads else f"{engine} ({len(calls)} of {loads})"
            mean = geometric_mean(
                sum(kind["instructions"] for kind in load) / sum(kind["calls"] for kind in load) for load in calls
            )
            worst = max(kind["worst"] for load in calls for kind in load[:2])
            colour = OUR_COLOUR if engine in about["ours"] else INK
            means.plot(mean, place, marker=marker, color=colour, markersize=6)
            worsts.plot(max(1, worst), place, marker=marker, color=colour, markersize=6)
    means.set_xlabel("instructions per call, geometric mean (logarithmic)")
    worsts.set_xlabel("dearest allocate or deallocate (logarithmic)")
    for axis in (means, worsts):
        name_rows(axis, [names.get(engine, engine) for engine in engines], about)
    keys = [Line2D([], [], linestyle="none", marker=marker, color=INK, label=board) for board, marker in boards.items()]
    legend(figure, keys)
    return figure


DRAWINGS: dict[str, Callable[..., Figure]] = {
    "time": lambda report: ratio_picture(report, "ns_best", "Time by program", "Time per operation", "programs"),
    "time_synthetic": lambda report: ratio_picture(
        report, "ns_best", "Time by synthetic load", "Time per operation", "synthetic"
    ),
    "instructions": lambda report: ratio_picture(
        report, "instructions", "Instructions by program", "Instructions per operation without the loop's", "programs"
    ),
    "memory": memory_picture,
    "sweep": sweep_picture,
    "worst": worst_picture,
    "threads": threads_picture,
    "efficiency": efficiency_picture,
    "boards": boards_picture,
}


def draw_all(reports: Mapping[str, Report], folder: Path) -> list[Path]:
    """Each picture whose results are there; what it was drawn from stands in its description."""
    files = []
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name in results.drawable(reports):
            kinds = results.PICTURES[name][0]
            figure = DRAWINGS[name](*(reports[kind] for kind in kinds))
            files.append(folder / f"{name}.svg")
            origin = f"drawn from {' and '.join(kinds)} {results.digest(reports, kinds)}"
            metadata = {"Date": None, "Creator": None, "Title": name, "Description": origin}
            figure.savefig(files[-1], metadata=metadata)
            pyplot.close(figure)
    return files


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=results.RESULTS, metavar="FOLDER", help="what is drawn")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of the pictures (default: beside the results)")
    options = parser.parse_args(arguments)
    reports = results.load(options.results)
    if not reports:
        raise ResultsError(f"there are no results in {options.results}; bench/run.py makes them")
    for file in draw_all(reports, options.out or options.results):
        print(f"{file}  {file.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ResultsError as trouble:
        sys.exit(f"plot.py: {trouble}.")
