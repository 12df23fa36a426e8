# SPDX-License-Identifier: MIT
"""Boots the test kernels in QEMU and holds them to what they must say and how they must end.

    python3 tests/kernel/kernel_test.py MACHINE KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import sys
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

for needed in ("tools", "tests/faults"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / needed))

import misuse_document  # noqa: E402
from calls import Image  # noqa: E402
from emulator import PC, RASPI3B, RISCV64_BARE, RISCV64_SBI, Emulator, EmulatorError  # noqa: E402

SECONDS = 240.0  # ends a hang; the whole kernel takes a tenth of it
TRIAL_SECONDS = 20.0  # ends a hang; a trial takes milliseconds
BUILD_COMMAND = "cmake --preset board-PROCESSOR && cmake --build --preset board-PROCESSOR"
MACHINES = {"raspi3b": RASPI3B, "x86_64": PC, "riscv64": RISCV64_SBI, "riscv64_bare": RISCV64_BARE}

# An instruction takes a nanosecond of the board's time, so a timer comes at an instruction and not at some moment.
COUNTED_TIME = ("-icount", "shift=0")

AT_ONCE = ("test_kernel_cpus", "test_kernel_cpu_cached")  # the kernels that run on all CPUs

folder = Path()
machine = RASPI3B


def start(name: str, extra: Sequence[str] = ()) -> Emulator:
    """The kernel of this name on the board; for a `with`."""
    image = folder / f"{name}{machine.image_suffix}"
    return Emulator(image, machine=machine, at_once=name in AT_ONCE, extra=extra)


def boot_to_the_end(name: str, keys: str = "", extra: Sequence[str] = ()) -> tuple[int, str]:
    """The exit status of a kernel and all that it said; `keys` are typed when it is ready."""
    with start(name, extra) as board:
        if keys:
            board.wait_for("ready", SECONDS)
            board.type(keys)
        return board.wait_exit(SECONDS), board.log


class KernelTest(unittest.TestCase):
    def assert_passes(self, name: str, *tests: str, keys: str = "", extra: Sequence[str] = ()) -> str:
        """The kernel passes all its tests, and these are among them. Returns what it said."""
        status, log = boot_to_the_end(name, keys, extra)
        self.assertEqual(status, 0, log)
        passed = re.findall(r"^test (.*) \[Pass\]", log, re.MULTILINE)
        self.assertRegex(log, rf"(?m)^{len(passed)} passed, 0 failed")
        for test in tests:
            self.assertTrue(any(line.startswith(test) for line in passed), test)
        figures = re.findall(r"^[a-z, ]+: \d+$", log, re.MULTILINE)
        print(f"\n{len(passed)} tests passed on the board", *figures, sep="\n  ")
        return log


class TestKernel(KernelTest):
    def test_S2_10_S2_11_S2_14_S2_15_S2_16_S2_18_and_the_laws_hold_on_the_board(self) -> None:
        log = self.assert_passes(
            "test_kernel", "laws of NullHeap", "laws of Bump", "laws of HoleList", "laws of PageHeap",
            "laws of StoryPages", "laws of RealTimeHeap", "laws of GranuleHeap", "laws of SmallRealTimeHeap",
            "laws of SmallGranuleHeap", "doors to the heap", "the C interface", "out of memory at every request",
            "S2-10", "S2-11", "S2-14", "S2-15", "S2-16", "S2-18"
        )
        self.assertGreaterEqual(len(re.findall(r"(?m)^S2-10 ", log)), 10)

    def test_S2_12_a_failed_expectation_gives_file_and_line_and_the_failing_status(self) -> None:
        status, log = boot_to_the_end("test_kernel_failing")
        self.assertEqual(status, 1)
        self.assertRegex(log, r"(?m)^tests/kernel/failing\.cpp:\d+: an expectation of .* does not hold")
        self.assertRegex(log, r"(?m)^1 passed, 1 failed")

    def test_S2_17_a_hang_is_ended_by_a_limit_and_a_sentence(self) -> None:
        with start("test_kernel_faults") as board:
            board.wait_for("ready", SECONDS)
            with self.assertRaisesRegex(EmulatorError, "QEMU still ran after 1 seconds"):
                board.wait_exit(1.0)

    def test_S2_12_a_kernel_that_runs_no_test_fails(self) -> None:
        status, log = boot_to_the_end("test_kernel_empty")
        self.assertEqual(status, 1)
        self.assertRegex(log, r"(?m)^0 passed, 0 failed")


class DirectCalls(unittest.TestCase):
    """The ways to the default engine have no indirect call."""

    DOORS = {
        "bareheap": ("operator new(unsigned long)", "operator delete(void*, unsigned long)", "door_of_allocator",
                     "door_of_allocator_back", "door_of_try", "door_of_try_back", "door_of_unique",
                     "door_of_unique_back"),
        "bareheap_for_c": ("bareheap_allocate", "bareheap_allocate_zeroed", "bareheap_deallocate", "bareheap_free",
                           "bareheap_reallocate", "bareheap_usable_size"),
    }  # fmt: skip

    @staticmethod
    def ends_at(name: str) -> bool:
        """Out of memory, a broken promise, and the engines of the C interface that are not the default."""
        return re.search(r"\b(panic|retry_or_stop|call_by_table)\b", name) is not None

    def test_from_each_door_to_the_engine(self) -> None:
        image = Image(folder / "test_kernel.elf")
        for library, doors in self.DOORS.items():
            for door in doors:
                with self.subTest(door):
                    reached = image.reached_from(door, self.ends_at)
                    engine = [name for name in reached if f"{library}::BasicGranuleHeap<unsigned int" in name]
                    self.assertGreater(len(engine), 0, "it does not come to the engine")
                    self.assertEqual([line for name in reached for line in image.indirect(name)], [])

    def test_an_indirect_call_is_seen(self) -> None:
        """In what the others of the C interface go through."""
        image = Image(folder / "test_kernel.elf")
        tables = [name for name in image.functions if "call_by_table" in name]
        self.assertGreater(len(tables), 4)
        for name in tables:
            reached = image.reached_from(name, self.ends_at)
            self.assertGreater(sum(len(image.indirect(other)) for other in reached), 0, name)


class Stacks(KernelTest):
    def test_the_laws_hold_for_wrappers_on_the_board(self) -> None:
        self.assert_passes("test_kernel_stacks", "laws of Locked HoleList", "laws of Checked", "laws of Reserve")


class HeapAllocation(unittest.TestCase):
    """The lab's tests by themselves, S2-12 and S2-14 to S2-19."""

    def assert_initiates(self, key: str, numbers: Sequence[int]) -> None:
        status, log = boot_to_the_end("test_kernel_heap_allocation", key)
        self.assertEqual(status, 0, log)
        lines = [line for line in log.splitlines() if line.startswith("Initiating")]
        self.assertEqual(lines, [f"Initiating test 0x0{number}... [Pass]" for number in numbers])
        self.assertRegex(log, rf"(?m)^{len(numbers)} passed, 0 failed")

    def test_S2_19_all(self) -> None:
        self.assert_initiates("a", range(4))

    def test_S2_19_a_single_one(self) -> None:
        self.assert_initiates("2", [2])

    def test_S2_12_none_is_a_failure(self) -> None:
        self.assertEqual(boot_to_the_end("test_kernel_heap_allocation", "?")[0], 1)


