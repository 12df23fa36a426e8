#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the engines and the allocators that Debian packages on the same work, and stores the results.

    bench/run.py                          the programs for tuning, the synthetic loads, and all that is measured
    bench/run.py --judge                  the programs for judging too
    bench/run.py --only time threads      part of it; other stored results stay, and bench/tables.py says what differs
    bench/run.py --quick                  one round of little, for a first look; goes to out/bench
    bench/run.py --heap page-heap --malloc glibc --traces my/traces --out my/results

Afterwards bench/plot.py draws the pictures, and bench/tables.py writes the tables into bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import allocators
import results
from allocators import ROOT, BenchError, Field, Programs, output_of
from results import KINDS, Report, Row

TRACES = ROOT / "bench/traces/library"
QUICK_LOADS = ("fifo",)
REGIONS = (64 << 10, 1 << 20)  # bytes, for the efficiency
THREADS = (1, 2, 4)


@dataclass(frozen=True)
class Effort:
    """How long it is measured."""

    rounds: int
    seconds: dict[str, float]  # that one figure may take, by kind
    steps: int  # of each thread of a load with several
    seeds: int


FULL = Effort(7, {"time": 3, "memory": 10, "memory_8": 10, "instructions": 2, "sweep": 1}, 1_000_000, 200)
QUICK = Effort(1, {"time": 0.5, "memory": 0.5, "memory_8": 0.5, "instructions": 0.2, "sweep": 0.2}, 2_000, 5)


@dataclass(frozen=True)
class Load:
    file: Path
    half: str  # tuning, judging, recorded (not in the table of programs), or synthetic

    @property
    def name(self) -> str:
        return self.file.name.removesuffix(".trace")


@dataclass
class Bench:
    """All that the measurements need."""

    programs: Programs
    field: Field
    loads: list[Load]
    effort: Effort
    quick: bool
    failures: list[str] = field(default_factory=list)

    def about(self) -> Row:
        return {
            "machine": allocators.machine(),
            "packages": allocators.versions(),
            "ours": self.field.ours,
            "others": self.field.others,
            "missing": self.field.missing,
        }

    def peak_of(self, load: Load) -> int:
        """Bytes that live at most."""
        return int(json.loads(output_of([self.programs.replay, "show", "--json", load.file]))[0]["peak"]["bytes"])

    def countable(self) -> Bench:
        """The same for counting instructions."""
        return replace(self, field=allocators.countable(self.programs, self.field, self.loads[-1].file))


Step = tuple[str, Callable[[], None]]


def replay_steps(bench: Bench, kind: str, report: Report) -> Iterator[Step]:
    """One for each load: the replay adds its rows to the report."""
    field, effort = bench.field, bench.effort
    options = ["--json", f"--seconds={effort.seconds[kind]}", f"--rounds={effort.rounds if kind == 'time' else 1}"]
    options += ["--memory", "--alignment=8"] if kind == "memory_8" else [f"--{kind}"]
    of_engines = kind in ("sweep", "memory_8")
    options += [option for option in field.replay_options() if not of_engines or option.startswith("--heap")]

    def replay(load: Load) -> None:
        said = json.loads(output_of([bench.programs.replay, "replay", load.file, *options]))
        report["options"] = said["options"]
        report["traces"] += [{**row, "half": load.half} for row in said["traces"]]
        report["results"] += [{name: row[name] for name in row if name != "library"} for row in said["results"]]

    report["traces"] = []
    report["results"] = []
    for load in bench.loads:
        if of_engines and load.half == "synthetic":
            continue
        if kind != "memory_8" or bench.peak_of(load) <= results.SMALL[1]:
            yield load.name, lambda load=load: replay(load)


def thread_steps(bench: Bench, report: Report) -> Iterator[Step]:
    """All heaps take turns in each round. Of each case and heap the lowest CPU time is kept, the lowest wall time, and
    the largest share of calls that took a lock."""
    program = bench.programs.of_bench("threads")
    shared = output_of([program, "--list-heaps"]).split()
    linked = [name for name in bench.field.others if name in bench.field.libraries or name == "glibc"]
    heaps = [results.Threads.LOOP, *(name for name in bench.field.ours if name in shared), *linked]
    best: dict[tuple[str, int, str], Row] = {}

    def measure(load: str, threads: int, heap: str) -> None:
        command = [program, load, f"--threads={threads}", f"--steps={bench.effort.steps}"]
        command += [f"--heap={'malloc' if heap in linked else heap}"]
        row = json.loads(output_of(command, bench.field.libraries.get(heap, ""))) | {"heap": heap}
        before = best.setdefault((load, threads, heap), row)
        for figure, choose in (("ns_cpu", min), ("ns_wall", min), ("locks", max)):
            if figure in row:
                before[figure] = choose(before[figure], row[figure])
        report["results"] = list(best.values())

    def measure_all(load: str, threads: int) -> None:
        failed = []
        for heap in heaps:
            try:
                measure(load, threads, heap)
            except BenchError as error:
                failed.append(f"{heap}: {error}")
        if failed:
            raise BenchError("; ".join(failed))

    report["results"] = []
    for number in range(1, min(5, bench.effort.rounds) + 1):
        for load in output_of([program, "--list-loads"]).split():
            for threads in THREADS:
                what = f"{load}, {threads} thread(s), round {number}"
                yield what, lambda load=load, threads=threads: measure_all(load, threads)


