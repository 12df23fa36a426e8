# SPDX-License-Identifier: MIT
"""Holds what engines and wrappers may need from outside: panic() and the four memory functions, nothing else.

    python3 tests/house/needs.py

Compiles every call of every engine, and of every wrapper around one, for the host with both compilers and for the three
boards, looks at the undefined symbols of each object file, and prints the size of its code: a wrapper's is without that
of the engine. Ends with status 1 when a symbol is not allowed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "bareheap::panic(bareheap::FaultReport const&)",
    "memcpy", "memmove", "memset", "memcmp",
}  # fmt: skip

# The type of each engine and the header that defines it.
ENGINES = {
    "NullHeap": "bareheap/engines/null_heap.hpp",
    "Bump": "bareheap/engines/bump.hpp",
    "HoleList": "bareheap/engines/hole_list.hpp",
    "PageHeap": "bareheap/engines/page_heap.hpp",
    "StoryPages": "bareheap/engines/story_pages.hpp",
}

# Each wrapper around an engine that is compiled elsewhere, and the header that defines it.
WRAPPERS = {
    "Locked<HoleList, SpinWithInterruptsSaved<laws::OneCpu>>": "bareheap/wrappers/locked.hpp",
    "Counted<HoleList>": "bareheap/wrappers/counted.hpp",
    "Headered<HoleList>": "bareheap/wrappers/headered.hpp",
    "Fallback<HoleList, HoleList>": "bareheap/wrappers/fallback.hpp",
    "Checked<HoleList>": "bareheap/wrappers/checked.hpp",
    "Reserve<HoleList>": "bareheap/wrappers/reserve.hpp",
}
ENGINE_WITHIN = "bareheap::BasicHoleList<(bareheap::Carving)0>::"

# These are instantiated once, in src/engines; their calls alone would leave most of them undefined.
INSTANCES = {
    "HoleList": "template class bareheap::BasicHoleList<bareheap::Carving::front>;\n",
    "PageHeap": "template class bareheap::BasicPageHeap<16, 256, 4096>;\n",
    "StoryPages": "template class bareheap::BasicStoryPages<16, 256, 4096>;\n",
}

FLAGS = "-std=c++2b -ffreestanding -fno-exceptions -fno-rtti -Wall -Wextra -Werror -Wconversion".split()
COMPILERS = {
    "host, GCC": ["g++"],
    "host, clang": ["clang++-19"],
    "aarch64": ["clang++-19", "--target=aarch64-none-elf", "-mcpu=cortex-a53", "-mno-outline-atomics"],
    "riscv64": ["clang++-19", "--target=riscv64-none-elf", "-march=rv64imafdc", "-mabi=lp64d", "-mcmodel=medany"],
    "x86_64": ["clang++-19", "--target=x86_64-none-elf", "-mno-red-zone"],
}
BOARDS = ("aarch64", "riscv64", "x86_64")
LEVELS = ("-O0", "-Os", "-O2")
TOOLCHAIN_HEADERS = ["-nostdinc++", "-nostdlibinc", "-isystem", f"{ROOT}/src/runtime/include",
                     "-isystem", "/usr/lib/llvm-19/include/c++/v1",
                     "-isystem", "/usr/lib/picolibc/riscv64-unknown-elf/include"]  # fmt: skip


@dataclass(frozen=True)
class Case:
    heap: str
    header: str
    target: str
    level: str


def probe(case: Case) -> str:
    """A source with every call of an engine, or every function of a wrapper."""
    if case.heap in WRAPPERS:
        return ('#include "bareheap/engines/hole_list.hpp"\n#include "wrappers/one_cpu.hpp"\n'
                f'#include "{case.header}"\nnamespace bareheap {{ template class {case.heap}; }}\n')  # fmt: skip
    return (f'#include "{case.header}"\n#include "house/engine_calls.hpp"\n{INSTANCES.get(case.heap, "")}'
            f"template struct bareheap::house::EngineCalls<bareheap::{case.heap}>;\n")  # fmt: skip


def compile_case(case: Case, folder: Path) -> Path:
    """The probe's object file; CalledProcessError where it does not compile."""
    name = "-".join((short(case.heap), case.target.replace(", ", "_"), case.level.strip("-")))
    source = folder / f"{name}.cpp"
    source.write_text(probe(case), encoding="utf-8")
    command = [*COMPILERS[case.target], *FLAGS, case.level, f"-I{ROOT}/include", f"-I{ROOT}/tests"]
    command += [] if case.target.startswith("host") else TOOLCHAIN_HEADERS
    output = source.with_suffix(".o")
    subprocess.run([*command, "-c", str(source), "-o", str(output)], check=True)
    return output


def short(heap: str) -> str:
    """Its name without what it is made of."""
    return heap.split("<")[0]


def tool_output(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def forbidden_needs(output: Path) -> list[str]:
    names = [line.split(" U ", 1)[1].strip() for line in tool_output("llvm-nm-19", "-uC", str(output)) if " U " in line]
    return sorted(name for name in set(names) - ALLOWED if not name.startswith(ENGINE_WITHIN))


def text_size(output: Path) -> int:
    """Bytes of code: every section that is loaded and executed."""
    rows = [line.split() for line in tool_output("llvm-size-19", "-A", str(output))]
    return sum(int(row[1]) for row in rows if row and row[0].startswith(".text"))


def check(heaps: dict[str, str], levels: tuple[str, ...] = LEVELS) -> tuple[list[str], dict[tuple[str, str], int]]:
    """The complaints, and the size of each heap at -Os for each target."""
    complaints: list[str] = []
    sizes: dict[tuple[str, str], int] = {}
    cases = [Case(heap, header, target, level)
             for heap, header in heaps.items() for target in COMPILERS for level in levels]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for case, output in zip(cases, pool.map(lambda case: compile_case(case, Path(folder)), cases)):
            for need in forbidden_needs(output):
                complaints.append(f"{case.heap} for {case.target} at {case.level} needs {need}")
            if case.level == "-Os":
                sizes[short(case.heap), case.target] = text_size(output)
    return complaints, sizes


def print_sizes(sizes: dict[tuple[str, str], int]) -> None:
    """As the table in docs/engines.md."""
    print(f"| bytes of code at -Os | {' | '.join(BOARDS)} |\n| --- | --- | --- | --- |")
    for heap in dict.fromkeys(heap for heap, _ in sizes):
        print(f"| {heap} | {' | '.join(str(sizes[heap, board]) for board in BOARDS)} |")


if __name__ == "__main__":
    found, measured = check(ENGINES | WRAPPERS)
    print_sizes(measured)
    print("\n".join(found) or "No engine or wrapper needs anything but panic() and the four memory functions.")
    sys.exit(1 if found else 0)