class Handlers(KernelTest):
    def test_S2_04_handlers_and_schedulers_allocate_under_a_lock_that_masks(self) -> None:
        self.assert_passes(
            "test_kernel_interrupts", "S2-04 the handler allocates, HoleList", "S2-04 the handler allocates, PageHeap",
            "S2-04 the handler allocates, GranuleHeap",
            "S2-04 the handler tries, SpinLock", "S2-04 the scheduler allocates", "interrupts keep vector registers",
            extra=COUNTED_TIME,
        )


class Interrupts(KernelTest):
    def test_the_timer_comes_as_it_was_asked_to(self) -> None:
        self.assert_passes("test_kernel_timers", "ticks come at their rate", "masked ticks are one",
                           "a timer comes once", "a stopped timer never comes")

    def test_S2_04_under_a_lock_that_does_not_mask_they_are_stopped(self) -> None:
        for key, sentence in (("s", "took a lock that it holds already"), ("n", "took a lock that it holds already"),
                              ("c", "took a lock that is good for one")):
            with self.subTest(key):
                status, log = boot_to_the_end("test_kernel_deadlock", key)
                self.assertEqual(status, 1, log)
                last_line = log.strip().splitlines()[-1]
                self.assertRegex(last_line, rf"^bareheap: .*CPU {sentence}: 0x\w+, called from 0x\w+$")

    def test_every_instruction_of_allocate_and_deallocate_is_interrupted(self) -> None:
        executed = self.executed_in_calls()
        self.assertGreater(len(executed), 100)
        log = self.assert_passes("test_kernel_every_instruction", "an interrupt at every instruction, masking lock",
                                 keys="i", extra=COUNTED_TIME)
        interrupted = {int(address, 16) for address in re.findall(r"^at (0x\w+)$", log, re.MULTILINE)}
        print(f"  instructions of the calls: {len(executed)}, of them interrupted: {len(executed & interrupted)}")
        self.assertEqual({hex(address) for address in executed - interrupted}, set())

    def executed_in_calls(self) -> set[int]:
        """Where the instructions lie that the kernel's calls execute. QEMU writes down each one; the calls are what
        lies between two visits of slide()."""
        with tempfile.NamedTemporaryFile("r") as trace:
            with start("test_kernel_every_instruction", ("-singlestep", "-D", trace.name)) as board:
                board.wait_for("ready", SECONDS)
                board.monitor("human-monitor-command", **{"command-line": "log exec,nochain"})
                board.type("t")
                self.assertEqual(board.wait_exit(SECONDS), 0)
                found = re.search(r"slide\(\) lies from (0x\w+) to (0x\w+)", board.log)
                assert found is not None
            slide = range(int(found[1], 16), int(found[2], 16))
            visits = 0
            ours = ""  # the CPU that makes the calls
            executed = set()
            for line in trace:
                # Trace CPU: host's address [cs_base/pc/flags/cflags]
                place = re.match(r"Trace (\d+): .*\[\w+/(\w+)/", line)
                if place is None:
                    continue
                address = int(place[2], 16)
                if address == slide.start:
                    ours = place[1]
                    visits += 1
                if visits == 1 and place[1] == ours and address not in slide:
                    executed.add(address)
        self.assertEqual(visits, 2)
        return executed


