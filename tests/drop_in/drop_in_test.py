#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs programs with libbareheap-malloc.so as LD_PRELOAD: what it promises, its settings, and what it says.

usage: drop_in_test.py LIBRARY CONTRACT SCENES WRONG_CALLS [unittest's arguments]
"""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

library, contract, scenes, wrong_calls = sys.argv[1:5]
NAMES = ["span", "peak", "live_blocks", "live_bytes", "locks", "own_blocks", "own_peak", "given_back", "nested"]


def run(*command: str, preload: bool = True, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a command; each setting is one of BAREHEAP_MALLOC_."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAREHEAP_MALLOC_")}
    environment |= {f"BAREHEAP_MALLOC_{name}": value for name, value in settings.items()}
    if preload:
        environment["LD_PRELOAD"] = library
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


class Programs(unittest.TestCase):
    """A base: what a run has to be like."""

    def well(self, *command: str, **settings: str) -> dict[str, int]:
        """The run ends well, and says nothing but its report, whose figures it answers."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report")
            done = run(*command, REPORT=str(report), **settings)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            lines = report.read_text().splitlines()
        words = dict(word.split("=") for word in lines[-1].removeprefix("bareheap-malloc: ").split())
        self.assertEqual(words.pop("program"), Path(command[0]).name[:100])
        words.pop("process")
        self.assertEqual(list(words), NAMES)
        return {name: int(value) for name, value in words.items()}

    def scene(self, name: str, **settings: str) -> dict[str, int]:
        """The same of a scene."""
        return self.well(scenes, name, **settings)


class Contract(Programs):
    def test_without_the_library(self) -> None:
        done = run(contract, preload=False)
        self.assertEqual((done.returncode, done.stdout), (0, "all holds\n"))

    def test_with_the_library(self) -> None:
        figures = self.well(contract)
        self.assertGreater(figures["own_blocks"], 3)
        self.assertGreater(figures["locks"], 100)

    def test_with_other_settings(self) -> None:
        self.well(contract, GIVE_BACK="always", OWN_FROM="64K")
        self.assertEqual(self.well(contract, REGION="600M", GIVE_BACK="never")["own_blocks"], 0)

    def test_names(self) -> None:
        symbols = subprocess.run(["nm", "-D", "--defined-only", library],
                                 capture_output=True, text=True, check=True).stdout
        names = {line.split()[-1].split("@")[0] for line in symbols.splitlines()}
        c = """malloc free calloc realloc reallocarray aligned_alloc memalign posix_memalign valloc pvalloc
            malloc_usable_size malloc_trim free_sized free_aligned_sized"""
        self.assertEqual({name for name in names if not name.startswith("_Z")}, set(c.split()))
        self.assertEqual(len([name for name in names if name.startswith(("_Zn", "_Zd"))]), 20)
        needed = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
        self.assertEqual(needed.count("(NEEDED)"), 1)
        self.assertIn("libc.so.6", needed)


class Scenes(Programs):
    def test_before_and_after_main(self) -> None:
        self.scene("start")

    def test_libraries_that_come_and_go(self) -> None:
        self.scene("library")

    def test_new(self) -> None:
        self.scene("cpp")

    def test_threads_that_end(self) -> None:
        self.scene("short_threads")

    def test_more_threads_than_stocks(self) -> None:
        self.scene("many_threads")

    def test_blocks_handed_on(self) -> None:
        self.scene("handed_on")

    def test_forks_of_a_busy_program(self) -> None:
        self.scene("forks")

    def test_two_that_fork(self) -> None:
        self.scene("two_fork")

    def test_signals(self) -> None:
        self.scene("storm")

    def test_signals_under_the_lock(self) -> None:
        self.assertGreater(self.scene("storm_of_large")["nested"], 0)


class Memory(Programs):
    def test_a_region_is_used_up_and_whole_again(self) -> None:
        figures = self.scene("exhaustion", REGION="8M")
        self.assertEqual((figures["own_blocks"], figures["span"]), (0, 8 << 20))
        self.assertGreater(figures["peak"], 7 << 20)

    def test_under_a_limit(self) -> None:
        self.scene("limited")

    def test_pages_go_back(self) -> None:
        self.assertGreater(self.scene("goes_back", GIVE_BACK="20")["given_back"], 50 << 20)
        self.scene("goes_back", GIVE_BACK="always")

    def test_pages_stay(self) -> None:
        self.assertEqual(self.scene("stays", GIVE_BACK="never")["given_back"], 0)

    def test_pages_go_back_on_demand(self) -> None:
        self.assertGreater(self.scene("trimmed", GIVE_BACK="never")["given_back"], 50 << 20)

    def test_large_blocks(self) -> None:
        self.assertEqual(self.scene("goes_back", OWN_FROM="never", GIVE_BACK="always")["own_blocks"], 0)
        self.assertEqual(self.scene("goes_back", OWN_FROM="400K")["own_blocks"], 201)


