# SPDX-License-Identifier: MIT
"""The kernel processes in QEMU: what it says, what it shows, and how it ends.

    python3 tests/processes/processes_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from emulator import RISCV64_BARE, RISCV64_SBI, Emulator  # noqa: E402

SECONDS = 120.0  # ends a hang; a show takes five, and more where the machine is busy
BUILD_COMMAND = "cmake --preset board-riscv64 && cmake --build --preset board-riscv64"
DRAM = 0x80000000
MIB = 1 << 20
CONTEXTS = 64
BAR = 20

folder = Path()


@dataclass(frozen=True)
class Line:
    """A line of the show."""

    tenths: int
    bar: str
    percent: int
    holes: int
    letters: str


@dataclass(frozen=True)
class Run:
    """A kernel that has ended."""

    status: int
    log: str

    def numbers(self, pattern: str) -> list[int]:
        """The groups of the one line of the kernel that matches from its start to its end."""
        found = re.findall(rf"(?m)^processes: {pattern}$", self.log)
        if len(found) != 1:
            raise AssertionError(f"'{pattern}' matches {len(found)} lines of: {self.log}")
        groups = found[0] if isinstance(found[0], tuple) else (found[0],)
        return [int(group, 0) for group in groups]

    def heap(self) -> tuple[int, int]:
        """Where it starts and ends."""
        start, end, size = self.numbers(r"heap of engine [\w-]+ from (0x\w+) to (0x\w+), (\d+) bytes")
        if size != end - start:
            raise AssertionError(f"the heap's size {size} is not {end} - {start}")
        return start, end

    def show(self) -> list[Line]:
        found = re.findall(r"(?m)^(\d+)\.(\d) s \[([# ]*)\] *(\d+) % *(\d+) holes? +(\S+)$", self.log)
        return [Line(int(s) * 10 + int(t), bar, int(p), int(h), letters) for s, t, bar, p, h, letters in found]


@functools.cache
def boot(name: str = "processes", *, cpus: int = 1, memory: str = "128M", firmware: bool = False) -> Run:
    machine = RISCV64_SBI if firmware else RISCV64_BARE
    with Emulator(folder / f"{name}.img", machine=machine, at_once=cpus > 1,
                  extra=("-smp", str(cpus), "-m", memory)) as board:
        return Run(board.wait_exit(SECONDS), board.log)


def symbols() -> dict[str, int]:
    command = ["llvm-nm-19", "--defined-only", str(folder / "processes.elf")]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: int(address, 16) for address, _, name in (line.split(maxsplit=2) for line in lines)}


class KernelTest(unittest.TestCase):
    def assert_good(self, run: Run, cpus: int) -> None:
        """It ended well, many processes came and went, and nothing was lost on the way."""
        self.assertEqual(run.status, 0, run.log)
        self.assertTrue(run.log.endswith("processes: bye\n"), run.log)
        started, reaped, ran_on = run.numbers(r"(\d+) processes started, (\d+) ended and reaped, on (\d+) CPUs?")
        self.assertEqual((started, ran_on), (reaped, cpus))
        if cpus <= 4:  # where a board has more CPUs than the machine under it, they mostly wait for each other
            self.assertGreater(started, CONTEXTS, "no context was used twice")
        parcels, spoilt, _ = run.numbers(r"(\d+) blocks filled and read again, (\d+) spoilt; (\d+) requests refused")
        self.assertGreater(parcels, 0)
        self.assertEqual(spoilt, 0)
        used, before, holes, holes_before = run.numbers(
            r"nothing leaked: (\d+) bytes used, as before it were (\d+); holes (\d+), and (\d+)"
        )
        self.assertEqual((used, holes), (before, holes_before))
        self.assertLessEqual(holes, 1 if cpus == 1 else 2, "only before the further CPUs' stacks, which lie on pages")

    def assert_refusals_are_explained(self, run: Run) -> None:
        refused = r"process \d+, the (greedy|modest), asked for (\d+) bytes and was refused\n"
        figures = r"processes: (\d+) bytes are used and (\d+) free, in holes: (\d+), the largest of (\d+)\n"
        found = re.findall(refused + r"(?:(?!processes:).*\n)*" + figures, run.log)
        self.assertEqual([who for who, *_ in found], ["greedy", "modest"], run.log)
        start, end = run.heap()
        for who, *numbers in found:
            asked, used, free, holes, largest = map(int, numbers)
            self.assertGreater(asked, largest)
            self.assertLessEqual(used + free, end - start)
            self.assertTrue(1 <= holes <= free // 16 and largest <= free)
            if who == "greedy":
                self.assertGreater(asked, used + free)
            else:
                self.assertLessEqual(asked, used + free)
                self.assertGreater(holes, 1)


class OneCpu(KernelTest):
    def test_processes_come_and_go_and_nothing_leaks(self) -> None:
        self.assert_good(boot(), 1)

    def test_S3_01_contexts_are_on_the_heap_and_the_boot_stack_stays_small(self) -> None:
        run = boot()
        start, end = run.heap()
        at, _, _ = run.numbers(
            rf"{CONTEXTS} contexts of 112 bytes on the heap at (0x\w+); boot stack used so far: (\d+) of (\d+) bytes"
        )
        self.assertTrue(start <= at < end - CONTEXTS * 112)
        used, size = run.numbers(r"boot stack used: (\d+) of (\d+) bytes")
        self.assertLess(used, size)
        self.assertLess(used, 1024)

    def test_S3_01_nothing_of_the_kernel_is_constructed_before_it(self) -> None:
        """In the story objects with run-time constructors overflowed the stack. Clang names those by their source."""
        sources = Path(__file__).resolve().parents[2].glob("kernels/processes/*.cpp")
        constructors = {f"_GLOBAL__sub_I_{source.name}" for source in sources}
        self.assertGreater(len(constructors), 4)
        self.assertEqual(constructors & set(symbols()), set())

    def test_heap_is_one_hole_again(self) -> None:
        self.assertIn("processes: heap of engine cpu-cached from ", boot().log)
        self.assert_good(boot(), 1)

    def test_S3_09_S3_10_heap_starts_behind_the_image_and_ends_before_the_device_tree(self) -> None:
        self.assertEqual(boot().heap(), (symbols()["__heap_start"], 0x87E00000))

    def test_S3_11_containers_are_right_in_processes(self) -> None:
        """The diarists' maps and texts count as spoilt where they are not what was written."""
        sleeps = boot().numbers(r"(\d+) sleeps, each a node that the timer's handler took from the heap")
        self.assertGreater(sleeps[0], CONTEXTS)

    def test_S2_04_timer_comes_inside_the_heap_and_its_handler_allocates(self) -> None:
        ticks, switches, preemptions, inside = boot().numbers(
            r"(\d+) ticks, (\d+) switches, (\d+) of them by the timer; (\d+) ticks came inside a call of the heap"
        )
        self.assertGreater(ticks, 100)
        self.assertGreaterEqual(switches, preemptions)
        self.assertGreater(preemptions, 0)
        self.assertGreater(inside, 0)

    def test_S3_13_refusals_are_explained(self) -> None:
        self.assert_refusals_are_explained(boot())

    def test_show(self) -> None:
        show = boot().show()
        self.assertGreater(len(show), 10)
        self.assertEqual([line.tenths for line in show], sorted({line.tenths for line in show}))
        self.assertGreaterEqual(show[-1].tenths, 50)
        for line in show:
            self.assertRegex(line.letters, rf"^[rRsx.]{{{CONTEXTS}}}$")
            self.assertEqual(line.letters.count("R"), 1, "another one runs than the show")
            self.assertEqual(len(line.bar), BAR)
            self.assertEqual(line.bar, line.bar.strip().ljust(BAR))
            self.assertTrue(line.bar.count("#") * 5 <= line.percent < line.bar.count("#") * 5 + 5 + 1, line)
        middle = "".join(line.letters for line in show[5:-5])
        for letter in "rs.":
            self.assertIn(letter, middle)
        self.assertGreater(max(line.percent for line in show), 5)
        self.assertGreater(max(line.holes for line in show), 5)
        self.assertEqual(show[-1].letters.strip(".x"), "rR", "others live than the first process and the show")