class Cpus(KernelTest):
    def test_S2_03_four_cpus_lose_nothing(self) -> None:
        self.assert_passes("test_kernel_cpus", "S2-03 four CPUs on a HoleList", "S2-03 four CPUs on a PageHeap",
                           "S2-03 four CPUs on a GranuleHeap", "four CPUs take all of a HoleList",
                           "four CPUs take all of a GranuleHeap", "of four CPUs that give", "S2-10 four CPUs share")


class CpuCached(KernelTest):
    """Four CPUs on a heap with a stock for each."""

    TESTS = ("one CPU before others run", "all want one size", "all is freed on another CPU", "everything at random",
             "all take all there is", "CPUs leave and come back", "called CPUs hand over", "masked CPUs serve",
             "silent CPUs stop nobody")

    def test_four_cpus_lose_nothing_and_wait_for_nobody_in_vain(self) -> None:
        self.assert_passes("test_kernel_cpu_cached", *self.TESTS, keys="t")

    def test_a_second_free_of_what_is_in_a_stock_stops_the_kernel(self) -> None:
        for key, where in (("h", "on the same CPU"), ("e", "on another one")):
            with self.subTest(where):
                status, log = boot_to_the_end("test_kernel_cpu_cached", key)
                self.assertEqual(status, 1, log)
                self.assertRegex(log.strip().splitlines()[-1],
                                 r"^bareheap: freed a block that is free already: 0x\w+, called from 0x\w+$")


class CpuCachedLong(KernelTest):
    def test_ten_million_operations(self) -> None:
        log = self.assert_passes("test_kernel_cpu_cached", *CpuCached.TESTS, keys="l")
        operations = sum(int(count) for count in re.findall(r"(?m)^operations: (\d+)", log))
        self.assertGreater(operations, 10_000_000)


class LastPage(KernelTest):
    def test_a_region_at_the_end_of_the_addresses(self) -> None:
        self.assert_passes("test_kernel_last_page", "HoleList", "PageHeap", "RealTimeHeap", "GranuleHeap")


