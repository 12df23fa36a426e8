# SPDX-License-Identifier: MIT
"""Prints docs/misuse_malloc.md from runs: what each wrong program does under each malloc.

    page.py PROGRAM PLAIN CHECKED                 the page
    page.py PROGRAM PLAIN CHECKED --compare FILE  runs ours alone: status 1 and the differences, where FILE says
                                                  something else of them

PROGRAM is what misuse.cpp makes, PLAIN and CHECKED are the two libraries.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SCUDO = "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.scudo_standalone-x86_64.so"

# The sentences of include/bareheap/core/fault.hpp, and that of the checked library, by the names that tables have.
SENTENCES = {
    "freed an address that this heap has not lent": "never lent",
    "freed a block that is free already": "free already",
    "freed a block with another size or alignment than it was asked with": "wrong layout",
    "the bytes behind a block were overwritten": "overflow",
    "the bytes in front of a block were overwritten": "underflow",
    "a block was written to after it was freed": "written after free",
    "the list of live blocks is torn": "live list torn",
    "freed by FAMILY a block that was asked for by FAMILY": "other family",
}
FAMILY = re.compile(r"(free|malloc|(?:aligned )?(?:new|delete)(?:\[\])?)(?= a block that|$)")

# The better ones first. A crash is an end without a word.
KINDS = ("stop", "stop later", "refused", "harmless", "crash", "harm", "hang")


@dataclass(frozen=True)
class Malloc:
    """A column of the table."""

    name: str
    libraries: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    is_ours: bool = False
    is_firm: bool = False  # always ends in the same way


@dataclass(frozen=True)
class Outcome:
    kind: str
    sentence: str = ""

    @property
    def cell(self) -> str:
        kind = f"**{self.kind}**" if self.kind in ("stop", "crash", "harm", "hang") else self.kind
        return f"{kind}: {self.sentence}" if self.sentence else kind


def short_name(complaint: str) -> str:
    """Of one of our own sentences."""
    sentence = re.split(r": 0x|, noticed|, called", complaint.removeprefix("bareheap: "))[0]
    return SENTENCES[FAMILY.sub("FAMILY", sentence)]


def sentence_of(malloc: Malloc, errors: str) -> str:
    lines = errors.splitlines()
    if malloc.is_ours:
        return short_name(next((line for line in lines if line.startswith("bareheap: ")), ""))
    return lines[0] if malloc.name.startswith("glibc") else ""


def once(program: str, misuse: str, malloc: Malloc) -> Outcome:
    environment = {"LD_PRELOAD": " ".join(malloc.libraries), "PATH": os.environ["PATH"], **dict(malloc.settings)}
    ran = subprocess.run([program, misuse], env=environment, capture_output=True, text=True, timeout=60, check=False)
    said = ran.stdout.split()
    if ran.returncode == 0:
        return Outcome("–" if said[-1] == "absent" else said[-1])
    if ran.returncode == -signal.SIGPROF:
        return Outcome("hang")
    if not ran.stderr:
        return Outcome("crash")
    return Outcome("stop later" if "over" in said else "stop", sentence_of(malloc, ran.stderr))


def outcome_of(program: str, misuse: str, malloc: Malloc, expected: str | None) -> Outcome:
    """The usual one, as some depend on where the system puts things; what is expected, if it comes once."""
    outcomes: Counter[Outcome] = Counter()
    for _ in range(1 if malloc.is_firm else 9):
        outcome = once(program, misuse, malloc)
        if outcome.cell == expected:
            return outcome
        outcomes[outcome] += 1
    return outcomes.most_common(1)[0][0]


def mallocs(plain: str, checked: str) -> list[Malloc]:
    check_3 = (("MALLOC_CHECK_", "3"),)
    return [
        Malloc("glibc 2.36"),
        Malloc("glibc with MALLOC_CHECK_=3", ("libc_malloc_debug.so.0",), check_3),
        Malloc("jemalloc 5.3", ("libjemalloc.so.2",)),
        Malloc("mimalloc 2.0", ("libmimalloc.so.2",)),
        Malloc("tcmalloc 2.10", ("libtcmalloc_minimal.so.4",)),
        Malloc("scudo", (SCUDO,)),
        Malloc("bareheap", (plain,), is_ours=True),
        Malloc("bareheap checked", (checked,), is_ours=True, is_firm=True),
    ]


LAST_TITLE = "## Stopped by others, and not by ours"

INTRODUCTION = """# Misuse of malloc and new: what is caught, and by whom