class FourCpus(KernelTest):
    def test_S3_12_four_cpus_share_the_heap(self) -> None:
        self.assert_good(boot(cpus=4), 4)

    def test_S3_12_two_and_eight(self) -> None:
        for cpus in (2, 8):
            with self.subTest(cpus=cpus):
                self.assert_good(boot(cpus=cpus), cpus)

    def test_S3_01_boot_stack_stays_small(self) -> None:
        self.assertLess(boot(cpus=4).numbers(r"boot stack used: (\d+) of \d+ bytes")[0], 1024)

    def test_S3_13_refusals_are_explained(self) -> None:
        self.assert_refusals_are_explained(boot(cpus=4))

    def test_all_of_them_run_processes(self) -> None:
        """Slot n belongs to CPU n modulo 4, so an R stands for the CPU that runs it."""
        show = boot(cpus=4).show()
        running = {slot % 4 for line in show for slot, letter in enumerate(line.letters) if letter == "R"}
        self.assertEqual(running, {0, 1, 2, 3})


class Memory(KernelTest):
    def test_S3_09_more_and_less_memory(self) -> None:
        """QEMU puts the device tree into the last 2 MiB."""
        for megabytes in (32, 256):
            with self.subTest(megabytes=megabytes):
                run = boot(memory=f"{megabytes}M")
                self.assertEqual(run.heap(), (symbols()["__heap_start"], DRAM + (megabytes - 2) * MIB))
                self.assert_good(run, 1)

    def test_S3_09_behind_a_firmware(self) -> None:
        run = boot(cpus=2, firmware=True)
        self.assertEqual(run.heap(), (symbols()["__heap_start"], 0x87E00000))
        self.assert_good(run, 2)

    def test_too_little_memory(self) -> None:
        run = boot(memory="5M")
        self.assertEqual(run.status, 1)
        sentence = "processes: too little memory: the processes need 2097152 bytes"
        self.assertEqual(run.log.splitlines()[-1], sentence)

    def test_too_little_memory_for_the_kernel(self) -> None:
        run = boot(memory="3M")
        self.assertEqual(run.status, 1)
        self.assertRegex(run.log, r"\Ariscv64: [^\n]+\n\Z")


class Engines(KernelTest):
    def test_S3_05_S3_07_hole_list_is_one_hole_again(self) -> None:
        run = boot("processes_hole_list")
        self.assertIn("processes: heap of engine hole-list from ", run.log)
        self.assert_good(run, 1)

    def test_null_heap_ends_the_kernel_with_a_sentence(self) -> None:
        run = boot("processes_null")
        self.assertEqual((run.status, run.log), (1, "processes: no heap: this heap takes no memory\n"))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "processes.img").is_file():
        sys.exit(f"processes_test.py wants the folder of the kernel processes; this builds it: {BUILD_COMMAND}.")
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
