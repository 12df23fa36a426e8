#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tells which lines and branches of the engines' headers the judge of the mutations runs through (docs/mutation.md).

    tests/mutation/coverage.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutate import FILES, HERE, ROOT, Arguments
from source import COMPILER, SourceError

COVERED = ["-fprofile-instr-generate", "-fcoverage-mapping"]


@dataclass
class Header:
    """Lines by number, and the two ways of each condition by where it stands, with how often they were gone."""

    lines: dict[int, int] = field(default_factory=dict)
    ways: dict[tuple[int, ...], int] = field(default_factory=lambda: defaultdict(int))


def output_of(command: Sequence[str | Path], **settings: Any) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **settings)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise SourceError(f"{command[0]} failed and said {said[0]}")
    return done.stdout


def measured(include: Path, sources: Sequence[Path], folder: Path) -> tuple[str, dict[str, Any]]:
    """What llvm-cov tells of a run of the program made of the sources: by lines, and by functions."""
    program, profile = folder / "judge", folder / "profile"
    output_of([COMPILER, "-std=c++23", "-O0", "-w", *COVERED, "-I", include, "-I", sources[0].parents[1], *sources,
               "-o", program])  # fmt: skip
    output_of([program], env={"LLVM_PROFILE_FILE": str(folder / "raw")})
    output_of(["llvm-profdata-19", "merge", "-sparse", folder / "raw", "-o", profile])
    export = ["llvm-cov-19", "export", program, f"-instr-profile={profile}"]
    return output_of([*export, "-format=lcov"]), json.loads(output_of(export))


def read_lines(lcov: str, headers: dict[str, Header]) -> None:
    """Of a line that was compiled for several types, llvm-cov adds the counts up."""
    header = None
    for row in lcov.splitlines():
        kind, _, rest = row.partition(":")
        if kind == "SF":
            header = headers.get(rest)
        elif kind == "DA" and header is not None:
            line, count = rest.split(",")[:2]
            header.lines[int(line)] = int(count)


def read_branches(export: dict[str, Any], headers: dict[str, Header]) -> None:
    """Of each function and each of its types by itself; here they are added up."""
    for function in export["data"][0]["functions"]:
        for *place, true_count, false_count, file, _, _ in function.get("branches", []):
            if (header := headers.get(function["filenames"][file])) is not None:
                header.ways[(*place, 1)] += true_count
                header.ways[(*place, 0)] += false_count


def share(counts: Sequence[int]) -> float:
    return 100 * sum(count > 0 for count in counts) / len(counts) if counts else 100.0


def describe(name: str, path: Path, header: Header) -> list[str]:
    text = path.read_text(encoding="utf-8").splitlines()
    rows = [f"  {name}:{line}: {text[line - 1].strip()}" for line, count in sorted(header.lines.items()) if count == 0]
    for (line, column, _, end_column, way), count in sorted(header.ways.items()):
        if count == 0 and header.lines.get(line):
            condition = text[line - 1][column - 1 : end_column - 1]
            rows.append(f"  {name}:{line}: never {'true' if way else 'false'}: {condition}")
    return rows


def run(words: Sequence[str]) -> int:
    parser = Arguments(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--include", type=Path, default=ROOT / "include", help="the folder of the headers")
    parser.add_argument("--judge", type=Path, default=HERE, help="the folder of the judge's sources")
    parser.add_argument("--file", action="append", metavar="HEADER", help="a header, by its path in --include")
    given = parser.parse_args(words)
    files, include = given.file or FILES, given.include.resolve()
    headers = {str(include / file): Header() for file in files}
    if not (sources := sorted(given.judge.resolve().glob("*.cpp"))):
        raise SourceError(f"there is no judge in {given.judge}")
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        lcov, export = measured(include, sources, Path(folder))
    read_lines(lcov, headers)
    read_branches(export, headers)
    print(f"{'':38}{'lines':>8}{'covered':>11}{'branches':>11}{'covered':>11}")
    missed = []
    for file, (path, header) in zip(files, headers.items(), strict=True):
        if not header.lines:
            raise SourceError(f"the judge compiles nothing of {file}")
        lines, ways = list(header.lines.values()), list(header.ways.values())
        print(f"{file:38}{len(lines):8}{share(lines):9.1f} %{len(ways):11}{share(ways):9.1f} %")
        missed += describe(file, Path(path), header)
    print("\n".join(["not covered:", *missed] if missed else ["all is covered"]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except SourceError as error:
        print(f"coverage.py: {error}", file=sys.stderr)
        sys.exit(2)
