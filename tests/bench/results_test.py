# SPDX-License-Identifier: MIT
"""The bench: what is stored, the tables and pictures that come of it, and a short run.

python3 results_test.py BUILD_FOLDER [unittest's own arguments]
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

BENCH = Path(__file__).resolve().parents[2] / "bench"
DEBIANS_PYTHON = "/usr/bin/python3"  # which finds Debian's matplotlib
sys.path.insert(0, str(BENCH))

import results  # noqa: E402
import run as bench_run  # noqa: E402
import tables  # noqa: E402
from allocators import Field  # noqa: E402

build = Path()
LARGEST_PICTURE = 200_000  # bytes


PEAKS = {"lua": 200 << 10, "device": 100 << 10, "middle": 600 << 10}  # of others 2 MiB


def report_of(
    figures: dict[str, dict[str, float | None]], figure: str = "ns_best", half: str = "tuning", status: str = "no room"
) -> dict[str, Any]:
    """By program and heap; nothing: it found no room. Heaps with a dash are ours, and bump."""
    heaps = list(dict.fromkeys(heap for row in figures.values() for heap in row))
    rows = []
    for program, row in figures.items():
        for heap, value in row.items():
            found = {"status": status} if value is None else {"status": "ok", figure: value}
            rows.append({"trace": program, "heap": heap, **found})
    about = {
        "machine": {"cpu": "a CPU", "cpus": 2, "system": "a system"},
        "packages": {},
        "ours": [heap for heap in heaps if "-" in heap or heap == "bump"],
        "others": [heap for heap in heaps if "-" not in heap and heap != "bump"],
        "missing": {},
    }
    traces = [{"trace": name, "half": half, "peak_bytes": PEAKS.get(name, 2 << 20)} for name in figures]
    return {"about": about, "traces": traces, "results": rows}


def thread_report(*rows: tuple[str, int, str, float]) -> dict[str, Any]:
    """Of load, threads, heap and CPU time; the wall time is a tenth of it by each thread."""
    report = report_of({"": {heap: 0 for _, _, heap, _ in rows if heap != "empty"}})
    found = [
        {"load": load, "heap": heap, "threads": threads, "ns_cpu": time, "ns_wall": time / 10 / threads}
        for load, threads, heap, time in rows
    ]
    return {"about": report["about"], "results": found}


TIMES = report_of(
    {
        "lua": {"hole-list": 4.0, "page-heap": None, "glibc": 8.0, "mimalloc": 2.0},
        "jq": {"hole-list": 2.0, "page-heap": 9.0, "glibc": 4.0, "mimalloc": 8.0},
    }
)


class Results(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_they_are_loaded_as_they_were_stored(self) -> None:
        results.store(self.folder, "time", TIMES)
        self.assertEqual(results.load(self.folder), {"time": TIMES})
        rows = [line for line in (self.folder / "time.json").read_text().splitlines() if '"heap"' in line]
        self.assertEqual(len(rows), len(TIMES["results"]), "a row a line")

    def test_damaged_ones_are_refused_with_a_sentence(self) -> None:
        for text, sentence in (("{", "is not JSON"), ("[]", "no 'about'"), ('{"about": {}}', "no 'about'")):
            (self.folder / "time.json").write_text(text)
            with self.assertRaisesRegex(results.ResultsError, f"time.json .*{sentence}"):
                results.load(self.folder)

    def test_fractions_are_short_and_counts_are_whole(self) -> None:
        self.assertEqual(results.shortened({"a": [1.23456789, 123456789]}), {"a": [1.23457, 123456789]})

    def test_ratios_are_to_the_best_packaged_allocator(self) -> None:
        table = results.Table(TIMES, "ns_best")
        self.assertEqual(table.ratios()["lua"], {"hole-list": 2.0, "glibc": 4.0, "mimalloc": 1.0})
        self.assertEqual(table.ratios()["jq"], {"hole-list": 0.5, "page-heap": 2.25, "glibc": 1.0, "mimalloc": 2.0})
        self.assertEqual(table.mean_ratio("hole-list"), (1.0, 2))
        self.assertEqual(table.mean_ratio("page-heap")[1], 1)
        self.assertEqual(table.refused, {"lua": {"page-heap"}, "jq": set()})

    def test_synthetic_loads_stand_apart(self) -> None:
        both = {"trace": "fifo", "half": "synthetic", "peak_bytes": 1000}
        report = TIMES | {"traces": [*TIMES["traces"], both]}
        self.assertEqual(list(results.Table(report, "ns_best").figures), ["lua", "jq"])
        self.assertEqual(list(results.Table(report, "ns_best", "synthetic").figures), ["fifo"])


class Tables(unittest.TestCase):
    def test_the_winner_is_bold(self) -> None:
        text = tables.text_of({"time": TIMES})
        self.assertIn("| lua | tuning | `hole-list` 4.00 | **mimalloc 2.00** | 2.00 |", text)
        self.assertIn("| jq | tuning | **`hole-list` 2.00** | glibc 4.00 | 0.50 |", text)
        self.assertIn("| `hole-list` | **1.00** | **2.83** | 1 |", text)
        self.assertIn("| `page-heap` | 2.25 (1) | 9.00 (1) |  |", text, "over the one that it ran")

    def test_one_that_did_not_run_everything_is_no_winner_and_one_alone_is_none(self) -> None:
        text = tables.text_of(
            {"time": report_of({"lua": {"page-heap": 1.0, "glibc": 4.0}, "jq": {"page-heap": None, "glibc": 4.0}})}
        )
        self.assertIn("| `page-heap` | 0.25 (1) | 1.00 (1) | 1 |", text)
        self.assertIn("| glibc | 1.00 | 4.00 | 1 |", text)

    def test_what_never_frees_is_not_among_the_fastest(self) -> None:
        text = tables.text_of({"time": report_of({"lua": {"bump": 1.0, "hole-list": 6.0, "glibc": 4.0}})})
        self.assertIn("| lua | tuning | `hole-list` 6.00 | **glibc 4.00** | 1.50 |", text)
        self.assertIn("| `bump` | **0.25** | **1.00** |  |", text)

    def test_a_search_that_took_too_long_is_marked(self) -> None:
        figures: dict[str, dict[str, float | None]] = {"lua": {"hole-list": None, "page-heap": 2.0, "glibc": 1.0}}
        for status, cell in (("too long", "`page-heap` 2.000 ?"), ("no room", "`page-heap` 2.000")):
            memory = report_of(figures, "smallest_to_peak", status=status)
            self.assertIn(f"| {cell} |", tables.text_of({"time": report_of(figures), "memory": memory}))

    def test_memory_is_told_by_the_size_of_the_programs(self) -> None:
        figures: dict[str, dict[str, float | None]] = {
            "lua": {"hole-list": 2.0, "small-hole-list": 1.1},
            "device": {"hole-list": 8.0, "small-hole-list": 1.1},
            "middle": {"hole-list": 1.0, "small-hole-list": None},
            "jq": {"hole-list": 1.0, "small-hole-list": None},
        }
        memory = report_of(figures, "smallest_to_peak")
        memory["results"] += report_of(figures, "smallest_to_floor")["results"]
        eight = report_of({name: figures[name] for name in ("lua", "device")}, "smallest_to_peak")
        text = tables.text_of({"memory": memory, "memory_8": eight})
        sizes = ("all", "1 MiB and more", "10 to 300 KiB")
        titles = [f"/ peak, {size}" for size in (*sizes, "10 to 300 KiB, alignment 8")]
        titles += [f"/ floor, {size}" for size in sizes]
        self.assertIn(f"|  | {' | '.join(titles)} |", text)
        self.assertIn("| `hole-list` | 2.000 | 1.000 | 4.000 | 4.000 | 2.000 | 1.000 | 4.000 |", text)
        self.assertRegex(text, r"`small-hole-list` \| 1.100 \(2\) \|  \| \*\*1.100\*\* \| \*\*1.100\*\* \| 1.100 \(2\)")

    def test_a_small_engine_is_nothing_for_large_programs(self) -> None:
        table = results.Table(report_of({"lua": {"small-x": None}, "jq": {"small-x": None}}), "ns_best")
        self.assertEqual(table.refused, {"lua": {"small-x"}, "jq": set()})

    def test_a_figure_of_nothing_is_in_no_mean(self) -> None:
        memory = report_of({"lua": {"glibc": 0, "musl": 2.0}, "jq": {"glibc": 3.0, "musl": 2.0}}, "resident_to_peak")
        self.assertRegex(tables.text_of({"memory": memory}), r"\| glibc \|  \| 3.000 \(1\) \|")

    def test_kinds_of_different_runs_are_told_apart(self) -> None:
        text = tables.text_of({"time": TIMES, "memory": report_of({"lua": {"hole-list": 1.5}}, "smallest_to_peak")})
        self.assertIn("The results of memory have other engines and programs than those of time.", text)
        self.assertNotIn("The results of", tables.text_of({"time": TIMES, "instructions": TIMES}))

    def test_a_worst_call_of_some_loads_only_is_a_lower_bound(self) -> None:
        worst = report_of(
            {
                "lua": {"hole-list": 100, "page-heap": None, "glibc": 200},
                "jq": {"hole-list": 90, "page-heap": 50, "glibc": 300},
            },
            "worst_allocate",
        )
        text = tables.text_of({"instructions": worst})
        self.assertRegex(text, r"`page-heap` .*\| ≥ 50 \|")
        self.assertRegex(text, r"`hole-list` .*\| \*\*100\*\* \|")

    def test_nothing_measured_is_a_sentence(self) -> None:
        self.assertEqual(tables.text_of({}), tables.NOTHING)

    def test_the_page_keeps_what_is_around(self) -> None:
        self.assertEqual(tables.between("before <old> after", "<", ">", "new"), "before <\n\nnew\n\n> after")
        for page in ("before", "before < after", "before > after"):
            with self.assertRaisesRegex(results.ResultsError, "no marks < and >"):
                tables.between(page, "<", ">", "new")


class Stored(unittest.TestCase):
    """What lies in the repository."""

    def test_the_page_says_what_the_results_say(self) -> None:
        self.assertEqual(tables.main(["--check"]), 0, "bench/tables.py writes it again")

    def test_no_result_names_a_folder_of_the_machine(self) -> None:
        for file in results.RESULTS.glob("*.json"):
            self.assertNotRegex(file.read_text(encoding="utf-8"), r'"[^"]*/(usr|root|home|tmp|work)/')

    def test_each_picture_is_small_and_was_drawn_from_the_results(self) -> None:
        reports = results.load(results.RESULTS)
        for file in results.RESULTS.glob("*.svg"):
            text = file.read_text(encoding="utf-8")
            self.assertLess(len(text), LARGEST_PICTURE, file.name)
            origin = re.search(r"drawn from ([a-z ]+) ([0-9a-f]{32})", text)
            assert origin is not None, file.name
            digest = results.digest(reports, origin[1].split(" and "))
            self.assertEqual(origin[2], digest, f"{file.name} is old; bench/plot.py draws it again")


def with_matplotlib() -> bool:
    try:
        return subprocess.run([DEBIANS_PYTHON, "-c", "import matplotlib"], capture_output=True).returncode == 0
    except OSError:
        return False


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)


class ShortRun(unittest.TestCase):
    """Everything is measured, a little of it."""

    folder: tempfile.TemporaryDirectory[str]
    done: subprocess.CompletedProcess[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.out = Path(cls.folder.name) / "results"
        traces = Path(cls.folder.name) / "traces"
        traces.mkdir()
        run(build / "bench/synthetic/bareheap-synthetic", "holes_too_small", "-o", traces / "large.trace")
        lines = [f"+ 64 1 {block}" for block in range(1, 200)]
        (Path(cls.folder.name) / "small").write_text("\n".join(["v 10400 3", "X small", *lines, ""]))
        command = (build / "tools/bareheap/bareheap", "import", "heaptrack", Path(cls.folder.name) / "small")
        run(*command, "-o", traces / "small.trace")
        cls.done = run(
            sys.executable,
            BENCH / "run.py",
            "--quick",
            "--build",
            build,
            "--traces",
            traces,
            "--out",
            cls.out,
            "--heap",
            "granule-heap",
            "--malloc",
            "glibc",
            "--only",
            "time",
            "memory",
            "memory_8",
            "sweep",
            "worst",
            "threads",
            "efficiency",
        )

    def test_it_measures_every_kind(self) -> None:
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        reports = results.load(self.out)
        self.assertEqual(set(reports), set(results.KINDS) - {"boards"})
        for kind in ("time", "memory", "instructions"):
            heaps = {(row["trace"], row["heap"]) for row in reports[kind]["results"] if "reference" not in row}
            self.assertEqual(heaps, set(itertools.product(("large", "small", "fifo"), ("granule-heap", "glibc"))), kind)
        self.assertEqual([row["half"] for row in reports["time"]["traces"]], ["recorded", "recorded", "synthetic"])
        self.assertEqual({row["trace"] for row in reports["sweep"]["results"]}, {"large", "small"})
        eight = [(row["trace"], row["natural_alignment"]) for row in reports["memory_8"]["traces"]]
        self.assertEqual(eight, [("small", 8)])
        self.assertEqual([row["heap"] for row in reports["memory_8"]["results"]], ["granule-heap"])
        loads = ("same_class", "producer_consumer", "larson", "churn", "alone")
        self.assertEqual(
            [(row["load"], row["threads"], row["heap"]) for row in reports["threads"]["results"]],
            list(itertools.product(loads, (1, 2, 4), ("empty", "granule-heap", "glibc"))),
        )
        self.assertGreater(min(row["ns_cpu"] for row in reports["threads"]["results"]), 0)
        self.assertEqual({row["region_bytes"] for row in reports["efficiency"]["results"]}, {65536, 1048576})
        self.assertRegex(self.done.stdout, r"\[ 1/\d+\] time +large")

    def test_its_results_become_tables(self) -> None:
        text = tables.text_of(results.load(self.out))
        for title in ("By recorded program", "By synthetic load", "under several threads"):
            self.assertIn(title, text)

    @unittest.skipUnless(with_matplotlib(), "needs python3-matplotlib")
    def test_its_pictures_are_the_same_twice(self) -> None:
        for name in ("first", "second"):
            drawn = run(DEBIANS_PYTHON, BENCH / "plot.py", "--results", self.out, "--out", self.out / name)
            self.assertEqual(drawn.returncode, 0, drawn.stderr)
        first = {file.name: file.read_bytes() for file in (self.out / "first").iterdir()}
        self.assertEqual(first, {file.name: file.read_bytes() for file in (self.out / "second").iterdir()})
        self.assertEqual(len(first), 8)

    @unittest.skipUnless(with_matplotlib(), "needs python3-matplotlib")
    def test_the_stored_pictures_are_those_of_the_stored_results(self) -> None:
        stored = {file.name: file.read_bytes() for file in results.RESULTS.glob("*.svg")}
        if not stored:
            self.skipTest("nothing is stored")
        drawn = run(DEBIANS_PYTHON, BENCH / "plot.py", "--out", self.out / "again")
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertEqual({file.name: file.read_bytes() for file in (self.out / "again").iterdir()}, stored)


class Gaps(unittest.TestCase):
    """Results that a run can store where steps failed."""

    @unittest.skipUnless(with_matplotlib(), "needs python3-matplotlib")
    def test_what_cannot_be_drawn_is_left_out(self) -> None:
        nothing: dict[str, dict[str, float | None]] = {"lua": {"hole-list": 3.0, "glibc": None}}
        zero: dict[str, dict[str, float | None]] = {"lua": {"hole-list": None, "glibc": 0}}
        alone = {
            "time": report_of(nothing),
            "instructions": report_of(zero, "instructions"),
            "memory": report_of(zero, "resident_to_peak"),
            "threads": thread_report(("churn", 1, "hole-list", 5.0)),
        }
        failed = {
            "time": report_of({"lua": {"hole-list": 3.0, "glibc": None}, "jq": {"hole-list": 3.0, "glibc": 2.0}}),
            "threads": thread_report(("churn", 2, "hole-list", 5.0), ("alone", 1, "glibc", 5.0)),
        }
        for reports, expected in ((alone, {"memory", "worst"}), (failed, {"time", "threads"})):
            with tempfile.TemporaryDirectory() as name:
                for kind, report in reports.items():
                    results.store(Path(name), kind, report)
                drawn = run(DEBIANS_PYTHON, BENCH / "plot.py", "--results", name)
                self.assertEqual((drawn.returncode, drawn.stderr), (0, ""))
                self.assertEqual({file.stem for file in Path(name).glob("*.svg")}, expected)
                text = tables.text_of(results.load(Path(name)))
                self.assertEqual(set(re.findall(r"results/(\w+)\.svg", text)), expected)


class Boards(unittest.TestCase):
    def test_every_board_is_asked_and_its_rows_are_kept(self) -> None:
        asked = []

        def output_of(command: list[str | Path]) -> str:
            words = [str(word) for word in command]
            board = words[words.index("--board") + 1]
            asked.append((board, words[words.index("--builds") + 1], "--short" in words))
            return json.dumps({"boards": {board: {"results": [{"engine": "hole-list", "load": "fifo"}]}}})

        programs = bench_run.Programs(Path("/builds/host"))
        bench = bench_run.Bench(programs, Field(["hole-list"]), [], bench_run.QUICK, True)
        with tempfile.TemporaryDirectory() as name, mock.patch.object(bench_run, "output_of", output_of):
            with contextlib.redirect_stdout(io.StringIO()):
                bench_run.measure(bench, ["boards"], Path(name))
            rows = results.load(Path(name))["boards"]["results"]
        boards = ("raspi3b", "riscv64", "x86_64")
        self.assertEqual((asked, bench.failures), ([(board, "/builds", True) for board in boards], []))
        self.assertEqual(rows, [{"board": board, "engine": "hole-list", "load": "fifo"} for board in boards])


class WrongArguments(unittest.TestCase):
    def test_a_part_does_not_replace_what_is_stored(self) -> None:
        for words in (["--heap", "hole-list"], ["--malloc", "glibc"], ["--traces", "/tmp"]):
            done = run(sys.executable, BENCH / "run.py", "--build", build, *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("measure a part: --out FOLDER tells where to", done.stderr)

    def test_each_gets_a_sentence(self) -> None:
        for words, sentence in (
            (["--heap", "nonsense"], "there is no engine nonsense"),
            (["--malloc", "nonsense"], "no allocator 'nonsense' is known"),
            (["--build", "/nowhere"], "is not there; cmake --preset host"),
            (["--traces", "/nowhere"], "there is no folder /nowhere"),
            (["--only", "nonsense"], "invalid choice: 'nonsense'"),
        ):
            build_words = [] if "--build" in words else ["--build", str(build)]
            done = run(sys.executable, BENCH / "run.py", "--quick", *build_words, *words)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(sentence, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_programs_say_what_is_wrong(self) -> None:
        for program, words, sentence in (
            ("synthetic", ["nonsense", "-o", "x"], "there is no load nonsense"),
            ("synthetic", ["fifo"], "a load and -o FILE are needed"),
            ("threads", ["churn", "--heap", "nonsense"], "there is no heap nonsense"),
            ("threads", ["nonsense"], "there is no load nonsense"),
            ("threads", [], "a load is needed"),
            ("threads", ["churn", "--threads", "0"], "not in range"),
            ("threads", ["producer_consumer", "--threads", "3"], "one thread or pairs"),
            ("efficiency", ["--region", "1"], "not in range"),
        ):
            done = run(build / f"bench/{program}/bareheap-{program}", *words)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(sentence, done.stderr)


if __name__ == "__main__":
    build = Path(sys.argv.pop(1))
    unittest.main()
