#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes the engines' headers in small ways, one at a time, and asks a judge whether he notices (docs/mutation.md).

    tests/mutation/mutate.py --count 50            a sample
    tests/mutation/mutate.py --all --jobs 2        every mutation there is
    tests/mutation/mutate.py --file bareheap/parts/granule_audit.hpp --all
    tests/mutation/mutate.py --changed HEAD~5 --all
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from changes import of_changed_lines
from source import Mutation, SourceError, mutations_of
from workshop import Judge, Verdict, judge_all, now

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = [
    "bareheap/parts/granule_map.hpp",
    "bareheap/parts/segregated_bins.hpp",
    "bareheap/parts/granule_moves.hpp",
    "bareheap/parts/granule_space.hpp",
    "bareheap/parts/granule_walk.hpp",
    "bareheap/parts/granule_audit.hpp",
    "bareheap/parts/granule_stock.hpp",
    "bareheap/engines/real_time_heap.hpp",
    "bareheap/engines/granule_heap.hpp",
]
Reasons = dict[tuple[str, str, str, str], str]  # of mutations that nobody can notice, by Mutation.key
OUTCOMES = ("caught", "survived", "equivalent", "does not compile")


class Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise SourceError(message)


def arguments_of(words: Sequence[str]) -> argparse.Namespace:
    parser = Arguments(description=__doc__.partition("\n")[0], allow_abbrev=False)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--count", type=int, default=50, help="how many mutations, picked by the seed (50)")
    which.add_argument("--all", action="store_true", help="every mutation there is")
    parser.add_argument("--list", action="store_true", help="prints the mutations and judges none")
    parser.add_argument("--seed", type=int, default=1, help="another seed picks others (1)")
    parser.add_argument("--file", action="append", metavar="HEADER", help="a header, by its path in --include")
    parser.add_argument("--changed", metavar="REVISION", help="only of lines that are new since, or stand elsewhere")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes each verdict there")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="PERCENT", help="fails where fewer are caught")
    parser.add_argument("--include", type=Path, default=ROOT / "include", help="the folder of the headers")
    parser.add_argument("--judge", type=Path, default=HERE, help="the folder of the judge's sources")
    parser.add_argument("--equivalent", type=Path, default=HERE / "equivalent.toml",
                        help="the mutations that change nothing that counts, with reasons")  # fmt: skip
    given = parser.parse_args(words)
    if given.count < 1 or given.jobs < 1:
        raise SourceError("--count and --jobs are at least 1")
    if not (sources := sorted(given.judge.glob("*.cpp"))):
        raise SourceError(f"there is no judge in {given.judge}")
    given.judge = [source.resolve() for source in sources]
    given.include = given.include.resolve()
    given.file = given.file or FILES
    return given


def reasons_of(path: Path) -> Reasons:
    """The mutations that nobody can notice, by file, function and lines."""
    try:
        groups = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
        return {(group["file"], function, before, after): group["reason"]
                for group in groups for function, before, *afters in group["mutations"]
                for after in afters}  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{path} is no list of equivalent mutations: {error!r}") from error


def picked(mutations: Sequence[Mutation], seed: int, count: int) -> list[Mutation]:
    """By what is changed and not by where it stands: a sample keeps most of its members when the headers change."""

    def rank(mutation: Mutation) -> bytes:
        return hashlib.sha256(repr((seed, *mutation.key)).encode()).digest()

    chosen = set(sorted(mutations, key=rank)[:count])
    return [mutation for mutation in mutations if mutation in chosen]


def show_progress(done: int, of: int, missed: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of}, {missed} not caught", end="\n" if done == of else "", file=sys.stderr, flush=True)
    elif done % 100 == 0:
        print(f"{done} of {of}, {missed} not caught", file=sys.stderr, flush=True)


def describe(mutation: Mutation, verdict: Verdict) -> str:
    return (f"{verdict.outcome}: {mutation.file}:{mutation.line}, {mutation.function}, {mutation.kind}\n"
            f"  - {mutation.before}\n  + {mutation.after}")  # fmt: skip


def share(counts: Counter[str]) -> float:
    """Percent of those that could be noticed."""
    judged = counts["caught"] + counts["survived"]
    return 100 * counts["caught"] / judged if judged else 100.0


def table(results: Sequence[tuple[Mutation, Verdict]]) -> str:
    files = dict.fromkeys(mutation.file for mutation, _ in results)
    counts = {file: Counter(verdict.outcome for one, verdict in results if one.file == file) for file in files}
    counts["all"] = Counter(verdict.outcome for _, verdict in results)
    lines = [f"{'':38}" + "".join(f"{outcome:>18}" for outcome in OUTCOMES) + f"{'score':>9}"]
    for file, count in counts.items():
        lines.append(f"{file:38}" + "".join(f"{count[outcome]:18}" for outcome in OUTCOMES) + f"{share(count):7.1f} %")
    return "\n".join(lines)


def judged(
    given: argparse.Namespace, mutations: Sequence[Mutation], reasons: Reasons
) -> list[tuple[Mutation, Verdict]]:
    """One by one; what the list of equivalents explains is tried as well, since the list may be wrong."""
    results: list[tuple[Mutation, Verdict]] = []
    missed = 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        judge = Judge(given.include, given.judge, Path(folder), given.file)
        for mutation, verdict in judge_all(judge, mutations, given.jobs):
            reason = reasons.get(mutation.key)
            if reason is not None and verdict.outcome == "survived":
                verdict = Verdict("equivalent", reason)
            elif reason is not None and verdict.outcome == "caught":
                print("the list of equivalents is wrong: " + describe(mutation, verdict))
            missed += verdict.outcome == "survived"
            results.append((mutation, verdict))
            show_progress(len(results), len(mutations), missed)
    return results


def run(words: Sequence[str]) -> int:
    given = arguments_of(words)
    reasons = reasons_of(given.equivalent)
    every = list(mutations_of(given.include, given.file))
    asked = every if given.changed is None else of_changed_lines(every, given.include, given.changed)
    chosen = asked if given.all else picked(asked, given.seed, given.count)
    of_which = "" if given.changed is None else f", {len(asked)} of lines changed since {given.changed}"
    if given.list:
        print("\n".join(describe(mutation, Verdict("possible")) for mutation in chosen))
        return 0
    results = judged(given, chosen, reasons)
    for mutation, verdict in results:
        if verdict.outcome == "survived":
            print(describe(mutation, verdict))
    print(table(results))
    if given.all and (unknown := set(reasons) - {mutation.key for mutation in every}):
        title = f"{len(unknown)} entries of the list of equivalents are of no mutation that there is:"
        print(title, *sorted(unknown), sep="\n  ")
    print(f"{len(chosen)} of {len(every)} mutations{of_which}, {now():.0f} CPU seconds")
    if given.json is not None:
        rows = [vars(mutation) | vars(verdict) for mutation, verdict in results]
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if share(Counter(verdict.outcome for _, verdict in results)) >= given.at_least else 1


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except SourceError as error:
        print(f"mutate.py: {error}", file=sys.stderr)
        sys.exit(2)
