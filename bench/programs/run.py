#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures real programs under libbareheap-malloc.so and under the allocators that Debian packages: wall time, CPU time
of all threads and processes, and the peak of resident pages. The programs are those of tests/programs that have an
amount for the bench.

    bench/programs/run.py                              all of them; takes five minutes
    bench/programs/run.py --only perl jq --rounds 3 --out out/bench
    bench/programs/run.py --malloc mimalloc --library my/libbareheap-malloc.so --out out/bench

Afterwards bench/programs/page.py writes the tables into docs/real_programs.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/programs")]

import allocators  # noqa: E402
import execution  # noqa: E402
import programs  # noqa: E402
import results  # noqa: E402
from execution import Taken  # noqa: E402
from programs import Program  # noqa: E402
from real_programs import ExecutionError, require_packages, run_as_command  # noqa: E402

OURS = "bareheap-malloc"
BUILT = ROOT / "build/host/drop_in/libbareheap-malloc.so"
SCUDO = "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.scudo_standalone-x86_64.so"
OTHERS = {  # name and what is loaded; nothing for the one that programs have without
    "glibc": "",
    "mimalloc": "libmimalloc.so.2.0",
    "jemalloc": "libjemalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "tbbmalloc": "libtbbmalloc_proxy.so.2",
    "scudo": SCUDO,
}


def why_not(library: str) -> str:
    """The sentence with which the loader refuses a library; nothing where it takes it."""
    command = ["env", f"LD_PRELOAD={library}", "true"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
    return said.splitlines()[0].replace(library, Path(library).name).rstrip(".") if said else ""


def measure(program: Program, heaps: dict[str, str], rounds: int) -> list[results.Row]:
    """The heaps take turns, and begin with another one in each round, after one that does not count. Raises
    ExecutionError where an answer is another one than without a library."""
    rows: dict[str, results.Row] = {
        heap: {"program": program.name, "heap": heap, "wall": [], "cpu": [], "peak": []} for heap in heaps
    }
    with tempfile.TemporaryDirectory(prefix="bareheap-programs-") as name:
        scratch = Path(name)
        execution.prepare(program, "bench", scratch / "prepared")
        wanted = execution.run(program, "bench", scratch / "prepared", scratch, "").answer
        order = list(heaps)
        for _ in range(rounds):
            for heap in order:
                found = execution.run(program, "bench", scratch / "prepared", scratch, heaps[heap])
                if difference := found.answer.difference(wanted):
                    raise ExecutionError(f"with {heap}, {difference}")
                store(rows[heap], found.taken)
            order = order[1:] + order[:1]
    return list(rows.values())


def store(row: results.Row, taken: Taken) -> None:
    for figure in ("wall", "cpu", "peak"):
        row[figure].append(getattr(taken, figure))


def parse(arguments: Sequence[str], table: dict[str, Program]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(table), default=list(table), metavar="NAME")
    parser.add_argument("--malloc", action="append", choices=list(OTHERS), help="only this one of the others")
    parser.add_argument("--library", type=Path, default=BUILT, metavar="FILE", help="ours")
    parser.add_argument("--rounds", type=int, default=5, help="of each program under each heap (5)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the results go (default: bench/results)")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds wants 1 or more")
    if not options.library.is_file():
        parser.error(f"there is no {options.library}; cmake --preset host && cmake --build --preset host makes it")
    if (len(options.only) < len(table) or options.malloc) and not options.out:
        parser.error("--only and --malloc measure a part: --out FOLDER tells where to, beside bench/results")
    options.out = options.out or results.RESULTS
    return options


def main(arguments: Sequence[str]) -> int:
    table = {name: program for name, program in programs.load().items() if "bench" in program.amounts}
    options = parse(arguments, table)
    chosen = [table[name] for name in options.only]
    require_packages(chosen)
    refused = {name: why_not(OTHERS[name]) for name in options.malloc or OTHERS}
    others = [name for name, why in refused.items() if not why]
    missing_heaps = {name: why for name, why in refused.items() if why}
    for name, why in missing_heaps.items():
        print(f"{name} does not take part: {why}")
    about = {"machine": allocators.machine(), "packages": allocators.versions()}
    about |= {"ours": [OURS], "others": others, "missing": missing_heaps}
    heaps = {OURS: str(options.library.resolve())} | {name: OTHERS[name] for name in others}
    report: results.Report = {"about": about, "programs": [], "results": []}
    for number, program in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {program.name}", flush=True)
        report["results"] += measure(program, heaps, options.rounds)
        report["programs"].append({"program": program.name, "amount": program.amounts["bench"]})
    results.store(options.out, "programs", report)
    print(f"The results are in {options.out}.")
    return 0


if __name__ == "__main__":
    run_as_command("run.py", main)
