#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs real programs with a malloc loaded before them, and compares their answers with those of runs without it.

    tests/programs/run.py --list
    tests/programs/run.py sqlite3 perl --library build/host/drop_in/libbareheap-malloc.so
    tests/programs/run.py --long --library libmimalloc.so.2.0 --any       all of them, under another malloc

--checked FILE names a second library, for the programs whose entry says that they are run under it too.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import execution
import programs
from execution import Run
from programs import Program
from real_programs import ExecutionError, require_packages, run_as_command


def most_lent(program: Program, run: Run) -> int:
    """Bytes that the library had lent at most to the process that does the work. Raises ExecutionError: nothing."""
    name = program.counted_process()
    peaks = [re.search(rf"program={re.escape(name)}\S* .*\bpeak=(\d+)", line) for line in run.reports]
    most = max((int(peak[1]) for peak in peaks if peak), default=0)
    if most == 0:
        raise ExecutionError(f"the library lent {name} nothing; it told of {len(run.reports)} process(es)")
    return most


def proof_of_counters(program: Program, run: Run) -> str:
    return f", {most_lent(program, run):,} bytes lent or in stock at most"


def proof_of_ends(program: Program, run: Run) -> str:
    """The library that looks for misuse tells of each process that ends. Raises ExecutionError: of none."""
    ends = [line for line in run.reports if re.search(r"process \d+ ended", line)]
    if not ends:
        raise ExecutionError(f"the library told of no process of {program.name}")
    return f", the end of {len(ends)} process(es) told"


def no_proof(_: Program, __: Run) -> str:
    return ""


Proof = Callable[[Program, Run], str]
ALL_LEAKS = {"BAREHEAP_MALLOC_LEAKS": "all"}  # with which it tells of each process


def compare(program: Program, amount: str, libraries: Sequence[tuple[str, Proof]]) -> list[str]:
    """Runs it without a library, and with each. Answers a sentence for each library; raises ExecutionError."""
    sentences = []
    with tempfile.TemporaryDirectory(prefix="bareheap-programs-") as name:
        scratch = Path(name)
        execution.prepare(program, amount, scratch / "prepared")
        wanted = execution.run(program, amount, scratch / "prepared", scratch, "")
        for what, text in wanted.answer.parts.items():
            if what.startswith("the status") and text != b"0":
                raise ExecutionError(f"without a library, {what} is {text.decode()}")
        if not wanted.answer.says_something():
            raise ExecutionError("without a library it prints nothing and writes no file")
        for library, proof in libraries:
            settings = ALL_LEAKS if proof is proof_of_ends else {}
            found = execution.run(program, amount, scratch / "prepared", scratch, library, settings)
            if difference := found.answer.difference(wanted.answer):
                raise ExecutionError(f"with {Path(library).name}, {difference}")
            sentences.append(
                f"{Path(library).name}: the same answer in {len(wanted.answer.parts)} parts{proof(program, found)}; "
                f"{found.taken.cpu:.2f} s of CPU ({wanted.taken.cpu:.2f} without), "
                f"{found.taken.peak >> 20} MiB ({wanted.taken.peak >> 20} without)"
            )
    return sentences


def parse(arguments: Sequence[str], table: dict[str, Program]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of programs; all that the amount has without one")
    parser.add_argument("--library", action="append", default=[], metavar="FILE", help="a malloc; may be given again")
    parser.add_argument("--checked", action="append", default=[], metavar="FILE", help="one more for some")
    parser.add_argument("--long", action="store_true", help="what ./test long runs")
    parser.add_argument("--any", action="store_true", help="a malloc that does not tell its counters")
    parser.add_argument("--list", action="store_true", help="shows the programs of the amount, and runs nothing")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in table:
            parser.error(f"there is no program {name}; --list shows all")
    if not options.list and not options.library and not options.checked:
        parser.error("--library FILE tells which malloc is tried")
    for names in (options.library, options.checked):
        for name in names:
            if "/" in name and not Path(name).is_file():
                parser.error(f"there is no library '{name}'")
        names[:] = [str(Path(name).resolve()) if Path(name).is_file() else name for name in names]
    return options


def main(arguments: Sequence[str]) -> int:
    table = programs.load()
    options = parse(arguments, table)
    amount = "long" if options.long else "short"
    chosen = [table[name] for name in options.names] or [each for each in table.values() if amount in each.amounts]
    if options.list:
        for program in chosen:
            print(f"{program.name:14} {program.does}")
        return 0
    require_packages(chosen)
    failed = 0
    for program in chosen:
        begun = time.monotonic()
        libraries = [(file, no_proof if options.any else proof_of_counters) for file in options.library]
        libraries += [(file, proof_of_ends) for file in options.checked if program.checked]
        try:
            if amount not in program.amounts:
                raise ExecutionError("only --long runs it")
            sentences = compare(program, amount, libraries)
        except ExecutionError as error:
            failed += 1
            sentences = [f"failed: {error}"]
        for sentence in sentences:
            print(f"{program.name}: {sentence}.", flush=True)
        print(f"{program.name}: {time.monotonic() - begun:.1f} s in all.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    run_as_command("run.py", main)
