# SPDX-License-Identifier: MIT
"""The protocol of CpuCached, checked by spin: all states of the model are right, and each broken rule is found."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

MODEL = Path(__file__).with_name("cpu_cached.pml")
FLAGS = ["-w", "-DSAFETY", "-DNOFAIR", "-DMEMLIM=4000"]

LOST = r"assertion violated \(+engine\+depot\)"
TOUCHED_BY_TWO = r"assertion violated +!\(touching\["
WRONG_REFUSAL = r"assertion violated +!\(\(hopeful"
WAITS_FOR_EVER = "invalid end state"

MUTANTS = [
    ("WAITS_LOCKED", "DIRECT", r"assertion violated \(lock!="),
    ("WAITS_LOCKED", "", r"assertion violated \(lock!="),
    ("LOOPS_DO_NOT_SERVE", "MASKED=2", WAITS_FOR_EVER),
    ("FAST_PATH_UNMASKED", "DEVICES=1", LOST),
    ("SERVES_UNMASKED", "DEVICES=1", WAITS_FOR_EVER),
    ("TAKES_ANYWAY", "", LOST),
    ("TAKES_ANYWAY", "DIRECT", TOUCHED_BY_TWO),
    ("NO_BARRIER", "DIRECT", TOUCHED_BY_TWO),
    ("CALLS_ONLY_WHOM_IT_ASKED", "DIRECT CPUS=3 BLOCKS=1", TOUCHED_BY_TWO),
    ("CALLS_ONLY_WHOM_IT_ASKED", "DEVICES=1", WAITS_FOR_EVER),
    ("COLLECTS_UNLOCKED", "DIRECT", LOST),
    ("DOES_NOT_COLLECT", "DIRECT", WRONG_REFUSAL),
    ("DOES_NOT_LOOK_AGAIN", "", WRONG_REFUSAL),
    ("DOES_NOT_LOOK_AGAIN", "DIRECT", WRONG_REFUSAL),
    ("DOES_NOT_WAIT_FOR_ITSELF", "DIRECT", WRONG_REFUSAL),
    ("RECALLS_NOT_COUNTED", "DIRECT", WRONG_REFUSAL),
    ("COLLECTOR_ENDS_IT", "DIRECT CPUS=3 BLOCKS=1", TOUCHED_BY_TWO),
    ("USES_LISTS_WHILE_ASKED", "DIRECT", LOST),
    ("FORGETS_WHOM_IT_GAVE_UP", "DIRECT DEAF", WRONG_REFUSAL),
    ("RETIRES_WITH_STOCK", "OFFLINE", WRONG_REFUSAL),
]


def explore(settings: str, optimisation: str) -> tuple[str, int]:
    """What spin found wrong in the model with these settings (nothing: an empty string), and how many states it has."""
    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str) -> str:
            return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=900).stdout

        run("spin", "-a", *(f"-D{setting}" for setting in settings.split()), str(MODEL))
        reduction = [] if "DIRECT" in settings else ["-DNOREDUCE"]  # `provided` excludes it
        run("gcc", optimisation, *FLAGS, *reduction, "-o", "pan", "pan.c")
        told = run("./pan", "-m1000000", "-w20", "-n")
    states = re.search(r"(\d+) states, stored", told)
    errors = re.search(r"errors: (\d+)", told)
    if states is None or errors is None or "max search depth too small" in told or "pan: reached" in told:
        raise AssertionError(f"spin did not come to an end:\n{told}")
    wrong = re.search(r"pan:1: (.*)", told)
    if (errors[1] != "0") != (wrong is not None):
        raise AssertionError(f"spin contradicts itself:\n{told}")
    return (wrong[1] if wrong else ""), int(states[1])


class Protocol(unittest.TestCase):
    def expect_right(self, settings: str, optimisation: str = "-O0") -> None:
        wrong, states = explore(settings, optimisation)
        print(f"{settings or 'by interrupt'}: {states:,} states")
        self.assertEqual(wrong, "")
        self.assertGreater(states, 10_000)

    def test_two_cpus_that_are_interrupted(self) -> None:
        self.expect_right("")

    def test_two_cpus_that_call_with_interrupts_masked(self) -> None:
        self.expect_right("MASKED=2")

    def test_a_device_whose_handler_allocates_and_frees(self) -> None:
        self.expect_right("DEVICES=1", "-O1")

    def test_a_cpu_that_does_not_answer(self) -> None:
        self.expect_right("DEAF")

    def test_a_cpu_that_goes_offline(self) -> None:
        self.expect_right("OFFLINE DEAF")

    @unittest.skipUnless(os.environ.get("LONG") == "ON", "millions of states: in ./test long")
    def test_three_cpus_that_are_interrupted(self) -> None:
        self.expect_right("CPUS=3 BLOCKS=1", "-O2")

    def test_two_cpus_directly(self) -> None:
        self.expect_right("DIRECT")

    def test_a_cpu_that_stays_inside_directly(self) -> None:
        self.expect_right("DIRECT DEAF")

    def test_a_cpu_that_goes_offline_directly(self) -> None:
        self.expect_right("DIRECT OFFLINE")

    @unittest.skipUnless(os.environ.get("LONG") == "ON", "millions of states: in ./test long")
    def test_three_cpus_directly(self) -> None:
        self.expect_right("DIRECT CPUS=3 BLOCKS=1", "-O2")


class Mutants(unittest.TestCase):
    def test_each_broken_rule_is_found(self) -> None:
        for mutant, settings, reason in MUTANTS:
            with self.subTest(mutant, settings=settings):
                wrong, states = explore(f"MUTANT_{mutant} {settings}", "-O0")
                print(f"{mutant} {settings}: after {states:,} states: {wrong}")
                self.assertRegex(wrong, reason)

    def test_every_mutant_of_the_model_is_tried(self) -> None:
        self.assertEqual(set(re.findall(r"MUTANT_(\w+)", MODEL.read_text())), {mutant for mutant, _, _ in MUTANTS})


if __name__ == "__main__":
    unittest.main()
