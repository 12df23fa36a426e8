# SPDX-License-Identifier: MIT
"""Boots the test kernels in QEMU and holds them to what they must say and how they must end.

    python3 tests/kernel/kernel_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from emulator import Emulator, EmulatorError  # noqa: E402

SECONDS = 240.0  # ends a hang; the whole kernel takes a tenth of it
BUILD_COMMAND = "cmake --preset board-aarch64 && cmake --build --preset board-aarch64"

folder = Path()


def boot_to_the_end(name: str, keys: str = "") -> tuple[int, str]:
    """The exit status of a kernel and all that it said; `keys` are typed when it is ready."""
    with Emulator(folder / f"{name}.img") as board:
        if keys:
            board.wait_for("ready", SECONDS)
            board.type(keys)
        return board.wait_exit(SECONDS), board.log


class TestKernel(unittest.TestCase):
    def test_S2_10_S2_14_S2_15_S2_16_S2_18_and_the_laws_hold_on_the_board(self) -> None:
        status, log = boot_to_the_end("test_kernel")
        self.assertEqual(status, 0, log)
        passed = re.findall(r"^test (.*) \[Pass\]", log, re.MULTILINE)
        self.assertRegex(log, rf"(?m)^{len(passed)} passed, 0 failed")
        for name in ("laws of NullHeap", "laws of Bump", "laws of HoleList", "laws of PageHeap", "laws of StoryPages",
                     "out of memory at every request", "S2-10", "S2-14", "S2-15", "S2-16", "S2-18"):
            self.assertTrue(any(test.startswith(name) for test in passed), name)
        self.assertGreaterEqual(len(re.findall(r"(?m)^S2-10 ", log)), 10)
        print(f"\n{len(passed)} tests passed on the board")

    def test_S2_12_a_failed_expectation_gives_file_and_line_and_the_failing_status(self) -> None:
        status, log = boot_to_the_end("test_kernel_failing")
        self.assertEqual(status, 1)
        self.assertRegex(log, r"(?m)^tests/kernel/failing\.cpp:\d+: an expectation of .* does not hold")
        self.assertRegex(log, r"(?m)^1 passed, 1 failed")

    def test_S2_17_a_hang_is_ended_by_a_limit_and_a_sentence(self) -> None:
        with Emulator(folder / "test_kernel_faults.img") as board:
            board.wait_for("ready", SECONDS)
            with self.assertRaisesRegex(EmulatorError, "QEMU still ran after 1 seconds"):
                board.wait_exit(1.0)

    def test_S2_12_a_kernel_that_runs_no_test_fails(self) -> None:
        status, log = boot_to_the_end("test_kernel_empty")
        self.assertEqual(status, 1)
        self.assertRegex(log, r"(?m)^0 passed, 0 failed")


class Faults(unittest.TestCase):
    """Everything that must stop a kernel stops it with one line that says why, and with status 1."""

    def assert_stops(self, key: str, line: str) -> None:
        status, log = boot_to_the_end("test_kernel_faults", key)
        self.assertEqual(status, 1, log)
        self.assertRegex(log.strip().splitlines()[-1], f"^{line}$")

    def test_null_pointer(self) -> None:
        self.assert_stops("n", r"raspi3b: data abort \(null pointer: the address is in page 0\): ESR .* FAR 0x0, .*")

    def test_S3_01_stack_overflow(self) -> None:
        self.assert_stops("s", r"raspi3b: data abort \(stack overflow: the address is in the guard( page)?\): .*")

    def test_trap(self) -> None:
        self.assert_stops("u", r"raspi3b: BRK instruction: ESR .*")

    def test_free_of_what_was_never_lent(self) -> None:
        self.assert_stops("v", r"bareheap: freed an address that this heap has not lent: 0x\w+, called from 0x\w+")

    def test_free_with_another_size(self) -> None:
        self.assert_stops(
            "l", r"bareheap: freed a block with another size or alignment than it was asked with: 0x\w+, called from 0x\w+"
        )

    def test_S1_35_S3_04_out_of_memory_names_the_layout(self) -> None:
        self.assert_stops(
            "o",
            "bareheap: out of memory, and the program gave no way to go on: "
            r"1099511627776 bytes aligned to 16, called from 0x\w+",
        )

    def test_odd_alignment(self) -> None:
        self.assert_stops("a", r"bareheap: an alignment must be a power of two: 8 bytes aligned to \d+, called from 0x\w+")

    def test_what_would_throw(self) -> None:
        self.assert_stops("t", r"runtime: length_error was thrown .*vector.*")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "test_kernel.img").is_file():
        sys.exit(f"kernel_test.py wants the folder of the test kernels; this builds them: {BUILD_COMMAND}.")
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
