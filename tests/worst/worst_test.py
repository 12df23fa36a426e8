# SPDX-License-Identifier: MIT
"""Holds the longest calls of the granule heaps to the table of docs/granule_heap.md.

usage: worst_test.py UNDER_COUNTER WORST PAGE [unittest's own arguments]
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

UNDER_COUNTER, WORST, PAGE = "", "", ""
MARK = "<!-- measured: instructions -->"


def documented(page: str) -> dict[str, int]:
    """The rows of the table behind the mark: the name, and the figure for x86-64 behind it."""
    bounds = {}
    for line in page.split(MARK)[1].lstrip().splitlines()[2:]:
        if not line.startswith("|"):
            break
        name, figure = (cell.strip() for cell in line.split("|")[1:3])
        bounds[name] = int(figure)
    return bounds


class Longest(unittest.TestCase):
    bounds: dict[str, int]
    measured: dict[str, int]

    @classmethod
    def setUpClass(cls) -> None:
        cls.bounds = documented(Path(PAGE).read_text())
        done = subprocess.run([UNDER_COUNTER, WORST, "--json"], capture_output=True, text=True, timeout=120, check=True)
        cls.measured = json.loads(done.stdout)

    def test_the_page_has_every_kind_of_call(self) -> None:
        self.assertEqual(list(self.bounds), list(self.measured))

    def test_no_call_is_longer_than_the_page_says(self) -> None:
        for name, bound in self.bounds.items():
            with self.subTest(name):
                self.assertLessEqual(self.measured[name], bound)

    def test_the_longest_calls_are_still_found(self) -> None:
        """Far below the page: a situation does not lead to the longest path any more, or the page is old."""
        for name, bound in self.bounds.items():
            with self.subTest(name):
                self.assertGreater(self.measured[name], 0.95 * bound)

    def test_a_call_of_the_real_time_heap_takes_at_most_120_unless_it_is_aligned(self) -> None:
        for name, instructions in self.measured.items():
            if not name.startswith(("GranuleHeap", "allocate, aligned")) or name.endswith("refused"):
                with self.subTest(name):
                    self.assertLessEqual(instructions, 120)


class OnItsOwn(unittest.TestCase):
    def test_without_the_counter_there_is_a_sentence(self) -> None:
        done = subprocess.run([WORST], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "worst: start it with under_counter.\n")

    def test_other_arguments_are_refused(self) -> None:
        done = subprocess.run([WORST, "--yaml"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage:", done.stderr)


if __name__ == "__main__":
    UNDER_COUNTER, WORST, PAGE = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
