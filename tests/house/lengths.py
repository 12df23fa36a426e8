# SPDX-License-Identifier: MIT
"""Holds the sources to lines of 120 columns. Documents are reflowed by whoever shows them, and traces are data.

    python3 tests/house/lengths.py FILE…
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

COLUMNS = 120


def wide_lines(files: Iterable[Path]) -> list[str]:
    complaints = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > COLUMNS:
                complaints.append(f"{file}:{number} has {len(line)} columns, and {COLUMNS} are the most")
    return complaints


if __name__ == "__main__":
    found = wide_lines(Path(name) for name in sys.argv[1:])
    print("\n".join(found) or f"No line has more than {COLUMNS} columns.")
    sys.exit(1 if found else 0)