Each row is a tiny program that does one thing wrong, under each malloc: that of the C library, those that Debian 12 has
as packages, and the two of this project, of which [one is for looking for faults](drop_in_checked.md). A test runs
them (`tests/drop_in/misuse`), and what it finds is this page. After the wrong call each program goes on rightly: it
frees and lends some hundred blocks, and looks whether any byte that it holds has changed and whether any block was lent
twice. Some of the ends depend on where the system put things: here stands the usual one of nine runs.

| in the tables | what happened |
| --- | --- |
| **stop** | the wrong call itself stopped the program, with a sentence |
| stop later | a right call that came after it stopped the program, the last being the end of the program |
| refused | the call answered null |
| harmless | unnoticed, but nothing that the program holds was changed, and nothing was lent twice |
| **crash** | a signal without a word, at once or later |
| **harm** | unnoticed, and memory that the program holds was changed or lent twice |
| **hang** | the program never came back |
| – | this malloc has no such call |

Behind the colon stands what glibc said, and for our own a short name for the sentence:

| in the tables | the sentence |
| --- | --- |
"""


class Page:
    """The outcomes, and their text."""

    def __init__(self, program: str, columns: list[Malloc], expected: str = "") -> None:
        self.columns = columns
        self.rows = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
        misuses = [row for row in self.rows if not row.startswith("# ")]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            pairs = [(row, column) for row in misuses for column in columns]
            cells = cells_of(expected)
            tried = {
                (row, column): pool.submit(outcome_of, program, row, column, cells.get((row, column.name)))
                for row, column in pairs
            }
            self.outcomes = {key: future.result() for key, future in tried.items()}

    def text(self) -> str:
        lines = [INTRODUCTION.rstrip("\n")]
        lines += [f"| {short} | {sentence} |" for sentence, short in SENTENCES.items()]
        lines += ["", "## How many end how", "", *head("malloc", KINDS)]
        for column in self.columns:
            ended = [outcome.kind for (_, tried), outcome in self.outcomes.items() if tried == column]
            lines.append(row_of([column.name, *(str(ended.count(kind)) for kind in KINDS)]))
        for row in self.rows:
            if row.startswith("# "):
                lines += ["", f"#{row}", "", *head("misuse", [column.name for column in self.columns])]
            else:
                lines.append(row_of([row, *(self.outcomes[row, column].cell for column in self.columns)]))
        return "\n".join(lines) + "\n"

    def others_that_stop(self) -> str:
        """The misuses that end badly under ours where another malloc stops them."""
        lines = ["", LAST_TITLE, "", *head("misuse", ["ends under", "is stopped by"])]
        for (row, column), outcome in self.outcomes.items():
            stopping = [other.name for other in self.columns if self.outcomes[row, other].kind.startswith("stop")]
            if column.is_ours and outcome.kind in ("crash", "harm", "hang") and stopping:
                lines.append(row_of([row, f"{column.name}: {outcome.cell}", ", ".join(stopping)]))
        return "\n".join(lines) + "\n"


def row_of(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def head(first: str, names: Sequence[str]) -> list[str]:
    return [row_of([first, *names]), row_of(["---"] * (len(names) + 1))]


def cells_of(page: str) -> dict[tuple[str, str], str]:
    """By row and column."""
    cells = {}
    titles: list[str] = []
    for line in page.splitlines():
        words = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if not line.startswith("|"):
            titles = []
        elif not titles:
            titles = words
        else:
            cells |= {(words[0], title): word for title, word in zip(titles, words, strict=True)}
    return cells


def only(page: str, names: set[str], all_names: set[str]) -> str:
    """The page up to its last title, without the rows and columns of other mallocs."""
    lines = []
    columns: list[int] | None = None
    for line in page.partition(f"\n{LAST_TITLE}")[0].splitlines():
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if not line.startswith("|"):
            columns = None
        elif columns is None:
            columns = [place for place, cell in enumerate(cells) if cell not in all_names - names]
        if columns is not None:
            if cells[0] in all_names - names:
                continue
            line = row_of([cells[place] for place in columns])
        lines.append(line)
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("plain")
    parser.add_argument("checked")
    parser.add_argument("--compare", type=Path)
    words = parser.parse_args()
    columns = mallocs(words.plain, words.checked)
    if words.compare is None:
        page = Page(words.program, columns)
        print(page.text() + page.others_that_stop(), end="")
        return 0
    ours = [column for column in columns if column.is_ours]
    names = {column.name for column in columns}
    expected = only(words.compare.read_text(encoding="utf-8"), {column.name for column in ours}, names)
    found = Page(words.program, ours, expected).text()
    differences = difflib.unified_diff(expected.splitlines(), found.splitlines(), "the page", "the runs", lineterm="")
    lines = list(differences)
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
