# SPDX-License-Identifier: MIT
"""Uses the library in each way in which another project would, in a folder of its own.

    python3 tests/consumers/consumers_test.py BUILD_FOLDER

BUILD_FOLDER is a built folder of the library; it is installed from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
build_folder = Path()


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Consumers(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_works(self, project: str, *options: str) -> None:
        output = self.folder / "build"
        run("cmake", "-G", "Ninja", "-S", HERE / project, "-B", output, *options)
        run("cmake", "--build", output, "--target", "program")
        self.assertEqual(run(output / "program"), "bareheap 0.1.0\n")

    def install(self) -> Path:
        run("cmake", "--install", build_folder, "--prefix", self.folder / "prefix")
        return self.folder / "prefix"

    def test_add_subdirectory(self) -> None:
        self.assert_works("add_subdirectory", f"-DBAREHEAP_ROOT={ROOT}")

    def test_fetch_content(self) -> None:
        self.assert_works("fetch_content", f"-DBAREHEAP_ROOT={ROOT}")

    def test_find_package(self) -> None:
        self.assert_works("find_package", f"-DCMAKE_PREFIX_PATH={self.install()}")

    def assert_works_by_pkg_config(self, *compiler_and_source: str | Path) -> None:
        found = next(self.install().rglob("bareheap.pc")).parent
        flags = run("pkgconf", "--cflags", "--libs", "bareheap", PKG_CONFIG_PATH=str(found)).split()
        program = self.folder / "program"
        run(*compiler_and_source, *flags, "-o", program)
        self.assertEqual(run(program), "bareheap 0.1.0\n")

    def test_pkg_config(self) -> None:
        self.assert_works_by_pkg_config("g++", "-std=c++23", HERE / "program.cpp")

    def test_pkg_config_in_c(self) -> None:
        self.assert_works_by_pkg_config("gcc", "-std=c99", "-pedantic-errors", HERE / "program.c")


if __name__ == "__main__":
    build_folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
