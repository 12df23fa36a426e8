# SPDX-License-Identifier: MIT
"""Holds the C interface to what it says of itself, beside what a program can test.

    python3 tests/c_abi/c_interface_test.py ARCHIVE...

ARCHIVE is a libbareheap.a, of this machine or of a board.
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/house"))

import needs  # noqa: E402

STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Werror".split()
HEADER = ROOT / "include/bareheap/bareheap.h"
ALLOWED = {"bareheap_panic", "memcpy", "memmove", "memset", "memcmp"}
ARCHIVES: list[str] = []


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Header(unittest.TestCase):
    def test_compiles_without_a_warning_in_every_standard_of_C_and_Cpp(self) -> None:
        standards = {"c": ["c99", "c11", "c2x"], "c++": ["c++98", "c++11", "c++23"]}
        for language, names in standards.items():
            for standard in names:
                for compiler in ("gcc", "clang-19"):
                    with self.subTest(standard=standard, compiler=compiler):
                        flags = [f"-std={standard}", *STRICT, "-fsyntax-only"]
                        run(compiler, "-x", language, *flags, str(HEADER))

    def test_a_source_can_have_the_Cpp_headers_too_as_the_document_says(self) -> None:
        text = (ROOT / "docs/c-interface.md").read_text(encoding="utf-8")
        block = re.search(r"```cpp\n(.*?)```", text, re.DOTALL)
        assert block is not None
        command = ["g++", *needs.FLAGS, f"-I{ROOT}/include", "-fsyntax-only", "-x", "c++", "-"]
        subprocess.run(command, input=block[1], text=True, check=True)


class Archive(unittest.TestCase):
    def test_needs_bareheap_panic_and_four_memory_functions(self) -> None:
        self.assertTrue(ARCHIVES)
        for archive in ARCHIVES:
            with self.subTest(archive):
                listed = "\n".join(needs.tool_output("llvm-nm-19", "-u", archive))
                part = re.search(r"^c_abi\.cpp\.\w+:\n((?:.+\n)+)", listed, re.MULTILINE)
                assert part is not None, listed
                undefined = {line.split()[-1] for line in part[1].splitlines()}
                self.assertEqual(undefined - ALLOWED, set())


class Document(unittest.TestCase):
    def test_its_example_is_the_one_that_is_compiled(self) -> None:
        text = (ROOT / "docs/c-interface.md").read_text(encoding="utf-8")
        block = re.search(r"```c\n(.*?)```", text, re.DOTALL)
        assert block is not None
        self.assertEqual(block[1], (ROOT / "examples/07_c.c").read_text(encoding="utf-8").split("\n", 1)[1])


if __name__ == "__main__":
    ARCHIVES = [word for word in sys.argv[1:] if word.endswith(".a")]
    unittest.main(argv=[word for word in sys.argv if word not in ARCHIVES])
