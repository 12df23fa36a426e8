#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of docs/real_programs.md: which programs there are, and what bench/programs/run.py has measured.

    bench/programs/page.py             between the marks of the page
    bench/programs/page.py --check     only tells whether they are what the table and the results say
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/programs")]

import programs  # noqa: E402
import results  # noqa: E402
from programs import Program  # noqa: E402
from real_programs import TableError  # noqa: E402
from results import Report, ResultsError  # noqa: E402
from tables import between, bold, markdown, number, update  # noqa: E402

PAGE = ROOT / "docs/real_programs.md"
BEGIN, END = "<!-- {}: written by bench/programs/page.py -->", "<!-- end of {} -->"
FIGURES = {
    "wall": ("Wall time", 1e3, "ms"),
    "cpu": ("CPU time of all threads and processes", 1e3, "ms"),
    "peak": ("Peak of resident pages of the largest process", 1 / (1 << 20), "MiB"),
}


class Figures:
    """One figure of all programs. Ratios are within a round: of a heap, to the packaged one whose median is lowest."""

    def __init__(self, report: Report, figure: str) -> None:
        self.heaps: list[str] = [*report["about"]["ours"], *report["about"]["others"]]
        self.others: list[str] = report["about"]["others"]
        self.rows: dict[str, dict[str, list[float]]] = {row["program"]: {} for row in report["programs"]}
        for row in report["results"]:
            self.rows[row["program"]][row["heap"]] = row[figure]

    def best(self, program: str) -> tuple[str, float]:
        """The packaged heap, and its median."""
        medians = {heap: statistics.median(self.rows[program][heap]) for heap in self.others}
        heap = min(medians, key=medians.__getitem__)
        return heap, medians[heap]

    def ratios(self, program: str, heap: str) -> list[float]:
        """By round."""
        best, _ = self.best(program)
        return [ours / its for ours, its in zip(self.rows[program][heap], self.rows[program][best], strict=True)]

    def medians(self, program: str) -> dict[str, float]:
        """Of the ratios of each heap."""
        return {heap: statistics.median(self.ratios(program, heap)) for heap in self.heaps}

    def means(self) -> dict[str, float]:
        """Geometric, over the programs."""
        rows = [self.medians(program) for program in self.rows]
        return {heap: results.geometric_mean(row[heap] for row in rows) for heap in self.heaps}


def ratio_row(name: list[str], ratios: Mapping[str, float], spread: str) -> list[str]:
    lowest = min(ratios.values())
    cells = [bold(number(ratio), ratio == lowest) for ratio in ratios.values()]
    return [*name, cells[0], spread, *cells[1:]]


def figure_table(report: Report, figure: str) -> str:
    """Ours first, with the lowest and the highest of its rounds."""
    figures = Figures(report, figure)
    title, scale, unit = FIGURES[figure]
    rows = []
    for program in figures.rows:
        best, median = figures.best(program)
        rounds = figures.ratios(program, figures.heaps[0])
        spread = f"{number(min(rounds))} … {number(max(rounds))}"
        name = [program, f"{best} {number(median * scale, 0 if unit == 'ms' else 1)}"]
        rows.append(ratio_row(name, figures.medians(program), spread))
    rows.append(ratio_row(["geometric mean", ""], figures.means(), ""))
    heaps = [f"`{figures.heaps[0]}`", "in the rounds", *figures.heaps[1:]]
    sentence = f"{title}, × the best packaged allocator on that program:"
    return f"{sentence}\n\n{markdown(['', f'best packaged, {unit}', *heaps], rows)}"


def bench_text(report: Report | None) -> str:
    if report is None or not report["results"]:
        return "Nothing has been measured yet."
    machine = report["about"]["machine"]
    rounds = len(report["results"][0]["wall"])
    where = f"Measured on {machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, in {rounds} round(s)."
    return "\n\n".join([where, *(figure_table(report, figure) for figure in FIGURES)])


def program_table(table: Mapping[str, Program]) -> str:
    rows = []
    for program in table.values():
        streams = [] if program.changes == [["(?s).*", ""]] else ["what it prints"]
        compared = [*streams, *(f"`{name}`" for name in program.files)]
        compared += ["the client's digest"] if program.client else []
        short = str(program.amounts["short"]) if "short" in program.amounts else ""
        cells = [f"{program.amounts['long']}", ", ".join(compared), "yes" if program.checked else ""]
        rows.append([program.name, program.does, short, *cells])
    title = ["", "what it does", "amount in `./test`", "in `./test long`", "compared, beside the status", "checked too"]
    return markdown(title, rows)


def stored(folder: Path) -> Report | None:
    file = results.file_of(folder, "programs")
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def main(arguments: Sequence[str]) -> int:
    def written(page: str, folder: Path) -> str:
        for name, text in (("programs", program_table(programs.load())), ("times", bench_text(stored(folder)))):
            page = between(page, BEGIN.format(name), END.format(name), text)
        return page

    return update(arguments, __doc__, PAGE, written)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ResultsError, TableError) as trouble:
        sys.exit(f"page.py: {trouble}.")
