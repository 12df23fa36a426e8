# SPDX-License-Identifier: MIT
"""The stored results: read, written, and seen as ratios."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
KINDS = ("time", "memory", "memory_8", "instructions", "sweep", "threads", "efficiency", "boards")

# Of recorded programs by their peak of live bytes, with both ends.
LARGE = (1 << 20, 1 << 62)
SMALL = (10 << 10, 300 << 10)

# Engines that serve no more than a region of this size, and are nothing for programs with more alive.
SMALL_ENGINES = "small-"
ROOM_OF_SMALL_ENGINES = 512 << 10

NEVER_FREES = ("bump",)  # the region of four times the peak is enough for it on some programs, by luck

# Each picture, the kinds of results that it is drawn from, and what it shows.
PICTURES: dict[str, tuple[tuple[str, ...], str]] = {
    "time": (("time",), "Time per operation by recorded program."),
    "memory": (("memory",), "The smallest region that is enough, and its floor; the resident pages of the others."),
    "sweep": (("sweep", "time"), "Time against the size of the region."),
    "instructions": (("instructions",), "Instructions per operation by recorded program."),
    "worst": (("instructions",), "The dearest single calls."),
    "time_synthetic": (("time",), "Time per operation by synthetic load."),
    "threads": (("threads",), "CPU time per call under several threads."),
    "efficiency": (("efficiency",), "How full an engine can be."),
    "boards": (("boards",), "Instructions on the boards, in QEMU."),
}

Row = dict[str, Any]
Report = dict[str, Any]


class ResultsError(Exception):
    """What is wrong with stored results, as one sentence."""


def file_of(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.json"


def shortened(value: Any) -> Any:
    """The same with six digits of each fraction; more are noise."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: shortened(member) for name, member in value.items()}
    return [shortened(member) for member in value] if isinstance(value, list) else value


def text_of(report: Report) -> str:
    """JSON with each row on a line of its own."""
    members = []
    for name, value in shortened(report).items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            members.append(f' "{name}": [\n{lines}\n ]')
        else:
            members.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(members) + "\n}\n"


def store(folder: Path, kind: str, report: Report) -> None:
    """Replaces what was stored of that kind."""
    folder.mkdir(parents=True, exist_ok=True)
    file_of(folder, kind).write_text(text_of(report), encoding="utf-8")


def load(folder: Path) -> dict[str, Report]:
    """All that is stored, by kind."""
    reports: dict[str, Report] = {}
    for kind in KINDS:
        file = file_of(folder, kind)
        if not file.is_file():
            continue
        try:
            reports[kind] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultsError(f"{file.name} is not JSON: {error}") from error
        if not isinstance(reports[kind], dict) or not {"about", "results"} <= reports[kind].keys():
            raise ResultsError(f"{file.name} has no 'about' or no 'results'")
    return reports


def drawable(reports: Mapping[str, Report]) -> list[str]:
    """The pictures whose results are all there."""
    there = [name for name, (kinds, _) in PICTURES.items() if all(kind in reports for kind in kinds)]
    return [name for name in there if has_figures(name, reports)]


def has_figures(picture: str, reports: Mapping[str, Report]) -> bool:
    """Whether there is anything to draw: where it shows ratios, a packaged allocator has a figure."""
    if picture in ("time", "sweep"):
        return bool(Table(reports["time"], "ns_best").ratios())
    if picture == "time_synthetic":
        return bool(Table(reports["time"], "ns_best", "synthetic").ratios())
    if picture == "instructions":
        return bool(Table(reports["instructions"], "instructions").ratios())
    if picture == "threads":
        return bool(Threads(reports["threads"]).ratios())
    return all(reports[kind]["results"] for kind in PICTURES[picture][0])


