#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of malloc and its relatives in real programs, by Valgrind's callgrind: those of the function
itself, which are all that there are where a stock serves, and with all that it calls. They are nearly the same in each
run, whatever else the machine does.

    bench/programs/instructions.py                     perl, python3, jq and sqlite3, each with its short amount
    bench/programs/instructions.py perl --malloc mimalloc --malloc tcmalloc
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench/programs"), str(ROOT / "tests/programs")]

import execution  # noqa: E402
import programs  # noqa: E402
from programs import Program  # noqa: E402
from real_programs import ENVIRONMENT, ExecutionError, require_packages, run_as_command  # noqa: E402

OURS = "bareheap-malloc"
BUILT = ROOT / "build/host/drop_in/libbareheap-malloc.so"
OTHERS = {
    "glibc": "",
    "mimalloc": "libmimalloc.so.2.0",
    "jemalloc": "libjemalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
}
NAMES = ("malloc", "free", "realloc", "calloc")
USUAL = ("perl", "python3", "jq", "sqlite3")  # one process, and one thread


class Profile:
    """What a run of callgrind tells of its functions, by name; of several with one name it is the sum."""

    def __init__(self) -> None:
        self.total = 0
        self.calls: Counter[str] = Counter()
        self.own: Counter[str] = Counter()
        self.below: Counter[str] = Counter()  # in what it calls

    def per_call(self, name: str) -> str:
        """Own instructions, and all."""
        calls = self.calls[name]
        if calls == 0:
            return "-"
        return f"{self.own[name] / calls:.1f} ({(self.own[name] + self.below[name]) / calls:.1f})"


def profile_of(lines: Iterable[str]) -> Profile:
    """Reads callgrind's output; the file's names of functions stand where they come first, and are numbers later."""
    profile, names = Profile(), dict[str, str]()
    caller = callee = ""
    is_call = False
    for line in lines:
        if match := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line):
            kind, number, name = match.groups()
            names.setdefault(number, name or "")
            if kind == "fn":
                caller = names[number]
            else:
                callee = names[number]
        elif match := re.match(r"calls=(\d+)", line):
            profile.calls[callee] += int(match[1])
            is_call = True
        elif match := re.match(r"[-+*\d]\S* (\d+)$", line):
            (profile.below if is_call else profile.own)[caller] += int(match[1])
            profile.total += 0 if is_call else int(match[1])
            is_call = False
    return profile


def measure(program: Program, library: str) -> Profile:
    """Of the first command. Raises ExecutionError where it does not succeed."""
    with tempfile.TemporaryDirectory(prefix="bareheap-instructions-") as name:
        folder, file = Path(name) / "here", Path(name) / "profile"
        execution.prepare(program, "short", folder)
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}"]
        command += program.words(program.commands[0], "short")
        loaded = {"LD_PRELOAD": library} if library else {}
        environment = ENVIRONMENT | program.environment | loaded
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode != 0 or not file.is_file():
            said = done.stderr.decode(errors="replace").strip()[-400:]
            raise ExecutionError(f"{program.name} did not run under callgrind: {said}")
        with file.open(encoding="utf-8", errors="replace") as lines:
            return profile_of(lines)


def main(arguments: Sequence[str]) -> int:
    table = programs.load()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", default=list(USUAL), metavar="PROGRAM", help=", ".join(USUAL))
    parser.add_argument("--malloc", action="append", default=[], choices=list(OTHERS),
                        help="this one of the others too")
    parser.add_argument("--library", type=Path, default=BUILT, metavar="FILE", help="ours")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.programs if name not in USUAL]:
        parser.error(f"{unknown[0]} is none of {', '.join(USUAL)}")
    if not options.library.is_file():
        parser.error(f"there is no {options.library}; cmake --preset host && cmake --build --preset host makes it")
    require_packages(table[name] for name in options.programs)
    heaps = {OURS: str(options.library.resolve())} | {name: OTHERS[name] for name in options.malloc}
    print(f"{'':26}{'all':>15}" + "".join(f"{name:>17}" for name in NAMES))
    for program in options.programs:
        for heap, library in heaps.items():
            profile = measure(table[program], library)
            figures = "".join(f"{profile.per_call(name):>17}" for name in NAMES)
            print(f"{program:9}{heap:17}{profile.total:15,}{figures}", flush=True)
    return 0


if __name__ == "__main__":
    run_as_command("instructions.py", main)
