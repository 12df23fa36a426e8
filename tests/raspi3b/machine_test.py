# SPDX-License-Identifier: MIT
"""Interrupts and CPUs of the Raspberry Pi in QEMU. Each test boots machine_kernel and tells it by a key what to do.

usage: machine_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from emulator import Emulator  # noqa: E402

SECONDS = 60.0  # ends a hang; nothing here takes two
BUILD_COMMAND = "cmake --preset board-aarch64 && cmake --build --preset board-aarch64"

folder = Path()


def boot(key: str, image: Path | None = None, extra: tuple[str, ...] = ()) -> tuple[int, str]:
    """The exit status of a kernel that was told this key, and what it said after it was ready."""
    with Emulator(image or folder / "machine_kernel.img", at_once=True, extra=extra) as board:
        board.wait_for("ready\n", SECONDS)
        board.type(key)
        status = board.wait_exit(SECONDS)
        return status, board.log.partition("ready\n")[2]


class KernelTest(unittest.TestCase):
    def assert_passes(self, key: str, image: Path | None = None, extra: tuple[str, ...] = ()) -> None:
        status, log = boot(key, image, extra)
        self.assertEqual(status, 0, log)
        self.assertTrue(log.endswith("1 passed, 0 failed\n"), log)

    def assert_stops(self, key: str, line: str, image: Path | None = None) -> None:
        """The name of the test, one line, and nothing else."""
        status, log = boot(key, image)
        self.assertEqual(status, 1, log)
        self.assertRegex(log, rf"\Atest [^\n]*\.\.\.\n{line}\n\Z")


class Interrupts(KernelTest):
    def test_all_registers_of_two_threads_survive_hundreds_of_switches(self) -> None:
        self.assert_passes("r")

    def test_threads_yield_with_interrupts_as_they_were(self) -> None:
        self.assert_passes("y")

    def test_new_frame_wants_a_stack_that_can_hold_it(self) -> None:
        self.assert_passes("n")

    def test_an_interrupt_that_finds_no_room_on_the_stack_has_its_line(self) -> None:
        self.assert_stops("O", r"raspi3b: data abort \(stack overflow: the address is in the guard page\): .*, CPU 0")

    def test_an_interrupt_of_another_source_stops(self) -> None:
        self.assert_stops("U", "raspi3b: an interrupt that nobody asked for: sources 0x20, CPU 0")

    def test_a_spurious_interrupt_stops(self) -> None:
        self.assert_stops("S", r"raspi3b: an interrupt that nobody asked for: sources 0x0 \(spurious\), CPU 0")


class Cpus(KernelTest):
    """From the raw image the other cores come out of the firmware's loop at EL2, from the ELF file at EL3."""

    def images(self) -> list[Path]:
        return [folder / "machine_kernel.img", folder / "machine_kernel.elf"]

    def test_four_run_at_once_and_lock_each_other_out(self) -> None:
        for image in self.images():
            with self.subTest(image.name):
                self.assert_passes("c", image)

    def test_each_starts_once(self) -> None:
        for image in self.images():
            with self.subTest(image.name):
                self.assert_passes("2", image)

    def test_each_has_its_timer(self) -> None:
        self.assert_passes("i")

    def test_one_that_does_not_come_is_given_up_after_a_second(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            stub = Path(directory, "stub.elf")
            part = stub.with_suffix(".o")
            target = ("--target=aarch64-none-elf", "-mcpu=cortex-a53")
            subprocess.run(["clang-19", *target, "-c", HERE / "kernel/lonely_stub.S", "-o", part], check=True)
            subprocess.run(["ld.lld-19", "-Ttext=0x10000", part, "-o", stub], check=True)
            loader = f"loader,file={folder / 'machine_kernel.img'},addr=0x80000,force-raw=on"
            self.assert_passes("w", stub, ("-device", loader))

    def test_calls_that_nobody_can_answer_stop(self) -> None:
        self.assert_stops("H", r"port: call_cpu\(\) without a handler for calls")
        for key in ("C", "N"):
            with self.subTest(key):
                self.assert_stops(key, r"port: call_cpu\(\) of a CPU that does not run")

    def test_an_exception_on_cpu_2_has_its_line(self) -> None:
        for image in self.images():
            with self.subTest(image.name):
                self.assert_stops("E", "raspi3b: BRK instruction: .*, synchronous from EL1, CPU 2", image)

    def test_an_interrupt_without_a_stack_on_cpu_3_has_its_line(self) -> None:
        self.assert_stops("X", "raspi3b: data abort: .*, synchronous from EL1, CPU 3")

    def test_of_four_that_fault_at_once_one_has_its_line(self) -> None:
        for attempt in range(5):
            with self.subTest(attempt):
                self.assert_stops("F", "raspi3b: BRK instruction: .*, synchronous from EL1, CPU [0-3]")

    def test_a_lock_with_the_mmu_off_stops(self) -> None:
        self.assert_stops(
            "M",
            "raspi3b: CPU 1 takes a lock with its MMU or data cache off, where exclusive accesses need not work",
        )


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "machine_kernel.img").is_file():
        sys.exit(f"machine_test.py wants the folder of machine_kernel; this builds it: {BUILD_COMMAND}.")
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
