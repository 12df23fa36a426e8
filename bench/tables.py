#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of bench/README.md, and the list of its pictures, from the stored results.

    bench/tables.py             between the marks in bench/README.md
    bench/tables.py --check     only tells whether they are what the results say
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import results
from results import Report, ResultsError, Table, Threads

README = results.HERE / "README.md"
BEGIN = "<!-- what follows is written by bench/tables.py -->"
END = "<!-- end of what bench/tables.py writes -->"
SIGNS = (
    "Means are geometric. A number in brackets: only so many of the loads ran, for want of room or time, and the mean "
    "is over these. ≥: the same of a dearest call. ?: it took too long to find another engine's smallest region, which "
    "may be smaller. `bump`, which never takes memory back, is not among the fastest."
)
NOTHING = "Nothing has been measured yet."

Cells = list[str]


def markdown(title: Cells, rows: Iterable[Cells]) -> str:
    """A table whose first column stands left, the others right."""
    lines = [title, ["---"] + ["---:"] * (len(title) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float, decimals: int = 2) -> str:
    return f"{value:,.{decimals}f}"


def bold(text: str, condition: bool) -> str:
    return f"**{text}**" if condition and text else text


@dataclass(frozen=True)
class Column:
    """A summary of each heap over the loads: where `lower_bound`, that of some loads is only a lower bound of it."""

    title: str
    decimals: int
    loads: int
    values: dict[str, tuple[float, int]]  # by heap, and over how many loads
    lower_bound: bool = False

    def cell(self, heap: str) -> str:
        value, count = self.values.get(heap, (0.0, 0))
        if count == 0:
            return ""
        text = number(value, self.decimals)
        if count == self.loads:
            return bold(text, self.best() == value)
        return f"≥ {text}" if self.lower_bound else f"{text} ({count})"

    def best(self) -> float | None:
        """Of those that have all loads, where there are two of them at least."""
        whole = [value for value, count in self.values.values() if count == self.loads]
        return min(whole) if len(whole) > 1 else None


def mean_column(table: Table, title: str, decimals: int, size: tuple[int, int] | None = None) -> Column:
    return Column(title, decimals, len(table.loads_of(size)), {heap: table.mean(heap, size) for heap in table.heaps()})


def ratio_column(table: Table, title: str) -> Column:
    return Column(title, 2, len(table.ratios()), {heap: table.mean_ratio(heap) for heap in table.heaps()})


def worst_column(table: Table, title: str) -> Column:
    values: dict[str, tuple[float, int]] = {}
    for heap in table.heaps():
        known = [figures[heap] for figures in table.figures.values() if heap in figures]
        values[heap] = (max(known), len(known))
    return Column(title, 0, len(table.figures), values, lower_bound=True)


def columns_of(reports: Mapping[str, Report], part: str) -> list[Column]:
    columns = []
    if "time" in reports:
        table = Table(reports["time"], "ns_best", part)
        columns += [ratio_column(table, "time, × the best packaged"), mean_column(table, "ns", 2)]
    if "instructions" in reports:
        columns.append(mean_column(Table(reports["instructions"], "instructions", part), "instructions", 1))
        for call in ("allocate", "deallocate"):
            columns.append(worst_column(Table(reports["instructions"], f"worst_{call}", part), f"dearest {call}"))
    if "memory" in reports:
        for figure, title in (("smallest", "smallest region / peak"), ("resident", "resident / peak")):
            columns.append(mean_column(Table(reports["memory"], f"{figure}_to_peak", part), title, 3))
    return columns


def heaps_of(reports: Iterable[Report]) -> tuple[list[str], list[str]]:
    """Ours and others, of all reports."""
    abouts = [report["about"] for report in reports]
    ours, others = (dict.fromkeys(heap for about in abouts for heap in about[side]) for side in ("ours", "others"))
    return list(ours), list(others)


def table_by_heap(reports: Mapping[str, Report], columns: Sequence[Column], last: Mapping[str, int] | None) -> str:
    """A row for each heap that has anything; `last` are the numbers of a column with no best."""
    ours, others = heaps_of(reports.values())
    rows = []
    for heap in (*ours, *others):
        cells = [column.cell(heap) for column in columns]
        cells += [] if last is None else [str(last.get(heap, "") or "")]
        if any(cells):
            rows.append([f"`{heap}`" if heap in ours else heap, *cells])
    return markdown(["", *(column.title for column in columns), *([] if last is None else ["fastest on"])], rows)


def heap_table(reports: Mapping[str, Report], part: str) -> str:
    """The best of a column is bold."""
    return table_by_heap(reports, columns_of(reports, part), wins(reports, part) if "time" in reports else None)


def memory_tables(reports: Mapping[str, Report]) -> list[str]:
    """The recorded programs by their size: regions of ours, and resident pages of the others."""
    memory = {"memory": reports["memory"]}
    sizes = (("all", None), ("1 MiB and more", results.LARGE), ("10 to 300 KiB", results.SMALL))

    def columns(figure: str, what: str) -> list[Column]:
        table = Table(reports["memory"], figure)
        return [mean_column(table, f"{what}{title}", 3, size) for title, size in sizes if table.loads_of(size)]

    regions = columns("smallest_to_peak", "/ peak, ")
    if "memory_8" in reports:
        table = Table(reports["memory_8"], "smallest_to_peak")
        regions.append(mean_column(table, "/ peak, 10 to 300 KiB, alignment 8", 3, results.SMALL))
    regions += columns("smallest_to_floor", "/ floor, ")
    texts = []
    for title, chosen in (
        ("Smallest region of our engines, over recorded programs by their size:", regions),
        ("Resident pages of the others, the same:", columns("resident_to_peak", "/ peak, ")),
    ):
        if any(column.values for column in chosen):
            texts += [title, table_by_heap(memory, chosen, None)]
    return texts


def competing(heaps: Iterable[str]) -> list[str]:
    """Without those that never take memory back."""
    return [heap for heap in heaps if heap not in results.NEVER_FREES]


def wins(reports: Mapping[str, Report], part: str) -> dict[str, int]:
    """On how many programs a heap is the fastest of all."""
    table = Table(reports["time"], "ns_best", part)
    counts: dict[str, int] = {}
    for program in table.figures:
        best = table.best(program, competing(table.heaps_named()))
        if best is not None:
            counts[best] = counts.get(best, 0) + 1
    return counts


def program_table(reports: Mapping[str, Report], part: str) -> str:
    """A row for each program: our best engine beside the best packaged allocator; the winner is bold."""
    time = Table(reports["time"], "ns_best", part)
    halves = {row["trace"]: row["half"] for row in reports["time"]["traces"]}
    rows = []
    for program, figures in time.figures.items():
        ours, others = time.best(program, competing(time.ours)), time.best(program, time.others)
        row = [program] + ([halves[program]] if part == "programs" else [])
        won = ours is not None and (others is None or figures[ours] < figures[others])
        row.append(bold(f"`{ours}` {figures[ours]:.2f}", won) if ours else "")
        row.append(bold(f"{others} {figures[others]:.2f}", not won) if others else "")
        row.append(number(figures[ours] / figures[others]) if ours and others and figures[others] > 0 else "")
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
    floor = floors.figures[program].get(best)
    doubt = " ?" if smallest.undecided[program] else ""
    figure = f"`{best}` {smallest.figures[program][best]:.3f}{doubt}"
    return [figure, "" if floor is None else number(floor, 3)]


def ratio_cells(heaps: Iterable[str], ratios: Mapping[str, float | None]) -> Cells:
    """A cell for each heap; the lowest is bold."""
    known = [ratio for ratio in ratios.values() if ratio is not None]
    texts = {heap: bold(number(ratio), ratio == min(known)) for heap, ratio in ratios.items() if ratio is not None}
    return [texts.get(heap, "") for heap in heaps]


def thread_tables(threads: Threads) -> list[str]:
    """Ratios of CPU time, the gain from one thread to two, and how rarely a lock is taken."""
    heaps = threads.heaps()
    names = [f"`{heap}`" if heap in threads.ours else heap for heap in heaps]
    ratios = threads.ratios()
    counts = sorted({count for _, count in ratios})
    rows = []
    for (load, count), row in ratios.items():
        loop = threads.rows[load, count].get(Threads.LOOP)
        figures = [number(threads.best_packaged((load, count)) or 0), number(loop["ns_cpu"]) if loop else ""]
        rows.append([load, str(count), *figures, *ratio_cells(heaps, row)])
    for count in counts:
        means = {heap: threads.mean_ratio(heap, count) for heap in heaps}
        rows.append(["geometric mean", str(count), "", "", *ratio_cells(heaps, means)])
    title = ["", "threads", "fastest packaged, ns", "of it the loop, ns", *names]
    texts = ["CPU time per call under several threads, × the fastest packaged:", markdown(title, rows)]
    gains = {heap: threads.gain(heap) for heap in heaps}
    if any(gain is not None for gain in gains.values()):
        cells = [number(gain) if gain is not None else "" for gain in gains.values()]
        sentence = "What a second thread gains where threads share nothing, × what it gains for the loop alone:"
        texts += [sentence, markdown(["", *names], [[Threads.ALONE, *cells]])]
    return texts + lock_table(threads)


def lock_table(threads: Threads) -> list[str]:
    """Of the heaps that count it."""
    loads = list(dict.fromkeys(load for load, _ in threads.rows))
    rows = []
    for heap in threads.heaps():
        for count in sorted({count for _, count in threads.rows}):
            found = {load: threads.rows.get((load, count), {}).get(heap, {}).get("locks") for load in loads}
            if any(share is not None for share in found.values()):
                shares = [f"{1 / share:,.0f}" if share else "" if share is None else "∞" for share in found.values()]
                rows.append([f"`{heap}`", str(count), *shares])
    return ["Calls for each time that the lock is taken:", markdown(["", "threads", *loads], rows)] if rows else []


def differences(reports: Mapping[str, Report]) -> list[str]:
    """Where the kinds are not of one run: what differs from the first of them."""
    first, *rest = reports
    texts = []

    def programs(kind: str) -> set[str]:
        return set(Table(reports[kind], "").peaks)

    for kind in rest:
        about, before = reports[kind]["about"], reports[first]["about"]
        what = [name for name in ("machine", "packages") if about[name] != before[name]]
        what += ["engines"] if about["ours"] != before["ours"] else []
        if "traces" in reports[kind] and "traces" in reports[first] and kind != "memory_8":
            what += ["programs"] if programs(kind) != programs(first) else []
        if what:
            texts.append(f"The results of {kind} have other {' and '.join(what)} than those of {first}.")
    return texts


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
        if "memory" in measured and part == "programs":
            parts += memory_tables(reports)
    if "threads" in reports and Threads(reports["threads"]).ratios():
        parts += thread_tables(Threads(reports["threads"]))
    if parts:
        machine = next(iter(reports.values()))["about"]["machine"]
        where = f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}"
        parts.insert(0, " ".join((f"Measured on {where}.", *differences(reports), SIGNS)))
    parts += [f"{results.PICTURES[name][1]}\n\n![{name}](results/{name}.svg)" for name in results.drawable(reports)]
    return "\n\n".join(parts) or NOTHING


def between(page: str, begin: str, end: str, text: str) -> str:
    """The page with the text between the marks."""
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ResultsError(f"the page has no marks {begin} and {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def update(arguments: Sequence[str], about: str, page: Path, written: Callable[[str, Path], str]) -> int:
    """The command that writes a page, where `written` tells what a page has to be with the results of a folder."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where the tables are old")
    parser.add_argument("--results", type=Path, default=results.RESULTS, metavar="FOLDER", help="what is told")
    parser.add_argument("--page", type=Path, default=page, metavar="FILE", help="where the tables stand")
    options = parser.parse_args(arguments)
    text = options.page.read_text(encoding="utf-8")
    wanted = written(text, options.results)
    if options.check:
        return int(text != wanted)
    options.page.write_text(wanted, encoding="utf-8")
    return 0


def main(arguments: Sequence[str]) -> int:
    def written(page: str, folder: Path) -> str:
        return between(page, BEGIN, END, text_of(results.load(folder)))

    return update(arguments, __doc__, README, written)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ResultsError as trouble:
        sys.exit(f"tables.py: {trouble}.")
