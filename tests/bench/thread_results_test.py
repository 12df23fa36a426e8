# SPDX-License-Identifier: MIT
"""The figures of loads with several threads: the rounds that are kept, and the tables that come of them."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from results_test import Field, bench_run, results, tables, thread_report


class ThreadTables(unittest.TestCase):
    def test_threads_are_seen_beside_the_best_packaged(self) -> None:
        report = thread_report(
            *(("churn", 2, heap, time) for heap, time in (("cpu-cached", 4.0), ("glibc", 3.0), ("mimalloc", 2.0))),
            *(("alone", 1, heap, time) for heap, time in (("cpu-cached", 4.0), ("glibc", 8.0), ("empty", 1.0))),
            *(("alone", 2, heap, time) for heap, time in (("cpu-cached", 5.0), ("glibc", 10.0), ("empty", 1.0))),
        )
        report["results"][0]["locks"] = 0.02
        text = tables.text_of({"threads": report})
        self.assertIn("fastest packaged, ns | of it the loop, ns | `cpu-cached` | glibc | mimalloc |", text)
        self.assertIn("| churn | 2 | 2.00 |  | 2.00 | 1.50 | **1.00** |", text)
        self.assertIn("| alone | 2 | 10.00 | 1.00 | **0.50** | 1.00 |  |", text)
        self.assertIn("| geometric mean | 2 |  |  | **1.00** | 1.22 |  |", text, "of those with every load")
        self.assertIn("| geometric mean | 1 |  |  | **0.50** | 1.00 |  |", text)
        self.assertIn("| 0.80 | 0.80 |  |", text, "the gain by the loop's")
        self.assertIn("|  | threads | churn | alone |", text)
        self.assertIn("| `cpu-cached` | 2 | 50 |  |", text)

    def test_threads_with_steps_that_failed(self) -> None:
        alone = {"threads": thread_report(("churn", 1, "hole-list", 5.0))}
        self.assertEqual((results.drawable(alone), tables.text_of(alone)), ([], tables.NOTHING))
        report = thread_report(("churn", 1, "hole-list", 6.0), ("churn", 1, "glibc", 3.0), ("churn", 2, "glibc", 4.0))
        text = tables.text_of({"threads": report})
        self.assertIn("| churn | 1 | 3.00 |  | 2.00 | **1.00** |", text)
        self.assertIn("| churn | 2 | 4.00 |  |  | **1.00** |", text)
        self.assertNotIn("What a second thread gains", text)
        self.assertNotIn("the lock is taken", text)


class ThreadRounds(unittest.TestCase):
    def test_the_best_of_the_rounds_is_kept_and_a_heap_that_fails_stops_no_other(self) -> None:
        rounds = iter(((5.0, 9.0, 0.25), (7.0, 8.0, 0.5)))
        ran = []

        def output_of(command: list[str | Path], library: str = "") -> str:
            words = [str(word) for word in command[1:]]
            if words[0].startswith("--list"):
                return {"--list-heaps": "malloc\nempty\ncpu-cached", "--list-loads": "churn"}[words[0]]
            heap = words[-1].removeprefix("--heap=")
            ran.append((heap, library))
            if heap == "malloc" and not library:
                raise bench_run.BenchError("no such luck")
            row = {"load": words[0], "threads": int(words[1].removeprefix("--threads=")), "ns_cpu": 1.0, "ns_wall": 1.0}
            if heap == "cpu-cached":
                row["ns_cpu"], row["ns_wall"], row["locks"] = next(rounds)
            return json.dumps(row)

        field = Field(["cpu-cached", "bump"], ["glibc", "musl", "scudo"], {"scudo": "libscudo.so"})
        effort = dataclasses.replace(bench_run.QUICK, rounds=2)
        bench = bench_run.Bench(bench_run.Programs(Path("/builds/host")), field, [], effort, True)
        with (
            tempfile.TemporaryDirectory() as name,
            mock.patch.object(bench_run, "output_of", output_of),
            mock.patch.object(bench_run, "THREADS", (2,)),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            bench_run.measure(bench, ["threads"], Path(name))
            rows = {row["heap"]: row for row in results.load(Path(name))["threads"]["results"]}
        self.assertEqual(ran, [("empty", ""), ("cpu-cached", ""), ("malloc", ""), ("malloc", "libscudo.so")] * 2)
        self.assertEqual(list(rows), ["empty", "cpu-cached", "scudo"])
        self.assertEqual([rows["cpu-cached"][figure] for figure in ("ns_cpu", "ns_wall", "locks")], [5.0, 8.0, 0.5])
        self.assertEqual(len(bench.failures), 2)
        self.assertIn("churn, 2 thread(s), round 1: glibc: no such luck", bench.failures[0])


if __name__ == "__main__":
    unittest.main()
