# SPDX-License-Identifier: MIT
"""Tests of `bareheap replay`, on traces made by hand and on mallocs that count.

usage: replay_test.py BAREHEAP WRITE_TRACES COUNTING_MALLOC [unittest's own arguments]
"""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

TOOL = ""
COUNTING_MALLOC = ""
TRACES = Path()
CALLS_OF_MIXED = (1156, 75, 425, 76)  # to malloc, calloc, realloc, posix_memalign


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOOL, "replay", *arguments], cwd=TRACES, capture_output=True, text=True, timeout=120,
                          check=False)


def report(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def row(heap: str, *arguments: str) -> dict[str, Any]:
    """The one result of a heap."""
    rows = [row for row in report("--heap", heap, *arguments)["results"] if row["heap"] == heap]
    assert len(rows) == 1
    return rows[0]


def refused(*arguments: str) -> str:
    """What the tool says to wrong arguments: one sentence."""
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == "", done
    assert re.fullmatch(r"bareheap: [^\n]*\.\n", done.stderr), done.stderr
    return done.stderr


class Memory(unittest.TestCase):
    def test_blocks_that_live_to_the_end_need_no_more_than_the_floor(self) -> None:
        found = row("hole-list", "equal.trace", "--memory")
        self.assertEqual(found["peak_bytes"], 1700)
        self.assertEqual(found["peak_taken_bytes"], 3200)
        self.assertEqual(found["floor_bytes"], 3200)
        self.assertEqual(found["smallest_bytes"], 3200)
        self.assertEqual(found["object_bytes"], 32)
        self.assertAlmostEqual(found["smallest_to_peak"], 3232 / 1700)
        self.assertAlmostEqual(found["smallest_to_floor"], 1)

    def test_two_holes_more_than_fit_are_two_granules_more(self) -> None:
        # 101 blocks of 32, half of them freed one by one: no hole has 48 bytes, so they come behind the rest.
        self.assertEqual(row("hole-list", "holes.trace", "--memory")["smallest_bytes"], 101 * 32 + 48)
        self.assertEqual(row("hole-list", "holes.trace", "--memory")["floor_bytes"], 101 * 32)

    def test_a_smaller_alignment_is_asked_for(self) -> None:
        self.assertEqual(report("equal.trace", "--memory", "--heap", "bump", "--alignment", "8")["traces"][0]
                         ["natural_alignment"], 8)
        plain = row("bump", "equal.trace", "--memory")["smallest_bytes"]
        smaller = row("bump", "equal.trace", "--memory", "--alignment", "8")["smallest_bytes"]
        self.assertEqual((plain, smaller), (99 * 32 + 32, 99 * 24 + 24))

    def test_what_needs_too_much_is_said(self) -> None:
        found = row("bump", "long.trace", "--memory")
        self.assertEqual(found["status"], "no room")
        self.assertIn("needs more than", found["note"])
        self.assertNotIn("smallest_bytes", found)

    def test_a_block_of_no_bytes_has_a_smallest_region_too(self) -> None:
        found = row("hole-list", "tiny.trace", "--memory")
        self.assertEqual((found["peak_bytes"], found["smallest_bytes"]), (1, 16))
        self.assertEqual(row("page-heap", "tiny.trace", "--memory")["smallest_bytes"], 8192)

    def test_two_runs_are_equal(self) -> None:
        arguments = ("mixed.trace", "equal.trace", "--memory")
        self.assertEqual(report(*arguments), report(*arguments))

    def test_of_a_malloc_the_resident_memory_is_told(self) -> None:
        rows = report("long.trace", "--memory", "--malloc", "glibc")["results"]
        self.assertEqual(len(rows), 1)
        peak = rows[0]["peak_bytes"]
        self.assertGreater(rows[0]["resident_bytes"], peak)
        self.assertAlmostEqual(rows[0]["resident_to_peak"], rows[0]["resident_bytes"] / peak)

    def test_resident_memory_is_that_of_the_peak_and_without_the_librarys_code(self) -> None:
        for name in ("glibc", "musl"):
            if name == "musl" and not (Path(TOOL).parent / "bareheap-replay-musl").exists():
                continue
            freed = report("freed.trace", "--memory", "--malloc", name)["results"][0]
            self.assertGreaterEqual(freed["resident_bytes"], 100_000, name)
            self.assertLess(freed["resident_bytes"], 150_000, name)
            tiny = report("tiny.trace", "--memory", "--malloc", name)["results"][0]
            self.assertLess(tiny["resident_bytes"], 40_000, name)


class Time(unittest.TestCase):
    def test_every_engine_is_measured_beside_the_empty_loop(self) -> None:
        rows = report("equal.trace", "--rounds", "3")["results"]
        self.assertEqual([row["heap"] for row in rows],
                         ["empty-loop", "bump-pointer", "bump", "hole-list", "hole-list-tail", "page-heap",
                          "story-pages", "granule-heap", "real-time-heap", "cpu-cached", "small-granule-heap",
                          "small-real-time-heap"])
        self.assertEqual([row.get("reference", False) for row in rows], [True, True] + [False] * 10)
        loop = rows[0]["ns_best"]
        for measured in rows:
            if measured["heap"] in ("page-heap", "story-pages"):  # too little room in four times the peak
                continue
            self.assertEqual((measured["operations"], measured["rounds"]), (100, 3))
            self.assertLessEqual(measured["ns_best"], measured["ns_median"])
            self.assertAlmostEqual(measured["ns_net"], measured["ns_best"] - loop)

    def test_no_room_is_told_with_the_operation_and_the_live_bytes(self) -> None:
        found = row("hole-list", "equal.trace", "--region", "1600B")
        self.assertEqual((found["status"], found["operations"], found["live_bytes"]), ("no room", 50, 50 * 17))
        self.assertEqual(found["note"], "no room at operation 50 (allocate, 17 bytes) with 850 bytes live")
        self.assertNotIn("ns_best", found)

    def test_a_slow_heap_is_given_up(self) -> None:
        found = row("checked+hole-list", "long.trace", "--seconds", "0.001")
        self.assertEqual((found["status"], found["note"]), ("too long", "longer than 0.001 s"))

    def test_a_region_is_a_factor_or_a_size(self) -> None:
        for text, size in (("2", 3408), ("64K", 65536), ("1M", 1 << 20), ("5000B", 5000), ("1.5K", 1536)):
            self.assertEqual(row("hole-list", "equal.trace", "--rounds", "1", "--region", text)["region_bytes"], size)

    def test_sweep_goes_up_from_the_smallest_region(self) -> None:
        rows = report("equal.trace", "--sweep", "--heap", "hole-list", "--rounds", "1")["results"]
        self.assertEqual([row["region_bytes"] for row in rows], [3200, 3264, 3360, 3520, 4000, 4800, 6400, 12800])
        self.assertEqual([row["percent_of_smallest"] for row in rows], [100, 102, 105, 110, 125, 150, 200, 400])
        self.assertTrue(all(row["ns_best"] > 0 for row in rows))

    def test_sweep_of_a_trace_of_one_block_ends(self) -> None:
        rows = report("tiny.trace", "--sweep", "--heap", "page-heap", "--rounds", "1")["results"]
        self.assertEqual((rows[0]["region_bytes"], len(rows)), (8192, 8))


class Instructions(unittest.TestCase):
    def setUp(self) -> None:
        if not (Path(TOOL).parent.parent / "instructions" / "under_counter").exists():
            self.skipTest("the instruction counter was not built")

    def test_the_worst_call_is_the_one_that_looks_at_all_holes(self) -> None:
        found = row("hole-list", "holes.trace", "--instructions")
        worst = found["calls"]["allocate"]
        self.assertEqual((worst["calls"], worst["worst_operation"]), (102, 151))
        self.assertGreater(worst["worst"], 50 * 4)
        self.assertLess(worst["worst"], 50 * 20)
        self.assertEqual(found["worst_allocate"], worst["worst"])
        self.assertEqual(found["calls"]["deallocate"]["calls"], 50)

    def test_two_runs_are_equal_and_the_loop_costs_little(self) -> None:
        arguments = ("mixed.trace", "--instructions", "--heap", "hole-list", "--heap", "page-heap")
        first = report(*arguments)
        self.assertEqual(first, report(*arguments))
        loop = first["results"][0]
        self.assertLess(loop["instructions"], 20)
        for kind in loop["calls"].values():
            self.assertLess(kind["worst"], 6)
        for heap in first["results"][1:]:
            self.assertAlmostEqual(heap["instructions"], heap["instructions_with_loop"] - loop["instructions"])
        kinds = first["results"][2]["calls"]
        reallocations = kinds["reallocate"]["calls"] + kinds["reallocate_aligned"]["calls"]
        self.assertEqual((kinds["allocate"]["calls"], kinds["allocate_zeroed"]["calls"], reallocations,
                          kinds["allocate_aligned"]["calls"]), CALLS_OF_MIXED)
        # The calls one by one are what the loop as a whole is, but for what the compiler does better in one of them.
        mean = sum(kind["calls"] * kind["mean"] for kind in kinds.values()) / 3000
        self.assertAlmostEqual(mean, first["results"][2]["instructions"], delta=8)

    def test_mallocs_are_counted_too(self) -> None:
        rows = report("mixed.trace", "--instructions", "--malloc", COUNTING_MALLOC)["results"]
        self.assertEqual(rows[-1]["status"], "ok")
        self.assertLess(rows[-1]["calls"]["deallocate"]["worst"], 12)
        self.assertGreater(rows[-1]["calls"]["allocate"]["mean"], 5)


class Mallocs(unittest.TestCase):
    def test_every_call_reaches_the_library(self) -> None:
        done = run("mixed.trace", "--memory", "--malloc", COUNTING_MALLOC)
        calls = re.search(r"(\d+) mallocs, (\d+) callocs, (\d+) reallocs, (\d+) aligned, (\d+) frees", done.stderr)
        assert calls, done
        mallocs, callocs, reallocs, aligned, frees = map(int, calls.groups())
        self.assertEqual((mallocs, callocs, reallocs, aligned), CALLS_OF_MIXED)
        self.assertEqual(mallocs + callocs + aligned, frees)  # what lives at the end is freed too

    def test_glibc_is_timed(self) -> None:
        rows = report("mixed.trace", "--malloc", "glibc", "--rounds", "2")["results"]
        self.assertEqual([row["heap"] for row in rows], ["empty-loop", "bump-pointer", "glibc"])
        self.assertEqual((rows[2]["status"], rows[2]["operations"], rows[2]["rounds"]), ("ok", 3000, 2))

    def test_musl_is_timed_where_it_was_linked(self) -> None:
        if not (Path(TOOL).parent / "bareheap-replay-musl").exists():
            self.skipTest("built without musl-gcc")
        rows = report("mixed.trace", "--malloc", "musl", "--rounds", "1")["results"]
        self.assertEqual((rows[-1]["status"], rows[-1]["operations"]), ("ok", 3000))

    def test_what_is_no_library_or_no_malloc_is_refused(self) -> None:
        self.assertIn("there is no library './mixed.trace'", refused("mixed.trace", "--malloc", "./mixed.trace"))
        self.assertIn("no allocator 'nothing' is known", refused("mixed.trace", "--malloc", "nothing"))
        # A library without a malloc is loaded, and glibc's would be measured.
        library = subprocess.run(["gcc", "-print-file-name=libm.so.6"], capture_output=True, text=True, check=True)
        done = run("mixed.trace", "--malloc", library.stdout.strip())
        self.assertEqual(done.returncode, 1)
        self.assertIn("was not used: malloc came from", done.stderr)


class Pictures(unittest.TestCase):
    def test_curve(self) -> None:
        samples = row("hole-list", "equal.trace", "--curve", "--samples", "4")["samples"]
        self.assertEqual([sample["operations"] for sample in samples], [0, 25, 50, 75, 100])
        self.assertEqual([sample["live_bytes"] for sample in samples], [0, 425, 850, 1275, 1700])
        self.assertEqual([sample["used_bytes"] for sample in samples], [0, 800, 1600, 2400, 3200])
        self.assertEqual(samples[0]["largest_free_bytes"], 6800)
        self.assertEqual(samples[0]["holes"], 1)

    def test_a_block_of_no_bytes_is_none_in_the_curve(self) -> None:
        samples = row("hole-list", "tiny.trace", "--curve", "--samples", "1", "--region", "1K")["samples"]
        self.assertEqual([(sample["live_bytes"], sample["used_bytes"]) for sample in samples], [(0, 0), (0, 16)])

    def test_laws_hold(self) -> None:
        rows = report("mixed.trace", "--laws", "--heap", "locked+counted+hole-list", "--heap", "checked+hole-list",
                      "--check-every", "10")["results"]
        self.assertEqual([(row["status"], row["operations"]) for row in rows], [("ok", 3000)] * 2)


class Text(unittest.TestCase):
    def test_the_best_is_marked_and_means_are_told(self) -> None:
        done = run("equal.trace", "mixed.trace", "--memory", "--heap", "hole-list", "--heap", "page-heap")
        self.assertIn("equal: 100 operations, peak 1,700 bytes in 100 blocks\n", done.stdout)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertIn(["hole-list", "3,200", "1.901*", "1.901*", "1.000*"], lines)
        self.assertEqual(len(re.findall(r"geometric mean of 2 traces", done.stdout)), 1)
        self.assertEqual(sum(line[:1] == ["page-heap"] for line in lines), 3)

    def test_means_are_geometric(self) -> None:
        found = report("equal.trace", "mixed.trace", "--memory", "--heap", "hole-list")
        one, two = (row["smallest_to_peak"] for row in found["results"])
        self.assertAlmostEqual(found["means"][0]["smallest_to_peak"], (one * two) ** 0.5)
        self.assertEqual(set(found["means"][0]["traces"].values()), {2})

    def test_each_figure_has_its_own_mean(self) -> None:
        if not (Path(TOOL).parent.parent / "instructions" / "under_counter").exists():
            self.skipTest("the instruction counter was not built")
        arguments = ("freed.trace", "equal.trace", "--instructions", "--heap", "hole-list")
        found = report(*arguments)["means"][-1]
        self.assertEqual(found["traces"], {"instructions": 2, "worst_allocate": 2, "worst_deallocate": 2})
        self.assertEqual(found["worst_deallocate"], 0, "there is none in one of them")
        means = run(*arguments).stdout.partition("geometric mean of 2 traces")[2]
        self.assertRegex(means, r"hole-list +[\d.]+\*")
        both = report("freed.trace", "equal.trace", "--memory", "--heap", "hole-list", "--malloc", "glibc")
        self.assertEqual([set(mean["traces"].values()) for mean in both["means"]], [{2}, {2}])
        bump = run("long.trace", "equal.trace", "--memory", "--heap", "bump").stdout
        self.assertRegex(bump.partition("geometric mean of 2 traces")[2], r"bump +[\d.]+\* *\n",
                         "its floor is known on both, its smallest region on one")

    def test_traces_of_one_name_are_told_apart(self) -> None:
        for folder, source in (("one", "equal"), ("two", "mixed")):
            (TRACES / folder).mkdir(exist_ok=True)
            shutil.copy(TRACES / f"{source}.trace", TRACES / folder / "same.trace")
        found = report("one/same.trace", "two/same.trace", "tiny.trace", "--laws", "--heap", "hole-list")
        self.assertEqual([row["trace"] for row in found["traces"]], ["one/same.trace", "two/same.trace", "tiny"])
        self.assertEqual([row["operations"] for row in found["results"]], [100, 3000, 1])
        self.assertIn("the trace 'tiny.trace' is named twice", refused("tiny.trace", "tiny.trace"))

    def test_a_name_that_is_no_text_loses_nothing(self) -> None:
        found = report("nameless.trace", "--laws", "--heap", "hole-list")
        self.assertEqual(found["traces"][0]["program"], "\N{REPLACEMENT CHARACTER}")
        self.assertEqual(found["results"][0]["status"], "ok")

    def test_help_and_lists(self) -> None:
        self.assertIn("Examples:", run("--help").stdout)
        self.assertIn("  locked+counted+hole-list\n", run("--list-heaps").stdout)
        self.assertIn("  mimalloc\n", run("--list-heaps").stdout)

    def test_wrong_arguments_get_a_sentence(self) -> None:
        self.assertIn("no heap 'nothing' is known", refused("mixed.trace", "--heap", "nothing"))
        self.assertIn("a trace is needed", refused("--memory"))
        self.assertIn("--laws looks into a region", refused("mixed.trace", "--laws", "--malloc", "glibc"))
        self.assertIn("there is no CPU 9999", refused("mixed.trace", "--cpu", "9999"))
        for text in ("0", "-1", "x", "4X", "", "1e300", "nan", "1e7K"):
            self.assertIn("--region takes a factor", refused("mixed.trace", "--region", text))
        for arguments in (["--memory", "--laws"], ["--rounds", "0"], ["--alignment", "32"], ["--seconds", "0"]):
            refused("mixed.trace", *arguments)

    def test_a_trace_that_cannot_be_replayed_is_told_of(self) -> None:
        for arguments in (["empty.trace"], ["nothing.trace"], ["mixed.trace", "--region", "900000G"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, r"\Abareheap: [^\n]*\.\n\Z")
        huge = "a block of 4 GiB or more is in the trace"
        for name, why in (("empty", "there is no call in the trace"), ("huge", huge)):
            self.assertIn(f"bareheap: {name}.trace: {why}", run(f"{name}.trace").stderr)
        self.assertIn("bytes are more than this machine has", run("vast.trace", "--laws", "--heap", "hole-list").stderr)

    def test_progress_is_for_terminals_and_goes_away(self) -> None:
        arguments = [TOOL, "replay", "long.trace", "--heap", "checked+hole-list", "--rounds", "1000", "--seconds",
                     "1.3"]
        ours, theirs = pty.openpty()
        with subprocess.Popen(arguments, cwd=TRACES, stdout=subprocess.DEVNULL, stderr=theirs) as process:
            process.wait(120)
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the other side is closed
            pass
        os.close(ours)
        steps = re.findall(rb"\[([#.]{24})\] (\d+) of 1001  long, round (\d+) of 1000", shown)
        self.assertTrue(any(int(done) > 0 for _, done, _ in steps), shown)
        for bar, done, number in steps:
            self.assertEqual((bar.count(b"#"), done), (24 * int(done) // 1001, number))
        self.assertTrue(shown.endswith(b"\r\x1b[K"))
        self.assertEqual(run("mixed.trace", "--rounds", "1").stderr, "")


if __name__ == "__main__":
    TOOL, writer, COUNTING_MALLOC = (str(Path(argument).resolve()) for argument in sys.argv[1:4])
    with tempfile.TemporaryDirectory() as folder:
        TRACES = Path(folder)
        subprocess.run([writer, folder], check=True)
        unittest.main(argv=sys.argv[:1] + sys.argv[4:])
