# SPDX-License-Identifier: MIT
"""The rules of the house, each with a broken example that it must refuse."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import documents
import floors
import lengths
import needs

ROOT = Path(__file__).resolve().parents[2]
BROKEN = ROOT / "tests/house/broken"
SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".S", ".ld", ".py", ".sh", ".cmake"}
NAMES = {"CMakeLists.txt", "run", "test"}


def project_files() -> list[Path]:
    """Every file that belongs to the project, whether git knows it yet or not."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def sources() -> list[str]:
    files = [file for file in project_files() if file.suffix in SUFFIXES or file.name in NAMES]
    return [str(file.relative_to(ROOT)) for file in files]


def compile_source(compiler: str, source: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [compiler, *needs.FLAGS, f"-I{ROOT}/include", *flags, "-fsyntax-only", str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Floors(unittest.TestCase):
    def test_hold(self) -> None:
        self.assertEqual(floors.check(ROOT), [])

    def test_every_broken_house_is_refused(self) -> None:
        reasons = {"upward": "looks up or aside", "neighbours": "includes its neighbour",
                   "circle": "a circle of includes", "hosted": "is not for a freestanding library",
                   "port": "looks up or aside"}  # fmt: skip
        for house, reason in reasons.items():
            with self.subTest(house):
                self.assertRegex("\n".join(floors.check(BROKEN / house)), reason)

    def test_a_house_without_sources_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertRegex("\n".join(floors.check(Path(folder))), "there are no sources")


class Needs(unittest.TestCase):
    def test_S1_07_engines_and_wrappers_need_nothing_but_panic_and_four_memory_functions(self) -> None:
        rare = os.environ.get("LONG") == "ON"
        self.assertEqual(needs.check(needs.ENGINES | needs.WRAPPERS, rare=rare), [])
        two = {heap: (needs.ENGINES | needs.WRAPPERS)[heap] for heap in ("Bump", "Counted<HoleList>")}
        sizes = needs.measure(two, ("aarch64",))
        self.assertEqual(len(sizes), 2)
        self.assertTrue(all(size > 0 for size in sizes.values()), sizes)

    def test_every_engine_and_wrapper_is_looked_at(self) -> None:
        for floor, heaps in (("engines", needs.ENGINES), ("wrappers", needs.WRAPPERS)):
            headers = {f"bareheap/{floor}/{path.name}" for path in (ROOT / "include/bareheap" / floor).glob("*.hpp")}
            parts = ("forks", "large", "magazines", "recall", "sizes")
            inside_cpu_cached = {f"bareheap/wrappers/cpu_{part}.hpp" for part in parts}
            self.assertEqual(headers - inside_cpu_cached, set(heaps.values()))

    def test_a_microcontroller_has_little_code_and_little_state_beside_the_map_of_64_kib(self) -> None:
        taken = needs.measure_microcontroller("SmallRealTimeHeap")
        self.assertGreater(taken.code, 0)
        self.assertLessEqual(taken.code, 2560)
        self.assertGreater(taken.state, 0)
        self.assertLessEqual(taken.state, 512)

    def test_an_engine_that_calls_the_c_library_is_refused(self) -> None:
        complaints = needs.check({"StrlenHeap": "house/broken/needs/strlen_heap.hpp"}, ("-Os",))
        self.assertEqual(len(complaints), len(needs.COMPILERS))
        self.assertTrue(all(complaint.endswith("needs strlen") for complaint in complaints))


class Documents(unittest.TestCase):
    def test_name_only_what_is_there(self) -> None:
        self.assertEqual(documents.check(ROOT), [])

    def test_the_kernel_in_the_readme_is_the_one_that_is_compiled(self) -> None:
        block = re.search(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        assert block is not None
        self.assertEqual(block[1], (ROOT / "examples/first_kernel.cpp").read_text().split("\n", 1)[1])

    def test_a_document_that_names_what_is_not_there_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "page.md").write_text("See `src/gone.cpp` and [this](gone.md), not `build/x.hpp`.\n")
            self.assertEqual(len(documents.check(Path(folder))), 2)

    def test_a_link_to_a_heading_that_is_not_there_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "page.md").write_text("# The `one` [and](other.md) only\n[it](#the-one-and-only)\n")
            (Path(folder) / "other.md").write_text("[a](page.md#gone) and [b](#gone), not [c](http://x/y.md#z)\n")
            said = documents.check(Path(folder))
            names = [f"other.md names {name}#gone, which is not there" for name in ("page.md", "other.md")]
            self.assertEqual(said, names)


class Sources(unittest.TestCase):
    def test_every_header_of_the_library_is_complete_by_itself(self) -> None:
        for header in sorted((ROOT / "include").rglob("*.hpp")):
            if header.name in ("operator_new.hpp", "malloc.hpp", "malloc_newlib.hpp"):
                continue  # wants the program's heap before it: tests/bindings, tests/firmware
            with self.subTest(header=header.name), tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "alone.cpp"
                source.write_text(f'#include "{header}"\n')
                self.assertEqual(compile_source("clang++-19", source).stderr, "")

    def test_every_source_names_its_licence(self) -> None:
        for name in sources():
            head = "\n".join((ROOT / name).read_text(encoding="utf-8").splitlines()[:2])
            self.assertIn("SPDX-License-Identifier: MIT", head, name)

    def test_no_line_is_longer_than_120_columns(self) -> None:
        self.assertEqual(lengths.wide_lines(ROOT, sources()), [])
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "wide.cpp"
            source.write_text("// " + "ü" * 117 + "\n// " + "ü" * 118 + "\n", encoding="utf-8")
            said = lengths.wide_lines(Path(folder), [source.name])
            self.assertEqual(said, ["wide.cpp:2 has 121 columns, and 120 are the most"])

    def test_no_source_has_more_than_400_lines(self) -> None:
        self.assertEqual(lengths.long_files(ROOT, sources()), [])
        with tempfile.TemporaryDirectory() as folder:
            for name, lines in (("right.cpp", 400), ("long.cpp", 401)):
                (Path(folder) / name).write_text("//\n" * lines)
            said = lengths.long_files(Path(folder), ["right.cpp", "long.cpp"])
            self.assertEqual(said, ["long.cpp has 401 lines, and 400 are the most"])

    def test_every_test_includes_the_frame_of_tests(self) -> None:
        """Few compilations would miss it: most have its header precompiled."""
        for file in (ROOT / "tests").rglob("*.cpp"):
            text = file.read_text(encoding="utf-8")
            if re.search(r"^(TYPED_)?TEST(_[FP])?\(", text, re.MULTILINE):
                self.assertIn("#include <gtest/gtest.h>", text, file)

    def test_the_library_has_no_macros_but_include_guards(self) -> None:
        for file in [*(ROOT / "include").rglob("*.hpp"), *(ROOT / "src/engines").rglob("*.cpp")]:
            directives = re.findall(r"^\s*#\s*(?!include\b|pragma once\b)(\w+).*$", file.read_text(), re.MULTILINE)
            self.assertEqual(directives, [], file)

    def test_no_file_names_a_place_of_the_machine_it_was_written_on(self) -> None:
        place = re.compile(rb"(?<![\w./])/(?:work|root|home)/\w")
        for file in project_files():
            self.assertIsNone(place.search(file.read_bytes()), file)

    def test_the_version_is_the_same_everywhere(self) -> None:
        text = re.search(r'version_text\[\] = "([^"]+)"', (ROOT / "include/bareheap/version.hpp").read_text())
        project = re.search(r"project\(bareheap VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
        assert text is not None and project is not None
        self.assertEqual(text[1], project[1])


class Refused(unittest.TestCase):
    def test_what_must_not_compile_does_not_and_says_why(self) -> None:
        programs = sorted((ROOT / "tests/refused").glob("*.cpp"))
        self.assertTrue(programs)
        for program in programs:
            reason = re.search(r"^// expects: (.+)$", program.read_text(), re.MULTILINE)
            assert reason is not None, program
            with self.subTest(program.stem):
                answer = compile_source("clang++-19", program, "-Wno-ignored-attributes")
                self.assertNotEqual(answer.returncode, 0)
                self.assertIn(reason[1], answer.stderr)

    def test_S3_02_a_program_that_uses_new_without_a_heap_misses_one_symbol(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            objects = [Path(folder) / name for name in ("program.o", "stand_in.o")]
            sources = (ROOT / "tests/bindings/heapless.cpp", ROOT / "src/bindings/no_program_heap.cpp")
            for output, source in zip(objects, sources):
                command = ["clang++-19", *needs.FLAGS, "-O2", "-fno-pie", "-c", str(source), "-o", str(output)]
                subprocess.run(command, check=True)
            archive = Path(folder) / "libstand_in.a"
            subprocess.run(["llvm-ar-19", "rc", str(archive), str(objects[1])], check=True)
            command = ["ld.lld-19", str(objects[0]), str(archive), "-o", str(Path(folder) / "program")]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(set(re.findall(r"undefined symbol: (\S+)", answer.stderr)), {"bareheap_program_heap"})


if __name__ == "__main__":
    unittest.main()
