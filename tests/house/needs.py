# SPDX-License-Identifier: MIT
"""Holds what engines and wrappers may need from outside: panic() and the four memory functions, nothing else.

    python3 tests/house/needs.py

Compiles every call of every engine, and of every wrapper around one, for the host with both compilers and for the three
boards, looks at the undefined symbols of each object file, and prints the size of its code: a wrapper's is without that
of the engine. Then what the real-time heaps take on a microcontroller. Ends with status 1 when a symbol is not allowed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

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
    "RealTimeHeap": "bareheap/engines/real_time_heap.hpp",
    "SmallRealTimeHeap": "bareheap/engines/real_time_heap.hpp",
    "GranuleHeap": "bareheap/engines/granule_heap.hpp",
    "SmallGranuleHeap": "bareheap/engines/granule_heap.hpp",
}

# Each wrapper around an engine that is compiled elsewhere, and the header that defines it.
WRAPPERS = {
    "Locked<HoleList, SpinWithInterruptsSaved<laws::OneCpu>>": "bareheap/wrappers/locked.hpp",
    "Counted<HoleList>": "bareheap/wrappers/counted.hpp",
    "Headered<HoleList>": "bareheap/wrappers/headered.hpp",
    "Fallback<HoleList, HoleList>": "bareheap/wrappers/fallback.hpp",
    "Checked<HoleList>": "bareheap/wrappers/checked.hpp",
    "Reserve<HoleList>": "bareheap/wrappers/reserve.hpp",
    "Traced<HoleList, laws::NoSink>": "bareheap/wrappers/traced.hpp",
    "CpuCached<GranuleHeap, laws::OneOfFour<Recall::by_interrupt>>": "bareheap/wrappers/cpu_cached.hpp",
}
ENGINE_WITHIN = "bareheap::BasicHoleList<(bareheap::Carving)0>::"

# These are instantiated once, in src/engines; their calls alone would leave most of them undefined.
INSTANCES = {
    "HoleList": "template class bareheap::BasicHoleList<bareheap::Carving::front>;\n",
    "PageHeap": "template class bareheap::BasicPageHeap<16, 256, 4096>;\n",
    "StoryPages": "template class bareheap::BasicStoryPages<16, 256, 4096>;\n",
    "RealTimeHeap": "template class bareheap::BasicRealTimeHeap<std::uint32_t>;\n",
    "SmallRealTimeHeap": "template class bareheap::BasicRealTimeHeap<std::uint16_t>;\n",
    "GranuleHeap": "template class bareheap::BasicGranuleHeap<std::uint32_t>;\n",
    "SmallGranuleHeap": "template class bareheap::BasicGranuleHeap<std::uint16_t>;\n",
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
# Levels that hardly anybody has for a target: kernels are built with -Os, programs with -O2. What clang makes for the
# host differs little from what it makes for x86_64, and at -O0 what a heap needs is the same for every board.
RARE = {"host, GCC": ("-Os",), "host, clang": LEVELS, "aarch64": ("-O2",), "riscv64": ("-O0", "-O2"),
        "x86_64": ("-O0", "-O2")}  # fmt: skip
TOOLCHAIN_HEADERS = ["-nostdinc++", "-nostdlibinc", "-isystem", f"{ROOT}/src/runtime/include",
                     "-isystem", "/usr/lib/llvm-19/include/c++/v1",
                     "-isystem", "/usr/lib/picolibc/riscv64-unknown-elf/include"]  # fmt: skip


@dataclass(frozen=True)
class Case:
    heaps: tuple[str, ...]
    target: str
    level: str


def source_of(heaps: Iterable[str], headers: dict[str, str]) -> str:
    """A source with every call of each engine, and every function of each wrapper."""
    included = ["house/engine_calls.hpp", "bareheap/engines/hole_list.hpp", "bareheap/engines/granule_heap.hpp",
                "wrappers/no_sink.hpp", "wrappers/one_cpu.hpp"]  # fmt: skip
    lines = [f'#include "{header}"' for header in [*included, *(headers[heap] for heap in heaps)]]
    for heap in heaps:
        if heap in WRAPPERS:
            lines.append(f"namespace bareheap {{ template class {heap}; }}")
        else:
            lines.append(f"{INSTANCES.get(heap, '')}template struct bareheap::house::EngineCalls<bareheap::{heap}>;")
    return "\n".join(lines) + "\n"


def compile_case(case: Case, headers: dict[str, str], folder: Path) -> Path:
    """The object file; CalledProcessError where it does not compile."""
    heaps = short(case.heaps[0]) if len(case.heaps) == 1 else "all"
    source = folder / f"{heaps}-{case.target.replace(', ', '_')}{case.level}.cpp"
    source.write_text(source_of(case.heaps, headers), encoding="utf-8")
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


def compile_all(cases: list[Case], headers: dict[str, str], judge: Callable[[Path], T]) -> list[tuple[Case, T]]:
    """What `judge` says of each object file."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        return list(zip(cases, pool.map(lambda case: judge(compile_case(case, headers, Path(folder))), cases)))


