#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of bench/README.md, and the list of its pictures, from the stored results.

    bench/tables.py             between the marks in bench/README.md
    bench/tables.py --check     only tells whether they are what the results say
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import results
from results import Report, ResultsError, Table, geometric_mean

README = results.HERE / "README.md"
BEGIN = "<!-- what follows is written by bench/tables.py -->"
END = "<!-- end of what bench/tables.py writes -->"
EMPTY = "An empty cell, or ≥: not all of the loads ran, for want of room or time."
NOTHING = "Nothing has been measured yet."

Cells = list[str]


def markdown(title: Cells, rows: Iterable[Cells]) -> str:
    """A table whose first column stands left, the others right."""
    lines = [title, ["---"] + ["---:"] * (len(title) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None, decimals: int = 2) -> str:
    if value is None:
        return ""
    return f"{value:,.{decimals}f}" if value >= 0 else f"≥ {-value:,.{decimals}f}"


def bold(text: str, condition: bool) -> str:
    return f"**{text}**" if condition and text else text


def mean_of(table: Table, heap: str) -> float | None:
    """Over all programs; nothing where the heap has not all of them."""
    values = [figures[heap] for figures in table.figures.values() if heap in figures]
    return geometric_mean(values) if values and len(values) == len(table.figures) else None


def worst_of(table: Table, heap: str) -> float:
    """The highest; negative where loads are missing, whose calls may have been dearer."""
    values = [figures[heap] for figures in table.figures.values() if heap in figures]
    return max(values) if len(values) == len(table.figures) else -max(values)


def columns_of(reports: Mapping[str, Report], part: str) -> list[tuple[str, int, dict[str, float | None]]]:
    """Title, decimals, and each heap's figure; negative where it is only known to be at least that."""
    columns: list[tuple[str, int, dict[str, float | None]]] = []

    def add(kind: str, figure: str, title: str, decimals: int, summary: str) -> None:
        if kind not in reports:
            return
        table = Table(reports[kind], figure, part)
        if summary == "ratio":
            whole = {heap: table.mean_ratio(heap) for heap in table.heaps()}
            values = {heap: ratio if count == len(table.figures) else None for heap, (ratio, count) in whole.items()}
        elif summary == "mean":
            values = {heap: mean_of(table, heap) for heap in table.heaps()}
        else:
            values = {heap: worst_of(table, heap) for heap in table.heaps()}
        columns.append((title, decimals, values))

    add("time", "ns_best", "time, × the best packaged", 2, "ratio")
    add("time", "ns_best", "ns", 2, "mean")
    add("instructions", "instructions", "instructions", 1, "mean")
    add("instructions", "worst_allocate", "dearest allocate", 0, "worst")
    add("instructions", "worst_deallocate", "dearest deallocate", 0, "worst")
    add("memory", "smallest_to_peak", "smallest region / peak", 3, "mean")
    add("memory", "resident_to_peak", "resident / peak", 3, "mean")
    return columns


def heap_table(reports: Mapping[str, Report], part: str) -> str:
    """A row for each heap; the best of a column is bold."""
    columns = columns_of(reports, part)
    about = next(iter(reports.values()))["about"]
    rows = []
    for heap in (*about["ours"], *about["others"]):
        row = [f"`{heap}`" if heap in about["ours"] else heap]
        for _, decimals, values in columns:
            known = [value for value in values.values() if value is not None and value >= 0]
            value = values.get(heap)
            row.append(bold(number(value, decimals), bool(known) and value == min(known)))
        row.append(str(wins(reports, part).get(heap, 0) or "") if "time" in reports else "")
        rows.append(row)
    return markdown(["", *(title for title, _, _ in columns), "fastest on"], rows)


def wins(reports: Mapping[str, Report], part: str) -> dict[str, int]:
    """On how many programs a heap is the fastest of all."""
    table = Table(reports["time"], "ns_best", part)
    counts: dict[str, int] = {}
    for program in table.figures:
        best = table.best(program, table.heaps_named())
        if best is not None:
            counts[best] = counts.get(best, 0) + 1
    return counts


def program_table(reports: Mapping[str, Report], part: str) -> str:
    """A row for each program: our best engine beside the best packaged allocator; the winner is bold."""
    time = Table(reports["time"], "ns_best", part)
    halves = {row["trace"]: row["half"] for row in reports["time"]["traces"]}
    rows = []
    for program, figures in time.figures.items():
        ours, others = time.best(program, time.ours), time.best(program, time.others)
        row = [program] + ([halves[program]] if part == "programs" else [])
        won = ours is not None and (others is None or figures[ours] < figures[others])
        row.append(bold(f"`{ours}` {figures[ours]:.2f}", won) if ours else "")
        row.append(bold(f"{others} {figures[others]:.2f}", not won) if others else "")
        row.append(number(figures[ours] / figures[others]) if ours and others else "")
        rows.append(row + memory_cells(reports, program, part))
    title = ["", *(["half"] if part == "programs" else []), "our fastest, ns", "fastest packaged, ns", "ratio"]
    return markdown(title + (["smallest region / peak", "its floor"] if "memory" in reports else []), rows)


def memory_cells(reports: Mapping[str, Report], program: str, part: str) -> Cells:
    if "memory" not in reports:
        return []
    smallest = Table(reports["memory"], "smallest_to_peak", part)
    floors = Table(reports["memory"], "floor_to_peak", part)
    best = smallest.best(program, smallest.ours) if program in smallest.figures else None
    if best is None:
        return ["", ""]
    return [f"`{best}` {smallest.figures[program][best]:.3f}", number(floors.figures[program].get(best), 3)]


def larson_table(report: Report) -> str:
    times = {(row["heap"], row["threads"]): row["ns_wall"] for row in report["results"]}
    others = report["about"]["others"]
    best = {threads: min(times[heap, threads] for heap in others if (heap, threads) in times) for threads in (1, 2)}
    rows = []
    for heap in sorted({heap for heap, _ in times}, key=lambda heap: times[heap, 2]):
        row = [heap if heap in others else f"`{heap}`"]
        row += [f"{times[heap, threads] / best[threads]:.2f} ({times[heap, threads]:.1f} ns)" for threads in (1, 2)]
        rows.append(row)
    return markdown(["larson, × the best packaged", "one thread", "two threads"], rows)


def text_of(reports: Mapping[str, Report]) -> str:
    """All tables and pictures. Nothing measured is a sentence."""
    parts = []
    replayed = {kind: reports[kind] for kind in ("time", "memory", "instructions") if kind in reports}
    for part, title in (("programs", "recorded program"), ("synthetic", "synthetic load")):
        measured = {kind: report for kind, report in replayed.items() if Table(report, "", part).figures}
        if measured:
            parts += [f"By heap, over every {title}:", heap_table(measured, part)]
        if "time" in measured:
            parts += [f"By {title}:", program_table(measured, part)]
    if "larson" in reports and reports["larson"]["about"]["others"]:
        parts.append(larson_table(reports["larson"]))
    if parts:
        machine = next(iter(reports.values()))["about"]["machine"]
        where = f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}"
        parts.insert(0, f"Measured on {where}. {EMPTY} Means are geometric.")
    parts += [f"{results.PICTURES[name][1]}\n\n![{name}](results/{name}.svg)" for name in results.drawable(reports)]
    return "\n\n".join(parts) or NOTHING


def with_tables(page: str, text: str) -> str:
    """The page with the text between the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ResultsError(f"{README.name} has no marks for the tables")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where the tables are old")
    parser.add_argument("--results", type=Path, default=results.RESULTS, metavar="FOLDER", help="what is told")
    parser.add_argument("--page", type=Path, default=README, metavar="FILE", help="where the tables stand")
    options = parser.parse_args(arguments)
    page = options.page.read_text(encoding="utf-8")
    wanted = with_tables(page, text_of(results.load(options.results)))
    if options.check:
        return int(page != wanted)
    options.page.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ResultsError as trouble:
        sys.exit(f"tables.py: {trouble}.")
