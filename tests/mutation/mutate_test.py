# SPDX-License-Identifier: MIT
"""Asks the command that makes mutations about a header whose mutations are known, and about the engines' own.

    python3 tests/mutation/mutate_test.py [Small | Changed | Sample] [-v]
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SMALL = HERE / "small"
LIMIT = "if (one > 1000) return; // which nobody asks"
KINDS = {"operator", "constant", "condition", "statement", "early return"}
CALLS = "int calls_ = 0; // which nobody reads"
SURVIVORS = {
    *((LIMIT, LIMIT.replace("one > 1000", other)) for other in ("one >= 1000", "one > 1001", "one > 999", "false")),
    ("++calls_;", "--calls_;"),
    *((CALLS, CALLS.replace("0", other)) for other in ("1", "-1")),
}


def command(name: str, *words: str | Path, limit: float = 300) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(HERE / name), *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=limit, check=False)


def small(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    place = ["--include", SMALL / "include", "--judge", SMALL / "judge", "--file", "small.hpp"]
    return command(name, *place, *words)


class Small(unittest.TestCase):
    def test_what_a_judge_sees_is_caught_and_the_rest_is_told_or_explained(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            listed, told = Path(folder) / "equivalent.toml", Path(folder) / "told.json"
            lines = ("++calls_;", "total_ = one - other;", "gone")
            entries = [["add", line, ";"] for line in lines]
            group = f'[[equivalent]]\nfile = "small.hpp"\nreason = "none"\nmutations = {entries}\n'
            listed.write_text(group, encoding="utf-8")
            done = small("mutate.py", "--all", "--at-least", "99", "--equivalent", listed, "--json", told)
            rows = json.loads(told.read_text(encoding="utf-8"))
        self.assertEqual(done.returncode, 1, "fewer than 99 percent: " + done.stdout + done.stderr)
        survived = {(row["before"], row["after"]) for row in rows if row["outcome"] == "survived"}
        self.assertEqual(survived, SURVIVORS)
        self.assertEqual([row["before"] for row in rows if row["outcome"] == "equivalent"], ["++calls_;"])
        self.assertEqual({row["kind"] for row in rows}, KINDS)
        self.assertEqual([row["kind"] for row in rows if row["by"] == "hung"], ["statement"])
        caught = sum(row["outcome"] == "caught" for row in rows)
        self.assertGreater(caught, 15)
        self.assertRegex(done.stdout, rf"all +{caught} +7 +1 +\d+ +{100 * caught / (caught + 7):.1f} %")
        self.assertIn("the list of equivalents is wrong: caught: small.hpp:12, add, statement", done.stdout)
        self.assertIn("1 entries of the list of equivalents are of no mutation that there is", done.stdout)

    def test_a_seed_picks_the_same_again_and_another_one_others(self) -> None:
        picks = [small("mutate.py", "--list", "--count", "4", "--seed", seed).stdout for seed in ("1", "1", "2")]
        self.assertEqual(picks[0].count("possible: small.hpp:"), 4)
        self.assertEqual(picks[0], picks[1])
        self.assertNotEqual(picks[0], picks[2])

    def test_the_coverage_tells_what_was_never_run(self) -> None:
        said = small("coverage.py").stdout
        self.assertRegex(said, r"small.hpp +\d+ +100\.0 % +4 +75\.0 %")
        self.assertIn("never true: one > 1000", said)

    def test_wrong_arguments_get_one_sentence(self) -> None:
        for words in (["--count", "0"], ["--count", "many"], ["--no-such-option"], ["--file", "bareheap/none.hpp"],
                      ["--judge", "/nowhere"], ["--equivalent", "/nowhere"], ["--all", "--count", "3"]):  # fmt: skip
            done = command("mutate.py", *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(command("coverage.py", "--file", "none.hpp").returncode, 2)


class Changed(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.include = Path(folder.name)
        self.header = self.include / "small.hpp"
        shutil.copy(SMALL / "include/small.hpp", self.header)
        self.git("init", "--quiet")
        self.git("add", "small.hpp")
        self.git("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message=first")

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-C", str(self.include), *words], check=True, capture_output=True)

    def listed(self, *words: str) -> subprocess.CompletedProcess[str]:
        place = ["--include", self.include, "--judge", SMALL / "judge", "--file", "small.hpp", "--list"]
        return command("mutate.py", *place, *words)

    def lines(self, *words: str) -> set[int]:
        done = self.listed("--all", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {int(line) for line in re.findall(r"possible: small\.hpp:(\d+),", done.stdout)}

    def change(self, before: str, after: str) -> None:
        text = self.header.read_text(encoding="utf-8")
        self.assertEqual(text.count(before), 1)
        self.header.write_text(text.replace(before, after), encoding="utf-8")

    def test_only_lines_that_are_new_or_stand_elsewhere_are_changed(self) -> None:
        self.assertEqual(self.lines("--changed", "HEAD"), set())
        self.change("    if (one > 1000)", "\n    if (one > 1000)")
        self.change("total_ > 9", "total_ > 8")
        self.change("    ++calls_;\n", "")
        self.change("Number total_", "int more_ = 0;\n  Number total_")
        self.assertEqual(self.lines("--changed", "HEAD"), {15, 23})
        self.assertLess({15, 23}, self.lines())

    def test_a_change_within_a_statement_is_one_of_all_of_it(self) -> None:
        self.change("one - other", "one -\n             other")
        self.git("-c", "user.name=n", "-c", "user.email=e", "commit", "--all", "--quiet", "--message=second")
        self.change("             other", "             other - 0")
        self.assertEqual(self.lines("--changed", "HEAD"), {12, 13})

    def test_a_revision_that_there_is_not_gets_one_sentence(self) -> None:
        for revision in ("nowhere", "--output=small.hpp"):
            done = self.listed(f"--changed={revision}")
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertRegex(done.stderr, r"\Amutate\.py: git cannot tell what has changed since .*\n\Z")


class Sample(unittest.TestCase):
    def test_most_of_a_sample_of_the_engines_mutations_is_caught(self) -> None:
        count, least = ("6", "80") if os.environ.get("LONG") == "ON" else ("4", "75")  # so that one may survive
        done = command("mutate.py", "--count", count, "--at-least", least)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
