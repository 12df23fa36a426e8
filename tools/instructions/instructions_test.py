# SPDX-License-Identifier: MIT
"""Tests of the instruction counter.

usage: instructions_test.py UNDER_COUNTER PROBE PROBE_LIBRARY [unittest's own arguments]
"""

import os
import subprocess
import sys
import unittest

UNDER_COUNTER, PROBE, PROBE_LIBRARY = "", "", ""
ALLOCATORS = {
    "glibc": "",
    "mimalloc": "libmimalloc.so.2",
    "jemalloc": "libjemalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "tbbmalloc": "libtbbmalloc_proxy.so.2",
}


def run(what: str, preload: str = "", counted: bool = True) -> list[tuple[str, int]]:
    """The names and numbers that the probe prints."""
    command = [UNDER_COUNTER, PROBE, what] if counted else [PROBE, what]
    environment = os.environ | {"LD_PRELOAD": preload}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return [(name, int(value)) for name, value in (line.split() for line in done.stdout.splitlines())]


class Exact(unittest.TestCase):
    def test_code_of_known_length(self) -> None:
        counts = dict(run("shapes", PROBE_LIBRARY))
        self.assertEqual(
            counts,
            {
                "present": 1,
                "own_cost": 2,
                "loop": 2002,
                "loop_on_itself": 1002,
                "fences": 3002,
                "either_00": 5,
                "either_01": 5,
                "either_10": 8,
                "either_11": 6,
                "repeated_0": 4,
                "repeated_50": 54,
                "system_call": 3,
                "rand": 5,
            },
        )

    def test_without_the_tool_there_is_no_counter(self) -> None:
        counts = dict(run("shapes", counted=False))
        self.assertEqual((counts["present"], counts["own_cost"]), (0, 0))

    def test_each_thread_has_its_own_count(self) -> None:
        results = run("threads")
        self.assertEqual([value for name, value in results if name == "count"], [1_000_002, 2_000_002, 3_000_002])
        for begin in (value for name, value in results if name == "begin"):
            self.assertLess(begin, 100_000)


class Repeatable(unittest.TestCase):
    def test_time_and_chance(self) -> None:
        results = run("chance")
        self.assertEqual(results, run("chance"))
        values = dict(results)
        self.assertNotEqual(values["chance"], 0)
        self.assertLess(0, values["steady"])
        self.assertLess(values["steady"], values["system"])
        self.assertLessEqual(values["system"] // 1000, values["day"])
        self.assertLess(values["day"], 1_000_000)

    def test_calls_of_allocators(self) -> None:
        known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
        means = {}
        for name, library in ALLOCATORS.items():
            with self.subTest(name):
                if library not in known:
                    self.skipTest(f"{library} is not installed")
                counts = run("calls", library)
                self.assertEqual(counts, run("calls", library))
                means[name] = sum(value for _, value in counts) / len(counts)
                self.assertGreater(min(value for _, value in counts), 2)
                self.assertTrue(10 < means[name] < 1000, means[name])
        self.assertEqual(len(set(means.values())), len(means), means)


if __name__ == "__main__":
    UNDER_COUNTER, PROBE, PROBE_LIBRARY = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
