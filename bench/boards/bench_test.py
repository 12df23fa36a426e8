# SPDX-License-Identifier: MIT
"""The bench kernel of one board in short: its counter is exact, and two runs give the same figures.

    python3 bench/boards/bench_test.py BOARD BUILD_FOLDER_OF_THE_BOARD [unittest's own arguments]
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

import bench

MOST_FROM_STOCK = 100  # instructions, with those of the call itself

board = ""
build = Path()


class BoardBench(unittest.TestCase):
    first: dict[str, Any] = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.first = bench.measure(board, build.parent, short=True)

    def test_the_counter_counts_single_instructions(self) -> None:
        # Three a turn, the call and the return: bench/boards/PROCESSOR/loop.S.
        counter = self.first["counter"]
        self.assertEqual(counter["loop_instructions"], 3 * counter["loop_turns"] + 2)

    def test_two_runs_give_the_same_figures(self) -> None:
        self.assertEqual(bench.measure(board, build.parent, short=True), self.first)

    def test_every_engine_runs_every_load(self) -> None:
        engines: dict[str, set[str]] = {}
        for result in self.first["results"]:
            engines.setdefault(result["load"], set()).add(result["engine"])
            self.assertEqual(result["refused"], 0, result)
            for kind in bench.KINDS:
                self.assertLessEqual(result[kind]["mean"] or 0, result[kind]["worst"], result)
        wanted = {"empty", "bump", "hole-list", "page-heap", "story-pages", "granule-heap", "real-time-heap",
                  "cpu-cached", "granule-heap, locked"}
        if board != "x86_64":
            wanted |= {"picolibc", "picolibc, not clearing"}
        self.assertEqual(set(map(frozenset, engines.values())), {frozenset(wanted)})
        self.assertGreaterEqual(engines.keys(), {"random", "equal holes", "holes too small", "growing", "kernel"})

    def test_the_figures_are_those_of_the_engines(self) -> None:
        def worst(load: str, engine: str, kind: str) -> int:
            found = [result for result in self.first["results"] if (result["load"], result["engine"]) == (load, engine)]
            return int(found[0][kind]["worst"])

        # A first fit looks at each of 200 holes, at two instructions at least; who keeps sizes apart does not.
        for load in ("equal holes", "holes too small"):
            self.assertGreater(worst(load, "hole-list", "allocate"), 400)
        for engine in ("story-pages", "real-time-heap"):
            self.assertLess(worst("equal holes", engine, "allocate"), 400)
        self.assertLess(worst("random", "empty", "allocate"), 20)

    def test_a_stock_serves_at_a_bounded_price(self) -> None:
        results = [result for result in self.first["results"] if result["load"] == "one block"]
        for kind in ("allocate", "deallocate"):
            mean = {result["engine"]: result[kind]["mean"] for result in results}
            print(f"\n{kind}: {mean['cpu-cached']} with a stock, {mean['granule-heap, locked']} under a lock")
            self.assertLess(mean["cpu-cached"], MOST_FROM_STOCK)

    def test_four_cpus_do_as_much_in_an_instruction_as_one(self) -> None:
        results = bench.measure_together(board, build.parent)
        done = {(result["together"], result["cpus"]): result["per_thousand"] for result in results}
        print("", *(f"{done[engine, cpus]:6.2f} {engine} on {cpus}" for engine, cpus in done), sep="\n  ")
        self.assertGreater(done["cpu-cached", 4], 0.9 * done["cpu-cached", 1])
        # Behind a lock it may be more here: at pause() QEMU goes on with a PC's next CPU, so waiting costs nothing.

    def test_a_clock_that_does_not_count_is_noticed(self) -> None:
        with unittest.mock.patch.object(bench, "COUNTED_TIME", ()):
            with self.assertRaisesRegex(bench.BenchError, "does not count single instructions"):
                bench.measure(board, build.parent, short=True)

    def test_a_kernel_that_is_missing_gets_a_sentence(self) -> None:
        complaint = io.StringIO()
        with tempfile.TemporaryDirectory() as empty, contextlib.redirect_stderr(complaint):
            self.assertEqual(bench.main(["--board", board, "--builds", empty]), 1)
        self.assertRegex(complaint.getvalue(), r"\Abench: .* is not there: cmake .* bench_kernel\.\n\Z")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in bench.BOARDS:
        sys.exit(f"use: {sys.argv[0]} {{{','.join(bench.BOARDS)}}} BUILD_FOLDER_OF_THE_BOARD")
    board = sys.argv.pop(1)
    build = Path(sys.argv.pop(1)).resolve()
    unittest.main()