def digest(reports: Mapping[str, Report], kinds: Iterable[str]) -> str:
    """What tells whether a picture was drawn from these reports."""
    chosen = {kind: reports[kind] for kind in kinds if kind in reports}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:32]


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers, one at least."""
    logarithms = [math.log(value) for value in values]
    return math.exp(math.fsum(logarithms) / len(logarithms))


def mean_and_count(values: Iterable[float]) -> tuple[float, int]:
    """The geometric mean of those that are positive, and how many these are."""
    positive = [value for value in values if value > 0]
    return (geometric_mean(positive), len(positive)) if positive else (math.nan, 0)


class Table:
    """A figure of a report, by program and heap. Heaps without the figure on a program are left out there."""

    def __init__(self, report: Report, figure: str, part: str = "programs") -> None:
        about = report["about"]
        self.ours: list[str] = about["ours"]
        self.others: list[str] = about["others"]
        loads = [row for row in report["traces"] if (row["half"] == "synthetic") == (part == "synthetic")]
        self.peaks: dict[str, int] = {row["trace"]: row["peak_bytes"] for row in loads}
        self.figures: dict[str, dict[str, float]] = {load: {} for load in self.peaks}
        self.refused: dict[str, set[str]] = {load: set() for load in self.peaks}
        self.undecided: dict[str, set[str]] = {load: set() for load in self.peaks}  # of the refused: it took too long
        for row in report["results"]:
            load, heap = row["trace"], row["heap"]
            if load not in self.peaks or heap not in {*self.ours, *self.others} or not self.has_room(heap, load):
                continue
            if figure in row:
                self.figures[load][heap] = row[figure]
            elif row["status"] != "ok":
                self.refused[load].add(heap)
                if row["status"] == "too long":
                    self.undecided[load].add(heap)

    def has_room(self, heap: str, load: str) -> bool:
        """Whether an engine is for programs of that size."""
        return not heap.startswith(SMALL_ENGINES) or self.peaks[load] <= ROOM_OF_SMALL_ENGINES

    def loads_of(self, size: tuple[int, int] | None = None) -> list[str]:
        """Those whose peak of live bytes is in that range, or all."""
        return [load for load, peak in self.peaks.items() if size is None or size[0] <= peak <= size[1]]

    def heaps(self) -> list[str]:
        """Those that have the figure anywhere; ours first."""
        present = {heap for figures in self.figures.values() for heap in figures}
        return [heap for heap in (*self.ours, *self.others) if heap in present]

    def heaps_named(self) -> list[str]:
        """All that took part, ours first."""
        return [*self.ours, *self.others]

    def best(self, program: str, heaps: Iterable[str]) -> str | None:
        """The heap with the lowest figure on a program, if any of them has one."""
        figures = self.figures[program]
        return min((heap for heap in heaps if heap in figures), key=lambda heap: figures[heap], default=None)

    def ratios(self) -> dict[str, dict[str, float]]:
        """Each figure by the best packaged allocator's on that program; programs on which none has one are left out."""
        ratios: dict[str, dict[str, float]] = {}
        for program, figures in self.figures.items():
            best = self.best(program, self.others)
            if best is not None and figures[best] > 0:
                ratios[program] = {heap: value / figures[best] for heap, value in figures.items()}
        return ratios

    def mean_ratio(self, heap: str) -> tuple[float, int]:
        """The geometric mean of a heap's ratios, and on how many programs it has one."""
        return mean_and_count(row.get(heap, 0) for row in self.ratios().values())

    def mean(self, heap: str, size: tuple[int, int] | None = None) -> tuple[float, int]:
        """The same of its figures, over the loads of that size."""
        return mean_and_count(self.figures[load].get(heap, 0) for load in self.loads_of(size))


Case = tuple[str, int]  # a load and how many threads it has


class Threads:
    """The figures of loads with several threads, by case and heap."""

    LOOP = "empty"  # the heap that is none
    ALONE = "alone"  # the load whose threads share nothing

    def __init__(self, report: Report) -> None:
        self.ours: list[str] = report["about"]["ours"]
        self.others: list[str] = report["about"]["others"]
        self.rows: dict[Case, dict[str, Row]] = {}
        for row in report["results"]:
            self.rows.setdefault((row["load"], row["threads"]), {})[row["heap"]] = row

    def heaps(self) -> list[str]:
        """Those that have a figure, ours first; without the one that is none."""
        present = {heap for row in self.rows.values() for heap in row}
        return [heap for heap in (*self.ours, *self.others) if heap in present]

    def best_packaged(self, case: Case) -> float | None:
        """Nanoseconds of CPU time for a call."""
        row = self.rows[case]
        return min((row[heap]["ns_cpu"] for heap in self.others if heap in row), default=None)

    def ratios(self) -> dict[Case, dict[str, float]]:
        """CPU time by the best packaged allocator's; cases in which none has one are left out."""
        ratios: dict[Case, dict[str, float]] = {}
        for case, row in self.rows.items():
            best = self.best_packaged(case)
            if best is not None:
                ratios[case] = {heap: row[heap]["ns_cpu"] / best for heap in self.heaps() if heap in row}
        return ratios

    def mean_ratio(self, heap: str, threads: int) -> float | None:
        """Over the loads with so many threads, if the heap has a ratio in each."""
        rows = [row for (_, count), row in self.ratios().items() if count == threads]
        return geometric_mean(row[heap] for row in rows) if rows and all(heap in row for row in rows) else None

    def gain(self, heap: str) -> float | None:
        """Calls in a second of two threads by those of one, where they share nothing; by the same of the empty loop."""
        walls = [
            self.rows.get((self.ALONE, threads), {}).get(name, {}).get("ns_wall")
            for name in (heap, self.LOOP)
            for threads in (1, 2)
        ]
        return None if None in walls else walls[0] / walls[1] / (walls[2] / walls[3])
