# SPDX-License-Identifier: MIT
"""Boots machine_kernel on QEMU's PCs: page tables, the lab's heap window, and machines that the port cannot use.

    python3 tests/x86_64/machine_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from emulator import PC, Emulator, Machine  # noqa: E402

SECONDS = 120.0  # ends a hang; each boot takes about a second
KERNEL = "machine_kernel" + PC.image_suffix
BUILD_COMMAND = "cmake --preset board-x86_64 && cmake --build --preset board-x86_64"

folder = Path()


def boot(key: str, *extra: str, machine: Machine = PC) -> tuple[int, str]:
    """The kernel's status and all that it said; the key is typed when it is ready."""
    with Emulator(folder / KERNEL, machine=machine, at_once=True, extra=extra) as board:
        if key:
            board.wait_for("ready", SECONDS)
            board.type(key)
        return board.wait_exit(SECONDS), board.log


class Mapping(unittest.TestCase):
    def assert_passes(self, *extra: str) -> int:
        """Returns how many KiB of RAM the kernel was told of."""
        status, log = boot("t", *extra)
        self.assertEqual(status, 0, log)
        self.assertRegex(log, r"(?m)^4 passed, 0 failed")
        found = re.search(r"free after the heap: (\d+) KiB", log)
        assert found is not None
        return int(found[1])

    def test_S2_05_S2_07_a_heap_where_no_memory_is(self) -> None:
        self.assertAlmostEqual(self.assert_passes(), 126 * 1024, delta=2048)

    def test_more_and_less_memory_and_cpus(self) -> None:
        for megabytes, extra in ((32, ()), (4096, ()), (128, ("-M", "q35")), (4096, ("-M", "q35", "-smp", "8"))):
            with self.subTest(megabytes=megabytes, extra=extra):
                found = self.assert_passes("-m", f"{megabytes}M", *extra)
                self.assertAlmostEqual(found, (megabytes - 2) * 1024, delta=2048)
        self.assert_passes("-smp", "1")


class Stops(unittest.TestCase):
    def assert_stops(self, key: str, line: str, *extra: str) -> None:
        status, log = boot(key, *extra)
        self.assertEqual(status, 1, log)
        self.assertRegex(log.strip().splitlines()[-1], f"^x86_64: {line}$")

    def test_calls_that_nobody_can_answer(self) -> None:
        for key in ("k", "n"):
            with self.subTest(key):
                status, log = boot(key)
                self.assertEqual(status, 1, log)
                self.assertTrue(log.endswith("port: call_cpu() of a CPU that does not run\n"), log)

    def test_S2_13_the_exit_device_gives_its_value_twice_and_one(self) -> None:
        """0x10 and 0x11, of which the emulator's own class makes 0 and 1."""
        for key, raw in (("t", 33), ("k", 35)):
            with self.subTest(key):
                status, log = boot(key, machine=replace(PC, statuses={}))
                self.assertEqual(status, raw, log)

    def test_S2_06_the_heap_before_its_window(self) -> None:
        self.assert_stops("e", "page fault: write to what is not mapped, CR2 0xc3710000, RIP .*, CPU 0")

    def test_a_window_that_was_unmapped(self) -> None:
        self.assert_stops("d", "page fault: write to what is not mapped, CR2 0xc3710000, RIP .*, CPU 0")

    def test_nothing_is_writable_and_executable(self) -> None:
        self.assert_stops("x", "page fault: execution of data, CR2 .*")
        self.assert_stops("c", "page fault: write to what is read only, CR2 .*")
        self.assert_stops("r", "page fault: write to what is read only, CR2 .*")

    def test_processors_that_lack_something(self) -> None:
        no_64_bits = "this processor has no 64-bit mode or cannot keep data from being executed"
        self.assert_stops("", no_64_bits, "-cpu", "qemu32")
        self.assert_stops("", no_64_bits, "-cpu", "qemu64,-nx")
        self.assert_stops("", "this processor has no local APIC", "-smp", "1", "-cpu", "qemu64,-apic")

    def test_too_little_memory(self) -> None:
        """QEMU's firmware keeps 128 KiB at the end. Where the kernel ends is told by its symbols."""
        listed = subprocess.run(["llvm-nm-19", folder / KERNEL], capture_output=True, text=True, check=True).stdout
        end = re.search(r"(\w+) \w __heap_end", listed)
        assert end is not None
        enough = int(end[1], 16) // 1024 + 128
        self.assert_stops("", "the memory that the kernel needs is not all RAM", "-m", f"size={enough - 8}K")
        self.assert_stops("", "no memory is left for the page tables", "-m", f"size={enough + 8}K")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / KERNEL).is_file():
        sys.exit(f"machine_test.py wants the folder of the test kernels; this builds them: {BUILD_COMMAND}.")
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
