# SPDX-License-Identifier: MIT
"""Firmware whose malloc is the heap's: links it over picolibc and over newlib, sees that no other malloc gets in, and
boots it in QEMU.

    python3 tests/firmware/firmware_test.py X86_64_BUILD_FOLDER [unittest's own arguments]
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from emulator import PC, Emulator  # noqa: E402

SECONDS = 60.0  # ends a hang; a boot takes less than one
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
SECTIONS = ("-ffunction-sections", "-fdata-sections")
CPP = ("-std=c++2b", "-fno-exceptions", "-fno-rtti", "-O2", *WARNINGS, *SECTIONS)
C = ("-std=gnu11", "-O2", *WARNINGS, *SECTIONS)
LIBRARY = ("src/engines/granule_heap.cpp", "src/bindings/out_of_memory.cpp")
PROGRAM = ("tests/firmware/program.c", "tests/firmware/names.c", "tests/firmware/panic.cpp")

FAMILY = {
    "malloc", "free", "calloc", "realloc", "reallocarray", "aligned_alloc", "memalign", "posix_memalign", "valloc",
    "pvalloc", "malloc_usable_size", "free_sized", "free_aligned_sized",
}  # fmt: skip
INSIDE = {"_malloc_r", "_free_r", "_calloc_r", "_realloc_r", "_memalign_r", "_valloc_r", "_pvalloc_r",
          "_malloc_usable_size_r"}  # fmt: skip
BELOW = {"sbrk", "_sbrk", "_sbrk_r", "__malloc_lock", "__malloc_unlock"}
BY_NAME = ("malloc and memset", "pvalloc", "operator new", "free leaves errno", "the heap is sound")  # some of it

x86_64_build = Path()


@dataclass(frozen=True)
class Target:
    heap: str
    cpp: tuple[str, ...]  # the compiler and its options
    c: tuple[str, ...]
    link: tuple[str, ...]  # for the compiler of C
    parts: tuple[str, ...]  # further sources
    nm: str
    qemu: tuple[str, ...]


def picolibc(
    triple: str, target: tuple[str, ...], machine: tuple[str, ...], flash: int, qemu: tuple[str, ...]
) -> Target:
    """Debian has no C++ compiler for these; clang compiles the heap, and picolibc's own way links."""
    headers = (f"-I{ROOT}/src/runtime/include", "-isystem", "/usr/lib/llvm-19/include/c++/v1",
               "-isystem", f"/usr/lib/picolibc/{triple}/include")  # fmt: skip
    places = {"__flash": flash, "__flash_size": 0x200000, "__ram": flash + 0x200000, "__ram_size": 0x100000}
    symbols = tuple(f"-Wl,--defsym={name}={value:#x}" for name, value in places.items())
    return Target(
        heap="tests/firmware/heap_picolibc.cpp",
        cpp=("clang++-19", *target, "-nostdinc++", "-nostdlibinc", *headers),
        c=(f"{triple}-gcc", *machine, "-specs=picolibc.specs"),
        link=("--crt0=semihost", "--oslib=semihost", *symbols),
        parts=(),
        nm=f"{triple}-nm",
        qemu=qemu,
    )


def newlib(*kind: str) -> Target:
    machine = ("-mcpu=cortex-m3", "-mthumb")
    return Target(
        heap="tests/firmware/heap_newlib.cpp",
        cpp=("arm-none-eabi-g++", *machine),
        c=("arm-none-eabi-gcc", *machine),
        link=("-nostartfiles", "-T", f"{HERE}/thumb.ld", *kind),
        parts=("tests/firmware/thumb_start.c", "tests/firmware/inner_names.c"),
        nm="arm-none-eabi-nm",
        qemu=("qemu-system-arm", "-M", "mps2-an385"),
    )


AARCH64 = picolibc(
    triple="aarch64-linux-gnu",
    target=("--target=aarch64-none-elf", "-mcpu=cortex-a53", "-mno-outline-atomics"),
    machine=("-mcpu=cortex-a53",),
    flash=0x40000000,
    qemu=("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53"),
)
RV64 = ("-march=rv64imafdc", "-mabi=lp64d", "-mcmodel=medany")
RISCV64 = picolibc(
    triple="riscv64-unknown-elf",
    target=("--target=riscv64-none-elf", *RV64),
    machine=RV64,
    flash=0x80000000,
    qemu=("qemu-system-riscv64", "-M", "virt", "-bios", "none"),
)
THUMB = newlib()
THUMB_NANO = newlib("-specs=nano.specs", "-u", "_printf_float")


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done