class Faults(unittest.TestCase):
    """Everything that must stop a kernel stops it with one line that says why, and with status 1. The trials of
    docs/misuse.md end on the board as they have ended on the host."""

    # Booting costs time, so each board has a share: the heap that the wrappers are around, and some of the others.
    # Bump, StoryPages and RealTimeHeap are misused on the host alone.
    HEAPS = {
        RASPI3B.program: ("HoleList", "PageHeap", "GranuleHeap", "SpinWithInterruptsSaved"),
        PC.program: ("HoleList", "Checked HoleList", "Locked", "InterruptsSaved", "NullHeap"),
        RISCV64_SBI.program: ("HoleList", "Checked PageHeap", "NoLock", "SpinLock"),
    }

    def assert_stops(self, key: str, line: str) -> None:
        status, log = boot_to_the_end("test_kernel_faults", key)
        self.assertEqual(status, 1, log)
        self.assertRegex(log.strip().splitlines()[-1], f"^{line}$")

    def test_null_pointer(self) -> None:
        self.assert_stops("n", r"\w+: .* \(null pointer: the address is in page 0\).*")

    def test_S3_01_stack_overflow(self) -> None:
        self.assert_stops("s", r"\w+: .* \(stack overflow: the address is in the guard( page)?\).*")

    def test_trap(self) -> None:
        self.assert_stops("u", r"\w+: .*(BRK instruction|UD2 instruction|\(a trap that ).*")

    def test_free_of_what_was_never_lent(self) -> None:
        self.assert_stops("v", r"bareheap: freed an address that this heap has not lent: 0x\w+, called from 0x\w+")

    def test_free_with_another_size(self) -> None:
        self.assert_stops(
            "l",
            r"bareheap: freed a block with another size or alignment than it was asked with: 0x\w+, called from 0x\w+",
        )

    def test_S1_35_S3_04_out_of_memory_names_the_layout(self) -> None:
        self.assert_stops(
            "o",
            "bareheap: out of memory, and the program gave no way to go on: "
            r"1099511627776 bytes aligned to 16, called from 0x\w+",
        )

    def test_odd_alignment(self) -> None:
        self.assert_stops(
            "a", r"bareheap: an alignment must be a power of two: 8 bytes aligned to \d+, called from 0x\w+"
        )

    def test_what_would_throw(self) -> None:
        self.assert_stops("t", r"runtime: length_error was thrown .*vector.*")

    def test_yield_without_a_timer(self) -> None:
        self.assert_stops("y", r"\w+: yield\(\) on a CPU that never had a timer started")

    def test_a_timer_without_a_rate(self) -> None:
        self.assert_stops("h", r"\w+: start_timer\(\) wants 1 hertz to a tenth of timer_frequency\(\)")

    def test_every_misuse_ends_as_it_does_on_the_host(self) -> None:
        heaps = self.HEAPS[machine.program]
        trials = [trial for trial in misuse_document.trials() if trial.heap in heaps and trial.kind != "hang"]
        self.assertGreater(len(trials), 70)
        boots = 0
        while trials:
            boots += 1
            with start("test_kernel_faults") as board:
                board.wait_for("ready", SECONDS)
                while trials and self.goes_on_after(board, trials.pop(0)):
                    pass
        print(f"\n{boots} boots")

    def goes_on_after(self, board: Emulator, trial: misuse_document.Trial) -> bool:
        """Has the kernel do it. False when it has ended, or cannot be trusted any more."""
        said_before = len(board.log)
        board.type(f"={trial.name}\n")
        try:
            board.wait_for("next trial", TRIAL_SECONDS)
            ended = False
        except EmulatorError:
            ended = True
        lines = board.log[said_before:].splitlines()
        with self.subTest(trial.name):
            self.assert_as_on_the_host(trial, lines, ended)
            if trial.kind in ("stop", "stop later"):
                self.assertEqual(board.wait_exit(TRIAL_SECONDS), 1)
        return not ended and trial.kind != "harm"

    def assert_as_on_the_host(self, trial: misuse_document.Trial, lines: list[str], ended: bool) -> None:
        outcomes = [line for line in lines if line.startswith("outcome: ")]
        if trial.kind == "harm":
            self.assertIn(outcomes, ([], ["outcome: **harm**"]), lines)
        elif trial.kind in ("stop", "stop later"):
            self.assertTrue(ended, lines)
            self.assertEqual("the wrong call is over" in lines, trial.kind == "stop later", lines)
            self.assertRegex(lines[-1], f"^bareheap: {re.escape(misuse_document.sentences()[trial.fault])}(:|,|$)")
        else:
            self.assertEqual(outcomes, [f"outcome: {trial.outcome}"], lines)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in MACHINES or not (Path(sys.argv[2]) / "test_kernel.img").is_file():
        sys.exit(f"kernel_test.py wants a machine ({', '.join(MACHINES)}) and the folder of its test kernels; "
                 f"this builds them: {BUILD_COMMAND}.")
    machine = MACHINES[sys.argv.pop(1)]
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
