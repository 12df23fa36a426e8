# SPDX-License-Identifier: MIT
"""The library that looks for faults: what it says of them and of leaks, its settings, and right programs on it.

    checked_test.py PROGRAM LIBRARY
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DONE = 5  # the status of the program's own
PLACE = r"0x[0-9a-f]+ \(drop_in_checked_program\+0x[0-9a-f]+, %s\)"


def run(words: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    ours = {f"BAREHEAP_MALLOC_{name}": text for name, text in settings.items()}
    environment = {**os.environ, "LD_PRELOAD": library, **ours}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)


class Checked(unittest.TestCase):
    def act(self, act: str, status: int = DONE, **settings: str) -> list[str]:
        """What it says on standard error."""
        ran = run([program, act], **settings)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        return ran.stderr.splitlines()

    def assert_lines(self, lines: list[str], patterns: list[str]) -> None:
        self.assertEqual(len(lines), len(patterns), lines)
        for line, pattern in zip(lines, patterns, strict=True):
            self.assertRegex(line, f"^bareheap: {pattern}$")


class Leaks(Checked):
    LOST = [
        f"2 blocks, 2000 bytes lost, asked for from {PLACE % 'lose_by_new'}",
        f"1 block, 104 bytes lost, asked for from {PLACE % 'lose_a_ring'}",
        f"1 block, 104 bytes lost, asked for from {PLACE % 'lose_a_ring'}",
        f"3 blocks, 150 bytes lost, asked for from {PLACE % 'lose_by_malloc'}",
    ]

    def test_each_place_that_lost_has_a_line_most_bytes_first(self) -> None:
        lines = self.act("lose")
        lost = sorted(self.LOST, key=lambda line: -int(line.split()[2]))
        self.assert_lines(lines[:-1], lost)
        sum_line = r"^bareheap: process \d+ ended: 7 blocks, 2358 bytes lost; \d+ blocks, \d+ bytes still in reach$"
        self.assertRegex(lines[-1], sum_line)

    def test_what_is_in_reach_is_told_on_request(self) -> None:
        lines = "\n".join(self.act("lose", LEAKS="all"))
        in_reach = "still in reach, asked for from"
        self.assertRegex(lines, f"10 blocks, 1040 bytes {in_reach} {PLACE % 'keep_a_chain'}")
        self.assertRegex(lines, f"1 block, 300 bytes {in_reach} {PLACE % 'keep_by_an_inner_address'}")
        self.assertIn(", 2000 bytes lost", lines)

    def test_the_size_is_that_of_the_last_realloc(self) -> None:
        line = self.act("lose-what-has-shrunk")[0]
        self.assertRegex(line, f"^bareheap: 1 block, 77 bytes lost, asked for from {PLACE % 'lose_what_has_shrunk'}$")

    def test_nothing_lost_nothing_said(self) -> None:
        self.assertEqual(self.act("lose-nothing"), [])
        self.assertEqual(self.act("lose", LEAKS="never"), [])

    def test_a_block_that_only_a_thread_holds_is_in_reach(self) -> None:
        self.assertNotIn(" 500 bytes", "\n".join(self.act("keep-in-a-thread")))
        self.assertRegex("\n".join(self.act("keep-in-a-thread", LEAKS="all")), " 500 bytes still in reach")

    def test_twenty_places_and_how_many_more(self) -> None:
        lines = self.act("lose-at-25-places")
        self.assertEqual([int(line.split()[3]) for line in lines[:20]], list(range(124, 104, -1)))
        self.assertEqual(lines[20], "bareheap: and from 5 other places")
        self.assertEqual(len(lines), 22)

    def test_the_status_of_a_program_that_lost(self) -> None:
        ran = run([program, "lose"], LEAK_STATUS="9")
        self.assertEqual((ran.returncode, ran.stdout), (9, "done\n"))
        self.act("lose-nothing", status=DONE, LEAK_STATUS="9")

    def test_a_file_for_the_report(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report"
            for _ in range(2):
                self.assertEqual(self.act("lose", REPORT=str(file)), [])
            self.assertEqual(file.read_text(encoding="utf-8").count(" ended: 7 blocks, 2358 bytes lost;"), 2)

    def test_a_file_that_cannot_be_written_is_told(self) -> None:
        lines = self.act("lose", REPORT="/no/such/folder/file")
        self.assertEqual(lines[0], "bareheap: cannot write the report to '/no/such/folder/file'")
        self.assertIn("ended: 7 blocks, 2358 bytes lost;", lines[-1])

    def test_standard_error_is_closed_before_the_end(self) -> None:
        self.assertRegex(run(["ls", "/"], LEAKS="all").stderr, r"bareheap: process \d+ ended: .* in reach\n$")


class Faults(Checked):
    def test_a_double_free_with_the_three_places(self) -> None:
        place = PLACE % "free_it_twice"
        self.assert_lines(
            self.act("free-twice", -signal.SIGABRT),
            [
                f"freed a block that is free already: 0x[0-9a-f]+, called from {place}",
                f"the block of 24 bytes was asked for from {place}",
                f"it was freed from {place}",
            ],
        )

    def test_the_story_of_a_free_is_kept(self) -> None:
        lines = self.act("free-twice-late", -signal.SIGABRT)
        self.assertRegex(lines[2], f"^bareheap: it was freed from {PLACE % 'free_it_twice_late'}$")

    def test_an_inner_address_names_its_block(self) -> None:
        place = PLACE % "free_it_inside"
        self.assert_lines(
            self.act("free-inside", -signal.SIGABRT),
            [
                f"freed an address that this heap has not lent: 0x[0-9a-f]+, called from {place}",
                f"it lies 16 bytes behind where a block begins; the block of 100 bytes was asked for from {place}",
            ],
        )

    def test_one_byte_is_one_byte(self) -> None:
        lines = self.act("free-one-inside", -signal.SIGABRT)
        self.assertIn("bareheap: it lies 1 byte behind where a block begins", lines[1])

    def test_what_was_never_freed_is_looked_at_in_the_end(self) -> None:
        self.assert_lines(
            self.act("write-behind", -signal.SIGABRT),
            [
                "the bytes behind a block were overwritten: 0x[0-9a-f]+, noticed at the end of the program",
                f"the block of 100 bytes was asked for from {PLACE % 'write_behind_it'}",
            ],
        )

    def test_a_refused_request_does_not_empty_the_quarantine(self) -> None:
        lines = self.act("write-after-a-refusal", -signal.SIGABRT)
        self.assertRegex(lines[0], "^bareheap: a block was written to after it was freed: 0x.*, noticed at the end")

    def test_the_calls_that_led_there_on_request(self) -> None:
        lines = self.act("free-twice", -signal.SIGABRT, FRAMES="2")
        self.assertEqual(len(lines), 6)
        for line in lines[1::2]:
            self.assertRegex(line, f"^bareheap:     which was called from {PLACE % 'main'}$")

    def test_a_handler_of_the_abort_may_use_the_heap(self) -> None:
        self.assertEqual(run([program, "handle-abort"]).stdout, "handled\n")
        self.assertEqual(len(self.act("handle-abort", -signal.SIGABRT)), 3)

    def test_a_handler_that_is_wrong_itself_ends_the_program(self) -> None:
        self.assertEqual(len(self.act("handle-abort-wrongly", -signal.SIGABRT)), 6)


class Settings(Checked):
    def test_nonsense_gets_a_sentence(self) -> None:
        for name, texts, wants in (
            ("LEAKS", ["some", ""], "never, lost or all"),
            ("LEAK_STATUS", ["256", "x", ""], "a number from 0 to 255"),
            ("FRAMES", ["0", "9"], "a number from 1 to 8"),
            ("PAIRS", [""], "checked or ignored"),
            ("REPORT", [""], "stderr or the name of a file, shorter than 512 characters"),
        ):
            for text in texts:
                with self.subTest(name=name, text=text):
                    lines = self.act("lose", 2, **{name: text})
                    self.assertEqual(lines, [f"bareheap: BAREHEAP_MALLOC_{name} wants {wants}, not '{text}'"])

    def test_an_unknown_name_gets_the_names(self) -> None:
        names = [f"BAREHEAP_MALLOC_{name}" for name in ("LEAKS", "LEAK_STATUS", "FRAMES", "PAIRS", "REPORT")]
        sentence = "bareheap: BAREHEAP_MALLOC_LEEKS is no setting of this library: there are "
        self.assertEqual(self.act("lose", 2, LEEKS="all"), [sentence + ", ".join(names[:4]) + " and " + names[4]])


class RightPrograms(Checked):
    def test_the_contract(self) -> None:
        self.assertEqual(self.act("contract"), [])

    def test_forks_while_threads_are_in_the_heap(self) -> None:
        self.assertEqual(self.act("fork"), [])

    def test_handlers_of_signals_allocate(self) -> None:
        for frames in ("1", "8"):
            self.assertEqual(self.act("signals", FRAMES=frames), [])

    def test_families_may_be_mixed_on_request(self) -> None:
        self.assertEqual(self.act("mix-families", PAIRS="ignored"), [])
        lines = self.act("mix-families", -signal.SIGABRT)
        self.assertIn("bareheap: freed by free a block that was asked for by new: 0x", lines[0])

    def test_programs_say_the_same(self) -> None:
        for words in (
            ["python3", "-c", "import json; print(len(json.dumps([str(n) for n in range(2000)])))"],
            ["perl", "-e", 'my %h; $h{$_} = "x" x $_ for 1..500; print scalar(keys %h)'],
            ["jq", "-n", "[range(1000) | tostring] | length"],
            ["sqlite3", ":memory:", "create table t(a); insert into t values (1), (2); select sum(a) from t;"],
            ["lua5.4", "-e", "local t = {} for i = 1, 1000 do t[i] = tostring(i) end print(#t)"],
            ["git", "--no-pager", "help", "-a"],
        ):
            with self.subTest(words[0]):
                alone = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
                ours = run(words)
                self.assertEqual((ours.returncode, ours.stdout), (0, alone.stdout))
                self.assertNotRegex(ours.stderr, "called from|noticed")


if __name__ == "__main__":
    program, library = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