class Words(Programs):
    def test_misuse_stops(self) -> None:
        done = run(scenes, "wrong")
        self.assertEqual(done.returncode, -6)
        sentence = r"^bareheap: freed a block that is free already: 0x[0-9a-f]+, called from 0x[0-9a-f]+\n$"
        self.assertRegex(done.stderr, sentence)

    def test_the_caller_is_the_programs_own(self) -> None:
        names = run(wrong_calls, preload=False).stdout.split()
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                done = run(wrong_calls, name)
                self.assertEqual(done.returncode, -6, done.stderr)
                self.assertRegex(done.stderr, r"^bareheap: .*, called from 0x[0-9a-f]+(, size \S+ [^\n]*)?\n$")
                caller = int(re.findall(r"called from (0x[0-9a-f]+)", done.stderr)[0], 16)
                start, end = (int(word, 16) for word in done.stdout.split())
                self.assertIn(caller, range(start, end))

    def test_reports(self) -> None:
        done = run(scenes, "start", REPORT="stderr")
        self.assertRegex(done.stderr, r"^bareheap-malloc: program=\S+ process=\d+( [a-z_]+=\d+){9}\n$")
        done = run(scenes, "start", REPORT="/no/such/folder/file")
        self.assertEqual(done.stderr, "bareheap: cannot write the report to '/no/such/folder/file'\n")
        self.assertEqual(done.returncode, 0)

    def test_standard_error_is_closed_before_the_end(self) -> None:
        line = r"^bareheap-malloc: program=ls .*\n$"
        self.assertRegex(run("ls", "/", REPORT="stderr").stderr, line)
        said = run("ls", "/", REPORT="/no/such/folder/file").stderr
        self.assertEqual(said, "bareheap: cannot write the report to '/no/such/folder/file'\n")

    def test_descriptors_of_the_program(self) -> None:
        count = "import os; print(len(os.listdir('/proc/self/fd')))"
        plain, kept = (run("python3", "-c", count, **settings).stdout for settings in ({}, {"REPORT": "stderr"}))
        self.assertEqual(int(kept), int(plain) + 1)
        closed = "import os; os.closerange(3, 4096)"
        self.assertEqual(run("python3", "-c", closed, REPORT="stderr").stderr.count("bareheap-malloc:"), 1)
        with tempfile.NamedTemporaryFile() as other:
            taken = f"{closed}; f = open('{other.name}', 'w'); os.dup2(f.fileno(), 100); os.close(2)"
            done = run("python3", "-c", taken, REPORT="stderr")
            self.assertEqual((done.returncode, done.stderr, Path(other.name).read_bytes()), (0, "", b""))

    def test_a_daemon_lets_go(self) -> None:
        program = "import os, time; os.fork() and os._exit(0); os.close(1); os.close(2); time.sleep(15)"
        begun = time.monotonic()
        run("python3", "-c", program, REPORT="stderr")
        self.assertLess(time.monotonic() - begun, 12)

    def test_each_process_reports(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report")
            run("sh", "-c", "ls / | wc -l; true", REPORT=str(report))
            programs = {line.split()[1] for line in report.read_text().splitlines()}
        self.assertTrue({"program=ls", "program=wc"} <= programs, programs)

    def test_nonsense(self) -> None:
        sizes = "BAREHEAP_MALLOC_REGION wants a size from 1M to 64G, like 256M, not '{}'"
        own = "BAREHEAP_MALLOC_OWN_FROM wants a size from 64K to 64G, like 4M, or never, not '{}'"
        back = "BAREHEAP_MALLOC_GIVE_BACK wants never, always, or a number of milliseconds up to 1000000000, not '{}'"
        report = "BAREHEAP_MALLOC_REPORT wants stderr or the name of a file, shorter than 512 characters, not '{}'"
        for name, sentence, values in (
            ("REGION", sizes, ["", "0", "many", "8m", "8MB", "-1", "M", "1023K", "65G", "9" * 20, "17179869185G"]),
            ("OWN_FROM", own, ["", "63K", "65G", "soon", "-4M", "18446744073709551615", "99999999999G"]),
            ("GIVE_BACK", back, ["", "1000000001", "1s", "-1", "Never", "0x10"]),
            ("REPORT", report, ["", "x" * 512]),
        ):
            for value in values:
                with self.subTest(name=name, value=value):
                    done = run(scenes, "start", **{name: value})
                    self.assertEqual((done.returncode, done.stderr), (2, f"bareheap: {sentence.format(value)}\n"))

    def test_unknown_names(self) -> None:
        done = run(scenes, "start", REGIN="8M")
        self.assertEqual(done.returncode, 2)
        names = [f"BAREHEAP_MALLOC_{name}" for name in ("REGION", "OWN_FROM", "GIVE_BACK", "REPORT")]
        listed = ", ".join(names[:3]) + " and " + names[3]
        sentence = f"bareheap: BAREHEAP_MALLOC_REGIN is no setting of this library: there are {listed}\n"
        self.assertEqual(done.stderr, sentence)

    def test_good_settings(self) -> None:
        good = "REGION=1048576 REGION=64G OWN_FROM=65536 OWN_FROM=64G GIVE_BACK=1000000000"
        for name, value in (setting.split("=") for setting in good.split()):
            with self.subTest(name=name, value=value):
                self.scene("start", **{name: value})

    def test_a_region_that_the_system_refuses(self) -> None:
        done = run("sh", "-c", f"ulimit -v 200000; exec {scenes} start", REGION="1G")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("bareheap: the system does not grant the region that BAREHEAP_MALLOC_REGION names\n", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
