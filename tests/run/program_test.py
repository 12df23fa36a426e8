# SPDX-License-Identifier: MIT
"""What ./run malloc says, does and leaves behind, in right and in wrong use."""

from __future__ import annotations

import os
import unittest

from workshop import Workshop

LIBRARIES = "libbareheap-malloc.so", "checked/libbareheap-malloc-checked.so"


class Program(Workshop):
    """./run malloc, with a cmake that leaves an empty library; the loader says so and goes on."""

    NAME = "bareheap-workshop-"

    def setUp(self) -> None:
        super().setUp()
        build = self.project / "build/malloc"
        self.libraries = [build / "drop_in" / name for name in LIBRARIES]
        self.fake_build("".join(f"mkdir -p {file.parent}; : >{file}; " for file in self.libraries))
        self.fake("g++", "exit 0")

    @unittest.skipUnless("BAREHEAP_LIBRARIES" in os.environ, "CMake tells where it builds them")
    def test_they_are_where_cmake_builds_them(self) -> None:
        built = os.environ["BAREHEAP_LIBRARIES"].split(":")
        for file, name in zip(built, LIBRARIES, strict=True):
            self.assertTrue(file.endswith(f"/drop_in/{name}"), file)

    def test_help_names_it(self) -> None:
        for arguments in ("--help",), ("malloc", "--help"), ("malloc", "-h"):
            status, output, _ = self.run_it(*arguments)
            self.assertEqual(status, 0)
            self.assertIn("./run malloc [--checked] PROGRAM", output)

    def test_builds_the_library_and_becomes_the_program(self) -> None:
        for option, file in zip(((), ("--checked",)), self.libraries, strict=True):
            with self.subTest(file.name):
                show = 'printf "%s|" "$@" "$LD_PRELOAD"; exit 7'
                status, output, complaint = self.run_it("malloc", *option, "bash", "-c", show, "x", "--help", "a b")
                self.assertEqual((status, output), (7, f"--help|a b|{file}|"))
                self.assertRegex(complaint, r"\A  heap +\d+\.\d s\n")
                self.assertEqual(
                    self.cmake_calls()[-2:],
                    ["cmake --preset malloc", f"cmake --build --preset malloc --target {file.name}"],
                )

    def test_what_is_preloaded_already_stays(self) -> None:
        self.environment["LD_PRELOAD"] = "other.so"
        output = self.run_it("malloc", "bash", "-c", 'echo "$LD_PRELOAD"')[1]
        self.assertRegex(output, r"libbareheap-malloc\.so:other\.so\n\Z")

    def test_no_program(self) -> None:
        for option in (), ("--checked",):
            for words, sentence in (
                ((), "malloc needs a program to run; ./run --help explains."),
                (("",), "there is no program '' that can be run."),
                (("nonsense", "--help"), "there is no program 'nonsense' that can be run."),
                ((str(self.image),), f"there is no program '{self.image}' that can be run."),
                (("--engine", "bash"), "malloc wants a program, not --engine; ./run --help explains."),
            ):
                with self.subTest(words):
                    answer = self.run_it("malloc", *option, *words)
                    self.assertEqual(answer, (2, "", f"run: {sentence}\n"))
        self.assertEqual(self.cmake_calls(), [])

    def test_failed_build(self) -> None:
        self.fake_build("echo no luck; exit 1")
        status, output, complaint = self.run_it("malloc", "bash", "-c", "echo not reached")
        self.assertEqual((status, output), (1, ""))
        self.assertTrue(complaint.endswith("  | no luck\nrun: building the heap failed.\n"))

    def test_build_that_leaves_no_library(self) -> None:
        self.fake_build("exit 0")
        status, output, complaint = self.run_it("malloc", "bash", "-c", "echo not reached")
        self.assertEqual((status, output), (1, ""))
        self.assertRegex(complaint, r"\nrun: the build went well but left no \S+/libbareheap-malloc\.so\.\n\Z")


class ProgramWithSpaces(Workshop):
    def test_a_folder_that_cannot_be_preloaded_from(self) -> None:
        status, output, complaint = self.run_it("malloc", "bash", "-c", "echo not reached")
        self.assertEqual((status, output), (1, ""))
        self.assertEqual(
            complaint, f"run: LD_PRELOAD names no library whose path has a space or a colon: {self.project}.\n"
        )


if __name__ == "__main__":
    unittest.main()