def check(heaps: dict[str, str], levels: tuple[str, ...] = LEVELS, rare: bool = True) -> list[str]:
    """The complaints. All heaps are compiled at once; where that needs too much, each by itself to tell who does.
    Without what is `rare` each target's rare levels are left out."""
    together = [Case(tuple(heaps), target, level)
                for target in COMPILERS for level in levels if rare or level not in RARE[target]]  # fmt: skip
    guilty = [case for case, needs in compile_all(together, heaps, forbidden_needs) if needs]
    alone = [Case((heap,), case.target, case.level) for case in guilty for heap in heaps]
    return [f"{case.heaps[0]} for {case.target} at {case.level} needs {need}"
            for case, needs in compile_all(alone, heaps, forbidden_needs) for need in needs]  # fmt: skip


def measure(heaps: dict[str, str], targets: tuple[str, ...] = BOARDS) -> dict[tuple[str, str], int]:
    """The size of each heap at -Os for each target."""
    cases = [Case((heap,), target, "-Os") for heap in heaps for target in targets]
    return {(short(case.heaps[0]), case.target): size for case, size in compile_all(cases, heaps, text_size)}


# What a program on a microcontroller calls at least, and one that has it, with the type that has what is not inline.
CORTEX_M4 = ["clang++-19", "--target=thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Os", "-ffunction-sections"]
CALLS = ("init", "allocate", "deallocate", "resize")
REAL_TIME = {
    "SmallRealTimeHeap": ("BasicRealTimeHeap", "unsigned short", "std::uint16_t"),
    "RealTimeHeap": ("BasicRealTimeHeap", "unsigned int", "std::uint32_t"),
}


@dataclass(frozen=True)
class Microcontroller:
    code: int  # bytes of CALLS and of what they call, but for the memory functions
    state: int  # bytes of the heap and of its state for a region of 64 KiB, but for the map


def microcontroller_source(heap: str) -> str:
    _, _, index = REAL_TIME[heap]
    bins = f"bareheap::SegregatedBins<{index}>"
    moves = f"bareheap::GranuleMoves<bareheap::GranuleMap<std::uint32_t>, {bins}>"
    record = f"sizeof(bareheap::GranuleSpace<{moves}>::Stretch)"
    heads = f"{bins}::heads_for(65536 / bareheap::{heap}::granule) * bareheap::{heap}::granule"
    state = f"sizeof(bareheap::{heap}) + {record} + {heads}"
    return (f'#include "{ENGINES[heap]}"\n{INSTANCES[heap]}'
            f"extern char state_of_heap[];\nchar state_of_heap[{state}];\n")  # fmt: skip


def measure_microcontroller(heap: str) -> Microcontroller:
    """Links the calls alone, with what they need of the heap."""
    template, index, _ = REAL_TIME[heap]
    with tempfile.TemporaryDirectory() as folder:
        source, output, linked = (Path(folder) / f"heap.{suffix}" for suffix in ("cpp", "o", "elf"))
        source.write_text(microcontroller_source(heap), encoding="utf-8")
        command = [*CORTEX_M4, *FLAGS, f"-I{ROOT}/include", *TOOLCHAIN_HEADERS, "-c", str(source), "-o", str(output)]
        subprocess.run(command, check=True)
        symbols = zip(tool_output("llvm-nm-19", "-S", str(output)), tool_output("llvm-nm-19", "-SC", str(output)))
        sizes: dict[str, int] = {}
        roots: list[str] = []
        for line, readable in symbols:
            name = line.split()[-1]
            if readable.endswith(" state_of_heap"):
                sizes["state"] = int(line.split()[1], 16)
            if any(f" bareheap::{template}<{index}>::{call}(" in readable for call in CALLS):
                roots.append(name)
        command = ["ld.lld-19", "--gc-sections", "--unresolved-symbols=ignore-all", "-e", roots[0], str(output)]
        subprocess.run([*command, *(f"--undefined={root}" for root in roots), "-o", str(linked)], check=True)
        return Microcontroller(text_size(linked), sizes["state"])


def print_microcontroller() -> None:
    for heap in REAL_TIME:
        taken = measure_microcontroller(heap)
        print(f"{heap} on a Cortex-M4 at -Os: {taken.code} bytes of code for {', '.join(CALLS)}; "
              f"{taken.state} bytes of state beside the map of a region of 64 KiB.")  # fmt: skip


def print_sizes(sizes: dict[tuple[str, str], int]) -> None:
    """As the table in docs/engines.md."""
    print(f"| bytes of code at -Os | {' | '.join(BOARDS)} |\n| --- | --- | --- | --- |")
    for heap in dict.fromkeys(heap for heap, _ in sizes):
        print(f"| {heap} | {' | '.join(str(sizes[heap, board]) for board in BOARDS)} |")


if __name__ == "__main__":
    found = check(ENGINES | WRAPPERS)
    print_sizes(measure(ENGINES | WRAPPERS))
    print_microcontroller()
    print("\n".join(found) or "No engine or wrapper needs anything but panic() and the four memory functions.")
    sys.exit(1 if found else 0)