class FirmwareTest(unittest.TestCase):
    """All tests of a class have the same compilers, and compile a source once."""

    folder = Path()

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    def compile(self, target: Target, *sources: str) -> list[Path]:
        objects = [self.folder / f"{Path(source).stem}.o" for source in sources]
        for source, output in zip(sources, objects):
            if output.exists():
                continue
            compiler = (*target.cpp, *CPP) if source.endswith(".cpp") else (*target.c, *C)
            run(*compiler, f"-I{ROOT}/include", f"-I{ROOT}/tests", "-c", ROOT / source, "-o", output)
        return objects

    def link(self, target: Target, *parts: Path | str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Into program.elf, with program.map."""
        options = ("-Wl,--gc-sections", f"-Wl,-Map={self.folder}/program.map")
        return run(*target.c, *target.link, *options, *parts, "-o", self.folder / "program.elf", check=check)

    def foreign_parts(self, target: Target) -> set[str]:
        """The members of the C library that are linked though they define a name of the heap's, or what a malloc of
        its own would ask for memory."""
        shown = (self.folder / "program.map").read_text()
        linked = set(re.findall(r"^(\S*lib[cg]\w*\.a)\((\S+)\)", shown, re.MULTILINE))
        self.assertTrue(linked)
        found = set()
        for archive in {archive for archive, _ in linked}:
            for line in run(target.nm, "-A", "--defined-only", archive, check=False).stdout.splitlines():
                member, name = line.split(":")[1], line.split()[-1]
                if name in FAMILY | INSIDE | BELOW and (archive, member) in linked:
                    found.add(member)
        return found

    def boot(self, target: Target) -> subprocess.CompletedProcess[str]:
        machine = ("-display", "none", "-monitor", "none", "-serial", "none")
        output = ("-chardev", "stdio,id=out", "-semihosting-config", "enable=on,chardev=out")
        return run(*target.qemu, *machine, *output, "-kernel", self.folder / "program.elf", check=False)

    def assert_works(self, target: Target, *further: str) -> str:
        """Returns what it said. `further`: sources, and options of the linker."""
        sources = (source for source in further if source.endswith(".c"))
        objects = self.compile(target, target.heap, *LIBRARY, *PROGRAM, *target.parts, *sources)
        self.link(target, *objects, *(option for option in further if option.startswith("-")))
        self.assertEqual(self.foreign_parts(target), set())
        symbols = {line.split()[-1] for line in run(target.nm, self.folder / "program.elf").stdout.splitlines()}
        self.assertEqual(symbols & BELOW, set())
        booted = self.boot(target)
        self.assertEqual(booted.returncode, 0, booted.stdout + booted.stderr)
        for said in ("malloc before main", *BY_NAME, "asprintf", "fprintf"):
            self.assertIn(f"{said}\n", booted.stdout)
        lent = re.search(r"^(\d+) blocks were lent$", booted.stdout, re.MULTILINE)
        assert lent is not None, booted.stdout
        self.assertGreaterEqual(int(lent[1]), 15)  # eleven by name, and the library's
        return booted.stdout


class Aarch64(FirmwareTest):
    def test_every_block_is_the_heaps(self) -> None:
        self.assert_works(AARCH64)

    def test_another_malloc_would_be_seen(self) -> None:
        source = self.folder / "strdup.c"
        source.write_text('#include <string.h>\nint main(void) { return strdup("x") == 0; }\n')
        self.link(AARCH64, *self.compile(AARCH64, str(source)))
        parts = self.foreign_parts(AARCH64)
        self.assertGreaterEqual(len(parts), 3, parts)  # malloc, free and sbrk


class Riscv64(FirmwareTest):
    def test_every_block_is_the_heaps(self) -> None:
        self.assert_works(RISCV64)


class Thumb(FirmwareTest):
    def test_every_block_is_the_heaps(self) -> None:
        self.assertIn("_pvalloc_r's sum overflows\n", self.assert_works(THUMB))

    def test_every_block_is_the_heaps_over_the_small_newlib(self) -> None:
        self.assert_works(THUMB_NANO)

    def test_a_wrapped_malloc_has_the_heap_behind_it(self) -> None:
        self.assertIn("\nwrapped\n", self.assert_works(THUMB, "tests/firmware/wrapped.c", "-Wl,--wrap=malloc"))

    def test_every_name_inside_newlib_is_there(self) -> None:
        archive = run(*THUMB.c, "-print-file-name=libc.a").stdout.strip()
        names = {line.split()[-1] for line in run(THUMB.nm, archive, check=False).stdout.splitlines() if " T " in line}
        self.assertEqual({name for name in names if name.lstrip("_").removesuffix("_r") in FAMILY} - FAMILY, INSIDE)
        heap = run(THUMB.nm, *self.compile(THUMB, THUMB.heap)).stdout
        self.assertEqual({name for name in FAMILY | INSIDE if f" T {name}\n" not in heap}, set())

    def test_without_those_names_newlibs_own_malloc_misses_its_memory(self) -> None:
        objects = self.compile(THUMB, "tests/firmware/heap_picolibc.cpp", *LIBRARY, *PROGRAM, *THUMB.parts)
        self.assertIn("undefined reference to `_sbrk'", self.link(THUMB, *objects, check=False).stderr)

    def test_a_program_that_asks_for_the_state_of_newlibs_own_malloc_is_refused(self) -> None:
        source = self.folder / "mallinfo.c"
        source.write_text("#include <malloc.h>\nint main(void) { return (int)mallinfo().arena; }\n")
        objects = self.compile(THUMB, THUMB.heap, str(source), THUMB.parts[0])
        self.assertIn("multiple definition of `_malloc_r'", self.link(THUMB, *objects, check=False).stderr)


class Sizes(FirmwareTest):
    """The table of docs/firmware_malloc.md."""

    def code(self, name: str, target: Target, *sources: str, options: tuple[str, ...] = ()) -> int:
        """Bytes of a program with this malloc, which may be none."""
        objects = [self.folder / f"{name}_{Path(source).stem}.o" for source in sources]
        for source, output in zip(sources, objects):
            compiler = (*target.cpp, *CPP, *options) if source.endswith(".cpp") else (*target.c, *C)
            run(*compiler, "-Os", f"-I{ROOT}/include", "-c", ROOT / source, "-o", output)
        self.link(target, *objects)
        return int(run("arm-none-eabi-size", self.folder / "program.elf").stdout.splitlines()[1].split()[0])

    def test_the_table_is_true(self) -> None:
        start, program = "tests/firmware/thumb_start.c", "tests/firmware/five_calls.c"
        nothing = self.folder / "nothing.c"
        nothing.write_text("int main(void) { return 0; }\n")
        measured = {}
        for name, target in (("newlib's", THUMB), ("newlib's small one, first fit", newlib("-specs=nano.specs"))):
            bare = self.code("bare", target, start, str(nothing))
            measured[name] = self.code("own", target, start, program, "tests/firmware/sizes_newlib.c") - bare
        bare = self.code("bare", THUMB, start, str(nothing))
        for heap in ("SmallRealTimeHeap", "RealTimeHeap", "SmallGranuleHeap", "GranuleHeap"):
            engines = ("src/engines/granule_heap.cpp", "src/engines/real_time_heap.cpp")
            sources = (start, program, "tests/firmware/sizes.cpp", *engines)
            measured[f"`{heap}`"] = self.code(heap, THUMB, *sources, options=(f"-DHEAP={heap}",)) - bare
        page = (ROOT / "docs/firmware_malloc.md").read_text()
        rows = {
            name.strip(): int(size.replace(",", ""))
            for name, size in re.findall(r"^\|(.+)\| ([0-9,]+) \|$", page, re.MULTILINE)
        }
        print(f"Cortex-M3 at -Os: {measured}")
        self.assertEqual(rows.keys(), measured.keys())
        for name, size in measured.items():
            self.assertAlmostEqual(rows[name], size, delta=0.05 * size, msg=f"{measured}")


class X86_64(unittest.TestCase):
    def test_every_block_is_the_heaps_without_a_c_library(self) -> None:
        with Emulator(x86_64_build / "tests/firmware/kernel/malloc_kernel.elf", machine=PC) as board:
            self.assertEqual(board.wait_exit(SECONDS), 0, board.log)
            for said in BY_NAME:
                self.assertIn(said, board.log)


class StandIn(FirmwareTest):
    def test_a_program_that_names_no_heap_misses_one_symbol(self) -> None:
        program, stand_in = self.folder / "program.o", self.folder / "stand_in.o"
        run("clang-19", *C, "-fno-pie", "-c", HERE / "heapless.c", "-o", program)
        run("clang++-19", *CPP, "-fno-pie", "-c", ROOT / "src/bindings/no_program_malloc.cpp", "-o", stand_in)
        archive = self.folder / "libstand_in.a"
        run("llvm-ar-19", "rc", archive, stand_in)
        answer = run("ld.lld-19", program, archive, "-o", self.folder / "program", check=False)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(set(re.findall(r"undefined symbol: (\S+)", answer.stderr)), {"bareheap_program_malloc"})
        defined = run("llvm-nm-19", "--defined-only", stand_in).stdout
        self.assertEqual({line.split()[-1] for line in defined.splitlines()}, FAMILY)


if __name__ == "__main__":
    x86_64_build = Path(sys.argv.pop(1)).resolve()
    unittest.main()