def efficiency_steps(bench: Bench, report: Report) -> Iterator[Step]:
    """Only engines: none of the others can be given a region."""
    program = bench.programs.of_bench("efficiency")

    def measure(region: int) -> None:
        said = json.loads(output_of([program, f"--region={region}", f"--seeds={bench.effort.seeds}"]))
        common = {"region_bytes": said["region_bytes"], "seeds": said["seeds"]}
        for row in said["heaps"]:
            too_large = row["heap"].startswith(results.SMALL_ENGINES) and region > results.ROOM_OF_SMALL_ENGINES
            if row["heap"] in bench.field.ours and not too_large:
                report["results"].append({**row, **common})

    report["results"] = []
    for region in REGIONS:
        yield f"{region >> 10} KiB", lambda region=region: measure(region)


def board_steps(bench: Bench, report: Report) -> Iterator[Step]:
    """The kernels have to be built: bench/boards/README.md."""
    report["results"] = []

    def measure(board: str) -> None:
        builds = bench.programs.build.absolute().parent
        command = [sys.executable, ROOT / "bench/boards/bench.py", "--board", board, "--builds", builds]
        said = json.loads(output_of(command + (["--short"] if bench.quick else [])))
        report["results"] += [{"board": board, **row} for row in said["boards"][board]["results"]]

    for board in ("raspi3b", "riscv64", "x86_64"):
        yield board, lambda board=board: measure(board)


def steps_of(bench: Bench, kind: str, report: Report) -> list[Step]:
    if kind == "threads":
        return list(thread_steps(bench, report))
    if kind == "efficiency":
        return list(efficiency_steps(bench, report))
    return list(board_steps(bench, report) if kind == "boards" else replay_steps(bench, kind, report))


def measure(bench: Bench, kinds: Sequence[str], folder: Path) -> None:
    """All steps. A step that fails is told of, and the others are done; each kind is stored when it is done."""
    benches = {kind: bench.countable() if kind == "instructions" else bench for kind in kinds}
    reports: dict[str, Report] = {kind: {"about": benches[kind].about()} for kind in kinds}
    steps = {kind: steps_of(benches[kind], kind, reports[kind]) for kind in kinds}
    count = sum(map(len, steps.values()))
    done = 0
    begun = time.monotonic()
    for kind in kinds:
        for what, action in steps[kind]:
            done += 1
            print(f"[{done:{len(str(count))}}/{count}] {kind:12} {what}", end="", flush=True)
            try:
                action()
            except BenchError as error:
                bench.failures.append(f"{kind} of {what}: {error}")
                print(" failed", end="")
            print(f"   {time.monotonic() - begun:.0f} s in all", flush=True)
        if reports[kind]["results"]:
            results.store(folder, kind, reports[kind])


def recorded(folder: Path, judge: bool) -> list[Load]:
    """The traces of a folder, those for judging if asked. Which are: bench/traces/programs.toml."""
    table = tomllib.loads((ROOT / "bench/traces/programs.toml").read_text(encoding="utf-8"))
    loads = []
    for file in sorted(folder.glob("*.trace")):
        load = Load(file, table.get(file.name.removesuffix(".trace"), {"use": "recorded"})["use"])
        if judge or load.half != "judging":
            loads.append(load)
    return loads


def write_synthetic(programs: Programs, quick: bool, folder: Path) -> list[Load]:
    names = QUICK_LOADS if quick else output_of([programs.of_bench("synthetic"), "--list"]).split()
    loads = [Load(folder / f"{name}.trace", "synthetic") for name in names]
    for load in loads:
        output_of([programs.of_bench("synthetic"), load.name, "-o", load.file])
    return loads


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*KINDS, "worst"),
        metavar="KIND",
        help=f"{', '.join(KINDS)}, or worst (part of instructions)",
    )
    parser.add_argument("--judge", action="store_true", help="the programs for judging too")
    parser.add_argument("--quick", action="store_true", help="one round of little")
    parser.add_argument("--traces", type=Path, default=TRACES, metavar="FOLDER", help="of recorded programs")
    parser.add_argument("--heap", action="append", default=[], help="only this engine; may be given again")
    parser.add_argument("--malloc", action="append", default=[], help="only this one of the others; may be given again")
    parser.add_argument("--build", type=Path, default=ROOT / "build/host", metavar="FOLDER", help="with the programs")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the results go (default: bench/results)")
    options = parser.parse_args(arguments)
    if not options.traces.is_dir() and options.traces != TRACES:
        parser.error(f"there is no folder {options.traces}")
    part = options.heap or options.malloc or options.traces != TRACES
    if part and not options.out and not options.quick:
        parser.error("--heap, --malloc and --traces measure a part: --out FOLDER tells where to, beside bench/results")
    options.out = options.out or (ROOT / "out/bench" if options.quick else results.RESULTS)
    wanted = ["instructions" if kind == "worst" else kind for kind in options.only or KINDS]
    options.only = [kind for kind in KINDS if kind in wanted]
    return options


def tell_field(found: Field) -> None:
    print(f"engines: {', '.join(found.ours)}\nallocators of others: {', '.join(found.others) or 'none'}")
    for name, why in found.missing.items():
        print(f"  {name} does not take part: {why}")
    absent = [name for name in allocators.packages() if name not in allocators.versions()]
    if absent:
        print(f"  to have more of them: apt-get install --no-install-recommends {' '.join(absent)}")


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    programs = Programs(options.build)
    programs.demand()
    with tempfile.TemporaryDirectory(prefix="bareheap-bench-") as folder:
        synthetic = write_synthetic(programs, options.quick, Path(folder))
        loads = recorded(options.traces, options.judge) + synthetic
        found = allocators.find_field(programs, synthetic[0].file, options.heap, options.malloc)
        tell_field(found)
        bench = Bench(programs, found, loads, QUICK if options.quick else FULL, options.quick)
        measure(bench, options.only, options.out)
    print(f"The results are in {options.out}.")
    for failure in bench.failures:
        print(f"run.py: {failure}.", file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as trouble:
        sys.exit(f"run.py: {trouble}.")
    except KeyboardInterrupt:
        sys.exit(130)
