# SPDX-License-Identifier: MIT
"""The kernel Homer as files: what its images hold, and what the linker refuses to make one of.

usage: images_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

import board
from board import PAGE, ROOT, SECONDS, kernel, output_of, symbols_of

KERNELS = ("homer.elf", "homer_story.elf", "homer_bump.elf", "homer_null.elf")

# The processor reads them in every access to memory, and they are there before the heap is.
PAGE_TABLES = {
    f"bareheap::raspi3b::(anonymous namespace)::{name}"
    for name in ("level_1", "ram_and_devices", "core_devices", "pages")
}


def section_of(elf: Path, name: str) -> range:
    """The addresses of a section; the linker leaves out most that are empty."""
    sections = output_of("llvm-readelf-19", "--sections", "--wide", elf)
    line = re.search(rf"\] {re.escape(name)}\s+\w+\s+([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", sections)
    return range(int(line[1], 16), int(line[1], 16) + int(line[2], 16)) if line is not None else range(0)


class Variables(unittest.TestCase):
    """What is in .data and .bss; constants are in .rodata and do not count."""

    def variables(self, elf: Path) -> dict[str, int]:
        """Names and sizes."""
        lines = output_of("llvm-nm-19", "--defined-only", "--demangle", "--print-size", "--size-sort", elf).splitlines()
        parts = (line.split(" ", maxsplit=3) for line in lines)
        return {name: int(size, 16) for _, size, kind, name in parts if kind in "dDbB"}

    def test_S1_01_page_tables_are_the_only_large_ones(self) -> None:
        """Beside the heap itself, which is some words."""
        for name in KERNELS:
            with self.subTest(name):
                self.assertLess(self.variables(kernel(name)).get("program_heap", 0), 200)
                large = {variable for variable, size in self.variables(kernel(name)).items() if size >= 100}
                self.assertEqual(large - {"program_heap"}, PAGE_TABLES)

    def test_S1_01_none_is_a_message_a_picture_or_a_text(self) -> None:
        for name in KERNELS:
            with self.subTest(name):
                variables = self.variables(kernel(name))
                self.assertIn("__bss_end", variables, "the list is not the one that was meant")
                suspicious = re.compile("message|picture|image|pixel|hex|digit|buf", re.IGNORECASE)
                self.assertEqual([variable for variable in variables if suspicious.search(variable)], [])

    def test_S1_01_encoded_picture_is_a_constant(self) -> None:
        elf = kernel("homer.elf")
        at = [address for name, address in symbols_of(elf).items() if "picture_data" in name]
        self.assertEqual(len(at), 1)
        self.assertIn(at[0], section_of(elf, ".rodata"))

    def test_S1_01_none_is_large_and_without_a_name(self) -> None:
        """Such a one nm would not list. What is beside the named ones is the way to the page tables' alignment."""
        elf = kernel("homer.elf")
        whole = len(section_of(elf, ".data")) + len(section_of(elf, ".bss"))
        self.assertLess(whole - sum(self.variables(elf).values()), PAGE + 100)


class Drawing(unittest.TestCase):
    def test_S1_05_heap_is_where_it_should_be(self) -> None:
        for name in KERNELS:
            with self.subTest(name):
                symbols = symbols_of(kernel(name))
                start, end = symbols["__heap_start"], symbols["__heap_end"]
                self.assertEqual(start % PAGE, 0)
                self.assertGreaterEqual(start, symbols["__bss_end"])
                self.assertEqual(end - start, 112 * PAGE)
                self.assertEqual(symbols["__heap_size"], end - start)
                self.assertEqual(section_of(kernel(name), ".heap"), range(start, end))
                self.assertEqual(symbols["__end"], end)

    def test_S1_07_no_symbol_is_undefined(self) -> None:
        for name in KERNELS:
            with self.subTest(name):
                self.assertEqual(output_of("llvm-nm-19", "--undefined-only", kernel(name)), "")

    def test_S1_07_nothing_is_left_to_a_loader(self) -> None:
        for name in KERNELS:
            with self.subTest(name):
                self.assertIn("There are no relocations", output_of("llvm-readelf-19", "--relocations", kernel(name)))
                self.assertEqual(output_of("llvm-readelf-19", "--dynamic-table", kernel(name)), "")

    def test_S1_05_raw_image_holds_neither_stacks_nor_heap(self) -> None:
        """It ends before .bss."""
        for name in KERNELS:
            with self.subTest(name):
                symbols = symbols_of(kernel(name))
                size = kernel(name).with_suffix(".img").stat().st_size
                self.assertLessEqual(size, symbols["__bss_start"] - symbols["__image_start"])


