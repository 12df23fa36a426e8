# SPDX-License-Identifier: MIT
"""Builds the judge with a header that was changed, and lets it judge."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from source import COMPILER, Mutation, SourceError

# The judge is optimised; what is compiled for each mutation is not, since that would take longer than the run gains.
FLAGS = ["-std=c++23", "-w", "-fno-exceptions"]
WALL = 120  # seconds until a program that sleeps is ended


@dataclass(frozen=True)
class Verdict:
    """`outcome` is caught, survived or does not compile; `by` is what the judge said, or how it ended."""

    outcome: str
    by: str = ""


class Judge:
    """The judge's sources, compiled once with the headers as they are."""

    def __init__(self, include: Path, sources: Sequence[Path], folder: Path, files: Sequence[str]) -> None:
        self.include = include
        self.sources = list(sources)
        self.tests = sources[0].resolve().parents[1]
        self.folder = folder
        self.files = files
        self.needed = {source: self.compile_first(source) for source in sources}
        program = self.link(folder, {})
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        verdict = self.run(program, 60)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        if verdict.outcome != "survived":
            raise SourceError(f"the judge refuses the headers as they are: {verdict.by}")
        self.seconds = ended.ru_utime - started.ru_utime
        self.limit = 1 + int(8 * self.seconds)  # a wrong program may take longer and still end

    def compile_first(self, source: Path) -> set[str]:
        """The headers that the source needs, of those that are changed."""
        needed = self.folder / f"{source.stem}.d"
        self.compile(source, self.folder, self.include, ["-O1", "-MD", "-MF", str(needed)], must=True)
        words = {Path(word) for word in needed.read_text(encoding="utf-8").replace("\\\n", " ").split()}
        found = {file for file in self.files if self.include / file in words}
        if found:
            self.compile(source, self.folder, self.include, ["-O0"], must=True)
        return found

    def compile(self, source: Path, folder: Path, include: Path, flags: Sequence[str], must: bool = False) -> bool:
        command = [COMPILER, *FLAGS, *flags, "-I", str(include), "-I", str(self.tests), "-c", str(source),
                   "-o", str(folder / f"{source.stem}.o")]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if must and done.returncode != 0:
            raise SourceError(f"{source.name} does not compile: {(done.stderr.strip().splitlines() or ['?'])[0]}")
        return done.returncode == 0

    def link(self, folder: Path, changed: dict[Path, Path]) -> Path:
        objects = [changed.get(source, self.folder / f"{source.stem}.o") for source in self.sources]
        program = folder / "judge"
        command = [COMPILER, "-fuse-ld=lld", *map(str, objects), "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SourceError(f"the judge does not link: {(done.stderr.strip().splitlines() or ['?'])[0]}")
        return program

    def run(self, program: Path, limit: int) -> Verdict:
        """A hang counts as caught, and so does what takes all the memory."""
        command = ["prlimit", f"--cpu={limit}", "--core=0", str(program)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=WALL, check=False)
        except subprocess.TimeoutExpired:
            return Verdict("caught", "hung")
        said = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
        if done.returncode == 0:
            return Verdict("survived", said)
        return Verdict("caught", "hung" if done.returncode in (-24, -9) else said or f"signal {-done.returncode}")

    def try_one(self, mutation: Mutation, desk: Path) -> Verdict:
        """`desk` holds a copy of the headers, which is as before when this ends."""
        header = desk / "include" / mutation.file
        text = header.read_bytes()
        header.write_bytes(mutation.applied(text.decode("latin-1")).encode("latin-1"))
        changed: dict[Path, Path] = {}
        try:
            for source in self.sources:
                if mutation.file in self.needed[source]:
                    if not self.compile(source, desk, desk / "include", ["-O0"]):
                        return Verdict("does not compile")
                    changed[source] = desk / f"{source.stem}.o"
            return self.run(self.link(desk, changed), self.limit)
        finally:
            header.write_bytes(text)


def judge_all(judge: Judge, mutations: Sequence[Mutation], jobs: int) -> Iterator[tuple[Mutation, Verdict]]:
    """In the order of the mutations."""
    desks: SimpleQueue[Path] = SimpleQueue()
    for number in range(jobs):
        desk = judge.folder / f"desk{number}"
        shutil.copytree(judge.include, desk / "include")
        desks.put(desk)

    def work(mutation: Mutation) -> Verdict:
        desk = desks.get()
        try:
            return judge.try_one(mutation, desk)
        finally:
            desks.put(desk)

    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(mutations, pool.map(work, mutations), strict=True)


def now() -> float:
    """CPU seconds of this program and of all that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
