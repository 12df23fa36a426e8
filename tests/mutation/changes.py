# SPDX-License-Identifier: MIT
"""Finds the mutations of lines that have changed since a revision of git; a line that was moved has changed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from source import Mutation, SourceError

HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def changed_lines(include: Path, file: str, revision: str) -> set[int]:
    """Their numbers as the file is now, in the working tree."""
    command = ["git", "-C", str(include), "diff", "--no-ext-diff", "--no-color", "--unified=0", "--end-of-options",
               revision, "--", file]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SourceError(f"git cannot tell what has changed since {revision}: {done.stderr.strip().splitlines()[0]}")
    hunks = ((int(first), int(count or 1)) for first, count in HUNK.findall(done.stdout))
    return {line for first, count in hunks for line in range(first, first + count)}


def of_changed_lines(mutations: Sequence[Mutation], include: Path, revision: str) -> list[Mutation]:
    files = dict.fromkeys(mutation.file for mutation in mutations)
    changed = {file: changed_lines(include, file, revision) for file in files}
    texts = {file: (include / file).read_text(encoding="utf-8") for file in files}

    def lines_of(one: Mutation) -> range:
        return range(one.line, one.line + texts[one.file].count("\n", one.begin, one.end) + 1)

    return [one for one in mutations if not changed[one.file].isdisjoint(lines_of(one))]