class Linker(unittest.TestCase):
    """Links homer.elf once more, with the build's own command, but by a script in which one thing was changed."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = Path(directory.name)
        self.build = next(folder for folder in kernel("").parents if (folder / "build.ninja").is_file())

    def command(self) -> list[str]:
        """The linker and its arguments, out of a line that goes on with the making of the raw image."""
        target = kernel("homer.elf").relative_to(self.build)
        line = output_of("ninja", "-t", "commands", target, directory=self.build).splitlines()[-1]
        words = shlex.split(next(part for part in line.split(" && ") if "kernel.ld" in part))
        words[words.index("-o") + 1] = str(self.home / "out.elf")
        words[words.index("-T") + 1] = str(self.home / "kernel.ld")
        return words

    def link(self, old: str, new: str, *objects: Path) -> subprocess.CompletedProcess[str]:
        script = (ROOT / "ports/raspi3b/kernel.ld").read_text(encoding="utf-8")
        self.assertEqual(script.count(old), 1, f"kernel.ld should contain '{old}' once")
        (self.home / "kernel.ld").write_text(script.replace(old, new), encoding="utf-8")
        command = [*self.command(), *map(str, objects)]
        return subprocess.run(command, cwd=self.build, capture_output=True, text=True, timeout=SECONDS, check=False)

    def assert_refused(self, complaint: str, old: str, new: str, *objects: Path) -> None:
        done = self.link(old, new, *objects)
        self.assertNotEqual(done.returncode, 0, "the linker made an image of it")
        self.assertIn(complaint, done.stderr)

    def test_S1_05_unchanged_script_makes_the_same_image(self) -> None:
        """Without this a refusal below could have any reason."""
        done = self.link("__heap_start = .;", "__heap_start = .;")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        same = (self.home / "out.elf").read_bytes() == kernel("homer.elf").read_bytes()
        self.assertTrue(same, "another image: the build is older than kernel.ld")

    def test_S1_05_heap_of_another_size_is_refused(self) -> None:
        for pages in (0, 111, 113):
            with self.subTest(pages=pages):
                self.assert_refused("the heap has not 112 pages", ". = . + 112 * 4096;", f". = . + {pages} * 4096;")

    def test_S1_05_heap_off_a_page_is_refused(self) -> None:
        aligned = ".heap (NOLOAD) : ALIGN(4096) {"
        self.assert_refused("the heap does not start on a page", aligned, ".heap . + 16 (NOLOAD) : {")

    def test_S1_05_heap_over_bss_is_refused(self) -> None:
        aligned = ".heap (NOLOAD) : ALIGN(4096) {"
        self.assert_refused("the heap overlaps .bss or a stack", aligned, ".heap ADDR(.bss) (NOLOAD) : {")

    def test_S1_05_image_that_outgrew_its_place_is_refused(self) -> None:
        complaint = "the image has outgrown the part of memory that is mapped page by page"
        self.assert_refused(complaint, "__guard_start = .;", ". = . + 0x400000; __guard_start = .;")

    def test_S1_05_something_behind_the_heap_is_refused(self) -> None:
        self.assert_refused("something lies in or after the heap", "__end = .;", ". = . + 16; __end = .;")

    def test_S1_05_section_that_nobody_placed_is_refused(self) -> None:
        """R: without it the linker drops the section, because nothing refers to it."""
        source, orphan = self.home / "orphan.S", self.home / "orphan.o"
        source.write_text('.section .strange, "awR"\n.quad 1\n', encoding="utf-8")
        output_of("clang-19", "--target=aarch64-none-elf", "-c", source, "-o", orphan)
        self.assert_refused("is being placed in '.strange'", "__heap_start = .;", "__heap_start = .;", orphan)


if __name__ == "__main__":
    board.main()
