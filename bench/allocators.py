# SPDX-License-Identifier: MIT
"""What takes part: the engines, and the allocators of others that are on this machine."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "tools/packages"
WORD = "bench"  # of the packages in tools/packages that are measured here
LIMIT = 1800.0  # seconds, for one command: a memory replay may take a minute for each heap


class BenchError(Exception):
    """What went wrong, as one sentence."""


@dataclass(frozen=True)
class Programs:
    """The programs of a build that measure."""

    build: Path

    @property
    def replay(self) -> Path:
        return self.build / "tools/bareheap/bareheap"

    def of_bench(self, name: str) -> Path:
        return self.build / f"bench/{name}/bareheap-{name}"

    def demand(self) -> None:
        for program in (self.replay, *map(self.of_bench, ("synthetic", "efficiency", "threads"))):
            if not program.is_file():
                raise BenchError(f"{program} is not there; cmake --preset host && cmake --build --preset host makes it")


def output_of(command: Sequence[str | Path], library: str = "") -> str:
    """What a program prints, with a library loaded first. Raises BenchError with the end of what it complained of."""
    words = [str(word) for word in command]
    environment = os.environ | ({"LD_PRELOAD": library} if library else {})
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{shlex.join(words)} did not run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().rpartition("\n")[2].removeprefix("bareheap: ").rstrip(".")
        raise BenchError(said or f"{shlex.join(words)} ended with status {done.returncode}")
    return done.stdout


def listed_heaps(programs: Programs) -> tuple[list[str], list[str]]:
    """The engines, and the names of others' allocators, that the replay knows."""
    ours, others = output_of([programs.replay, "replay", "--list-heaps"]).split("Allocators of others", 1)
    engines = [line.strip() for line in ours.splitlines() if line.startswith("  ") and "+" not in line]
    return engines, [line.strip() for line in others.splitlines() if line.startswith("  ")]


@dataclass
class Field:
    """The engines and the allocators that take part."""

    ours: list[str]
    others: list[str] = field(default_factory=list)
    libraries: dict[str, str] = field(default_factory=dict)  # of the others, where one is loaded
    missing: dict[str, str] = field(default_factory=dict)  # name and sentence

    def without(self, left_out: dict[str, str]) -> Field:
        """The same without some, whose sentences join those of the missing."""
        others = [name for name in self.others if name not in left_out]
        return replace(self, others=others, missing=self.missing | left_out)

    def replay_options(self) -> list[str]:
        return [f"--heap={name}" for name in self.ours] + [f"--malloc={name}" for name in self.others]


def find_library(programs: Programs, name: str, trace: Path) -> str:
    """Tries an allocator on a small trace. Answers its library; nothing for one that is linked. Raises BenchError."""
    command = [programs.replay, "replay", trace, "--rounds=1", "--seconds=5", "--json", f"--malloc={name}"]
    rows = json.loads(output_of(command))["results"]
    return next((row["library"] for row in rows if "library" in row), "")


def find_field(programs: Programs, trace: Path, heaps: Sequence[str], mallocs: Sequence[str]) -> Field:
    """Those named, or all that are here. Raises BenchError where one that was named is not known or not here."""
    ours, others = listed_heaps(programs)
    for name in heaps:
        if name not in ours:
            raise BenchError(f"there is no engine {name}; bareheap replay --list-heaps tells which there are")
    found = Field([name for name in ours if not heaps or name in heaps])
    for name in mallocs or others:
        try:
            library = find_library(programs, name, trace)
        except BenchError as error:
            if mallocs:
                raise
            found.missing[name] = str(error)
            continue
        found.others.append(name)
        if library:
            found.libraries[name] = library
    return found


def countable(programs: Programs, found: Field, trace: Path) -> Field:
    """Without those that do not run under the tool that counts instructions."""
    left_out: dict[str, str] = {}
    for name in found.others:
        try:
            output_of([programs.replay, "replay", trace, "--instructions", "--seconds=1", f"--malloc={name}"])
        except BenchError as error:
            left_out[name] = f"under the tool that counts instructions: {error}"
    return found.without(left_out)


def packages() -> list[str]:
    """The packages of tools/packages that hold what is measured, or draw it."""
    lines = (line.partition("#")[0].split() for line in PACKAGES.read_text(encoding="utf-8").splitlines())
    return [words[0] for words in lines if WORD in words[1:]]


def versions() -> dict[str, str]:
    """Of the installed ones."""
    query = ["dpkg-query", "-W", "-f=${Package} ${Version} ${db:Status-Status}\n", *packages()]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:
        return {}
    return {words[0]: words[1] for words in map(str.split, lines) if words[2:] == ["installed"]}


def machine() -> dict[str, str | int]:
    """Where it was measured; no name of the machine."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "cpu": cpu[1].strip() if cpu else platform.machine(),
        "cpus": os.cpu_count() or 1,
        "system": system[1] if system else platform.system(),
    }
