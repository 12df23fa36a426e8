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
KINDS = ("time", "memory", "instructions", "sweep", "larson", "efficiency", "boards")

# Each picture, the kinds of results that it is drawn from, and what it shows.
PICTURES: dict[str, tuple[tuple[str, ...], str]] = {
    "time": (("time",), "Time per operation by recorded program."),
    "memory": (("memory",), "The smallest region that is enough, and its floor; the resident pages of the others."),
    "sweep": (("sweep", "time"), "Time against the size of the region."),
    "instructions": (("instructions",), "Instructions per operation by recorded program."),
    "worst": (("instructions",), "The dearest single calls."),
    "time_synthetic": (("time",), "Time per operation by synthetic load."),
    "larson": (("larson",), "Threads that leave blocks to each other."),
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
    return [name for name, (kinds, _) in PICTURES.items() if all(kind in reports for kind in kinds)]


def digest(reports: Mapping[str, Report], kinds: Iterable[str]) -> str:
    """What tells whether a picture was drawn from these reports."""
    chosen = {kind: reports[kind] for kind in kinds if kind in reports}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:32]


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers, one at least."""
    logarithms = [math.log(value) for value in values]
    return math.exp(math.fsum(logarithms) / len(logarithms))


class Table:
    """A figure of a report, by program and heap. Heaps without the figure on a program are left out there."""

    def __init__(self, report: Report, figure: str, part: str = "programs") -> None:
        about = report["about"]
        self.ours: list[str] = about["ours"]
        self.others: list[str] = about["others"]
        loads = [row["trace"] for row in report["traces"] if (row["half"] == "synthetic") == (part == "synthetic")]
        self.figures: dict[str, dict[str, float]] = {load: {} for load in loads}
        self.refused: dict[str, set[str]] = {load: set() for load in loads}
        for row in report["results"]:
            if row["trace"] not in self.figures or row["heap"] not in {*self.ours, *self.others}:
                continue
            if figure in row:
                self.figures[row["trace"]][row["heap"]] = row[figure]
            elif row["status"] != "ok":
                self.refused[row["trace"]].add(row["heap"])

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
            if best is not None:
                ratios[program] = {heap: value / figures[best] for heap, value in figures.items()}
        return ratios

    def mean_ratio(self, heap: str) -> tuple[float, int]:
        """The geometric mean of a heap's ratios, and on how many programs it has one."""
        ratios = [row[heap] for row in self.ratios().values() if row.get(heap, 0) > 0]
        return (geometric_mean(ratios), len(ratios)) if ratios else (math.nan, 0)
