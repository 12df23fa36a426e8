# SPDX-License-Identifier: MIT
"""Holds sources to lines of 120 columns and to 400 lines.

Documents are reflowed by whoever shows them, and traces are data.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

COLUMNS = 120
LINES = 400


def wide_lines(root: Path, names: Iterable[str]) -> list[str]:
    complaints = []
    for name in names:
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > COLUMNS:
                complaints.append(f"{name}:{number} has {len(line)} columns, and {COLUMNS} are the most")
    return complaints


def long_files(root: Path, names: Iterable[str]) -> list[str]:
    lengths = {name: len((root / name).read_text(encoding="utf-8").splitlines()) for name in names}
    return [f"{name} has {length} lines, and {LINES} are the most"
            for name, length in lengths.items() if length > LINES]  # fmt: skip
