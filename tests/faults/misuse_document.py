# SPDX-License-Identifier: MIT
"""Reads docs/misuse.md: what each misuse does on each heap, as the host's runs have printed it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "misuse.md"
UNDER_CHECKED = "under Checked"
INSIDE_CHECKED = ("Bump", "HoleList", "PageHeap", "StoryPages", "GranuleHeap")


@dataclass(frozen=True)
class Trial:
    """One misuse on one heap, and the cell of the table that tells its outcome."""

    heap: str
    misuse: str
    outcome: str

    @property
    def name(self) -> str:
        return f"{self.heap}: {self.misuse}"

    @property
    def kind(self) -> str:
        """The outcome without the fault: stop, stop later, check, harm …"""
        return self.outcome.split(":")[0].strip("*")

    @property
    def fault(self) -> str:
        return self.outcome.partition(": ")[2]


def _tables() -> list[tuple[list[str], list[list[str]]]]:
    """Head and rows of each table of the page, in its order."""
    blocks = re.findall(r"(?:^\|.*\n)+", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()] for block in blocks]
    return [(head, rows) for head, _, *rows in cells]


def sentences() -> dict[str, str]:
    """By the short name of a fault."""
    return next({short: text for short, text in rows} for head, rows in _tables() if head[-1] == "the sentence")


def _of_cell(heaps: list[str], heap: str, misuse: str, cell: str) -> list[Trial]:
    if heap != UNDER_CHECKED:
        return [Trial(heap, misuse, cell)]
    usual, _, exceptions = cell.rstrip(")").partition(" (")
    others = dict(exception.split(" ", 1) for exception in exceptions.split(", ") if exception)
    return [Trial(f"Checked {inside}", misuse, others.get(inside, usual)) for inside in heaps]


def trials() -> list[Trial]:
    """Of the engines, plain and under Checked, and of the lock; not of the tables that show differences only."""
    found = []
    for head, rows in _tables():
        if UNDER_CHECKED not in head and "NoLock" not in head:
            continue
        inside_checked = [heap for heap in head[1:] if heap in INSIDE_CHECKED]
        for misuse, *cells in rows:
            for heap, cell in zip(head[1:], cells, strict=True):
                found += _of_cell(inside_checked, heap, misuse, cell)
    return [trial for trial in found if trial.outcome != "–"]
