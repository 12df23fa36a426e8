# SPDX-License-Identifier: MIT
"""Runs the parts of Python's own test suite that want memory, and prints a line for each test. What the tests print by
the way is by chance, and is thrown away."""

from __future__ import annotations

import os
import sys
import unittest

PARTS = "array bytes deque dict gc generators heapq itertools json list long memoryview".split()
PARTS += "re set sort tuple unicode zlib".split()


def main() -> None:
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    tests = unittest.defaultTestLoader.loadTestsFromNames([f"test.test_{part}" for part in PARTS])
    result = unittest.TextTestRunner(lines, verbosity=2).run(tests)
    lines.flush()
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
