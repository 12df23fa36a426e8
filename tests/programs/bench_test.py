# SPDX-License-Identifier: MIT
"""The bench of real programs: how it measures, and the page that its results come to."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

BENCH = Path(__file__).resolve().parents[2] / "bench/programs"


def loaded(name: str) -> ModuleType:
    """A command of the bench; there are others of the same name."""
    specification = importlib.util.spec_from_file_location(f"bench_programs_{name}", BENCH / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


bench = loaded("run")
page = loaded("page")
instructions = loaded("instructions")

from execution import Answer, ExecutionError, Run, Taken  # noqa: E402
from programs import Program  # noqa: E402

HEAPS = {"bareheap-malloc": "ours.so", "glibc": "", "mimalloc": "its.so"}


def report(walls: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """By program and heap; CPU time is half of it, and the peak its hundredth of a GiB."""
    rows = []
    for program, heaps in walls.items():
        for heap, wall in heaps.items():
            cpu, peak = [value / 2 for value in wall], [round(value * (1 << 30) / 100) for value in wall]
            rows.append({"program": program, "heap": heap, "wall": wall, "cpu": cpu, "peak": peak})
    about = {"machine": {"cpu": "a CPU", "cpus": 2, "system": "a system"}, "packages": {}, "missing": {}}
    about |= {"ours": ["bareheap-malloc"], "others": ["glibc", "mimalloc"]}
    return {"about": about, "programs": [{"program": name, "amount": 1} for name in walls], "results": rows}


REPORT = report(
    {
        "perl": {"bareheap-malloc": [1.0, 4.0, 2.0], "glibc": [2.0, 4.0, 4.0], "mimalloc": [9.0, 9.0, 9.0]},
        "jq": {"bareheap-malloc": [2.0, 2.0, 2.0], "glibc": [4.0, 4.0, 4.0], "mimalloc": [1.0, 1.0, 1.0]},
    }
)


class Measuring(unittest.TestCase):
    program = Program("p", "d", [], {"long": 1, "bench": 1}, ["echo x"])

    def measure(self, answers: dict[str, bytes]) -> tuple[list[Any], list[str]]:
        order: list[str] = []

        def run(_: Program, __: str, ___: Path, ____: Path, library: str) -> Run:
            order.append(library)
            return Run(Answer({"the output": answers.get(library, b"x")}), Taken(len(order), 1.0, 5))

        with mock.patch.object(bench.execution, "run", run):
            return bench.measure(self.program, HEAPS, 3), order

    def test_heaps_take_turns_after_a_run_that_does_not_count(self) -> None:
        rows, order = self.measure({})
        self.assertEqual(order[1:], ["ours.so", "", "its.so", "", "its.so", "ours.so", "its.so", "ours.so", ""])
        self.assertEqual([row["wall"] for row in rows], [[2, 7, 9], [3, 5, 10], [4, 6, 8]])

    def test_a_wrong_answer_stops_it(self) -> None:
        with self.assertRaisesRegex(ExecutionError, "with mimalloc, the output differs"):
            self.measure({"its.so": b"y"})

    def test_a_library_that_cannot_be_loaded_is_told_of(self) -> None:
        self.assertEqual(bench.why_not(""), "")
        self.assertRegex(bench.why_not("/usr/lib/nowhere.so"), "^[^/]*nowhere.so[^/]*$")  # no folder of the machine

    def test_a_part_of_it_does_not_replace_the_results(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
            bench.main(["--only", "perl", "--library", __file__])
        self.assertIn("--out FOLDER tells where to", said.getvalue())
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
            bench.main(["--library", "nowhere.so"])
        self.assertIn("there is no nowhere.so", said.getvalue())


class Page(unittest.TestCase):
    def test_ratios_are_within_a_round_and_to_the_best_packaged(self) -> None:
        text = page.bench_text(REPORT)
        self.assertIn("| perl | glibc 4,000 | **0.50** | 0.50 … 1.00 | 1.00 | 2.25 |", text)
        self.assertIn("| jq | mimalloc 1,000 | 2.00 | 2.00 … 2.00 | 4.00 | **1.00** |", text)
        self.assertIn("| geometric mean |  | **1.00** |  | 2.00 | 1.50 |", text)
        self.assertIn("| perl | glibc 41.0 | **0.50** |", text)

    def test_the_page_is_what_the_table_and_the_results_say(self) -> None:
        self.assertEqual(page.main(["--check"]), 0, "bench/programs/page.py writes it again")

    def test_it_is_written_between_the_marks_and_checked(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            file, folder = Path(name) / "page.md", Path(name) / "results"
            marks = [mark.format(part) for part in ("programs", "times") for mark in (page.BEGIN, page.END)]
            file.write_text("before\n" + "\n".join(marks) + "\nafter\n")
            arguments = ["--page", str(file), "--results", str(folder)]
            self.assertEqual(page.main([*arguments, "--check"]), 1)
            self.assertEqual(page.main(arguments), 0)
            self.assertIn("Nothing has been measured yet.", file.read_text())
            folder.mkdir()
            (folder / "programs.json").write_text(json.dumps(REPORT))
            self.assertEqual(page.main([*arguments, "--check"]), 1)
            self.assertEqual(page.main(arguments), 0)
            self.assertRegex(file.read_text(), r"(?s)^before\n.*\| stress-ng \|.*Wall time.*\nafter\n$")
            self.assertEqual(page.main([*arguments, "--check"]), 0)
            file.write_text("no marks\n")
            with self.assertRaisesRegex(page.ResultsError, "no marks .*programs"):
                page.main(arguments)


class Instructions(unittest.TestCase):
    lines = """fn=(1) main
+1 100
cfn=(2) malloc
calls=4 0x10
+2 140
cfn=(3) free
calls=2 0x20
* 50

fn=(2)
0x10 120
cfn=(4) refill
calls=1 0x30
+3 20

fn=(3)
0x20 50

fn=(4)
0x30 20
""".splitlines()

    def test_are_of_the_function_and_of_what_it_calls(self) -> None:
        profile = instructions.profile_of(self.lines)
        self.assertEqual(profile.total, 290)
        self.assertEqual(profile.per_call("malloc"), "30.0 (35.0)")
        self.assertEqual(profile.per_call("free"), "25.0 (25.0)")
        self.assertEqual(profile.per_call("realloc"), "-")


if __name__ == "__main__":
    unittest.main()
