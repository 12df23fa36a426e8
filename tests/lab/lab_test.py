# SPDX-License-Identifier: MIT
"""The kernel lab in QEMU: what it shows, and how it ends.

    python3 tests/lab/lab_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import functools
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from emulator import PC, Emulator  # noqa: E402

SECONDS = 60.0  # ends a hang; everything takes two
BUILD_COMMAND = "cmake --preset board-x86_64 && cmake --build --preset board-x86_64"
HEAP_START = 0xC3710000
PAGES = 16
TESTS = "".join(f"Initiating test 0x0{number}... [Pass]\n" for number in range(3))
COLLECTIONS = (
    "shared_ptr unique_ptr vector string list deque priority_queue map set unordered_map function pmr::vector".split()
)

folder = Path()


@functools.cache
def boot(name: str = "lab", *extra: str) -> tuple[int, str]:
    """The exit status of a kernel, and all that it said."""
    with Emulator(folder / f"{name}.elf", machine=PC, extra=extra) as board:
        return board.wait_exit(SECONDS), board.log


class KernelTest(unittest.TestCase):
    def assert_good(self, name: str = "lab", *extra: str) -> str:
        status, log = boot(name, *extra)
        self.assertEqual(status, 0, log)
        self.assertNotIn("WRONG", log)
        self.assertTrue(log.endswith("lab: bye\n"), log)
        return log

    def assert_shows(self, line: str, name: str = "lab") -> tuple[str, ...]:
        """There is one such line; returns the groups of the pattern."""
        found = list(re.finditer(rf"(?m)^{line}$", boot(name)[1]))
        self.assertEqual(len(found), 1, f"'{line}' in: {boot(name)[1]}")
        return found[0].groups()


class Lab(KernelTest):
    def test_ends_well(self) -> None:
        self.assert_good()

    def test_S2_01_heap_refuses_before_init(self) -> None:
        self.assert_shows("  before init: a request is refused; used 0, size 0")

    def test_S2_02_dummy_allocator_refuses(self) -> None:
        self.assert_shows("  the dummy allocator: refuses whatever is asked")

    def test_S2_05_frames_that_give_out_come_back(self) -> None:
        self.assert_shows(
            "  5 frames for 16 pages: the frames gave out before all of the heap's window was mapped; "
            "all were given back"
        )

    def test_S2_05_S2_07_sixteen_pages_are_mapped(self) -> None:
        pages, start, frames = self.assert_shows(r"  mapped: (\d+) pages at (0x\w+), (\d+) frames with the page tables")
        self.assertEqual((int(pages), int(start, 16)), (PAGES, HEAP_START))
        self.assertTrue(PAGES < int(frames) <= PAGES + 3)
        self.assert_shows(f"  the heap: engine granule-heap, {PAGES * 4096} bytes")

    def test_S2_20_second_init_is_refused(self) -> None:
        self.assert_shows("  a second init: refused: the heap has its region already")

    def test_S2_08_first_box(self) -> None:
        self.assertIn("\nHello box containing 371!\n", boot()[1])
        (at,) = self.assert_shows(r"Hello box at (0x\w+)!")
        self.assertTrue(HEAP_START <= int(at, 16) < HEAP_START + PAGES * 4096)

    def test_S2_09_counted_pointer(self) -> None:
        self.assert_shows("  shared_ptr: use count 2, and after one has gone 1")

    def test_S2_10_every_collection_has_its_line(self) -> None:
        log = boot()[1]
        part = log[log.index("Counted pointers and collections:\n") : log.index("Threads:\n")]
        lines = re.findall(r"(?m)^  (\S+): .+$", part)
        self.assertEqual(lines, COLLECTIONS)
        self.assert_shows("  and now: all that they took is free again")
        self.assert_shows("  vector: 1000 numbers sorted, the odd ones erased, the others' sum 249500")
        self.assert_shows("  map: 1000 squares, that of 371 is 137641")

    def test_S2_11_coroutines_take_turns(self) -> None:
        (log,) = self.assert_shows(r"  coroutines: a, b and c slept .* between their letters: ([abc]+)")
        self.assertEqual({letter: log.count(letter) for letter in "abc"}, {"a": 12, "b": 6, "c": 4})
        self.assertTrue(log.startswith("abca"))
        (ticks,) = self.assert_shows(r"  timer: (\d+) ticks of 1 ms; .*")
        self.assertGreaterEqual(int(ticks), 120)

    def test_S2_11_frame_without_room_starts_nothing(self) -> None:
        self.assert_shows("  too large a frame: refused, and its thread does not start")

    def test_program_heap_grows_and_joins_what_is_mapped_behind(self) -> None:
        """The vector lies across the end of the first pages, and in the end all is one hole."""
        start, end, grown, behind = self.assert_shows(
            r"  a vector of 96 KiB: from (0x\w+) to (0x\w+), with (\d+) bytes mapped behind (0x\w+)"
        )
        self.assertEqual(int(behind, 16), HEAP_START + PAGES * 4096)
        self.assertTrue(int(start, 16) < int(behind, 16) < int(end, 16))
        self.assert_shows(rf"  the heap: 0 bytes used, \d+ free, holes 1; it has grown by {grown}")

    def test_growing_heap_maps_and_gives_back(self) -> None:
        before, after = self.assert_shows(r"  a request of 200 KiB: found (\d+) pages mapped, left (\d+)")
        self.assertEqual(int(before), PAGES)
        self.assertGreaterEqual(int(after), PAGES + 50)
        self.assert_shows(f"  given back: {PAGES} pages are mapped again")
        self.assert_shows(r"  and with the last pages unmapped: \d+ frames are free, as before")

    def test_S2_19_three_lines(self) -> None:
        self.assertIn(TESTS, boot()[1])


class Story(KernelTest):
    """On the linked list of the lab's text, which begins with the first byte: its exact addresses."""

    def test_ends_well(self) -> None:
        self.assert_good("lab_hole_list")

    def test_S2_08_first_box_lies_at_the_heaps_start(self) -> None:
        self.assert_shows(f"Hello box at {HEAP_START:#x}!", "lab_hole_list")

    def test_S2_09_vector_lies_at_0x800(self) -> None:
        line = f"  vector: 500 numbers at {HEAP_START + 0x800:#x}, the heap's start \\+ 0x800"
        self.assert_shows(line, "lab_hole_list")

    def test_nothing_leaks(self) -> None:
        (free, grown) = self.assert_shows(
            r"  the heap: 0 bytes used, (\d+) free, holes 1; it has grown by (\d+)", "lab_hole_list"
        )
        self.assertEqual(int(free), PAGES * 4096 + int(grown))


class HeapAllocation(KernelTest):
    def test_S2_19_runs_alone(self) -> None:
        self.assertEqual(boot("heap_allocation"), (0, TESTS))


class Boards(KernelTest):
    def test_more_and_less_memory(self) -> None:
        for memory, least, most in (("4M", 300, 1024), ("32M", 7000, 8192), ("256M", 60000, 65536)):
            with self.subTest(memory=memory):
                log = self.assert_good("lab", "-m", memory)
                frames = re.search(r"(?m)^  RAM: (\d+) frames of 4096 bytes are free$", log)
                assert frames is not None, log
                self.assertTrue(least < int(frames[1]) < most, frames[1])

    def test_one_cpu_and_eight(self) -> None:
        for cpus in ("1", "8"):
            with self.subTest(cpus=cpus):
                self.assert_good("lab", "-smp", cpus)

    def test_too_little_memory(self) -> None:
        status, log = boot("lab", "-m", "size=1700K")
        self.assertEqual(status, 1)
        self.assertRegex(log, r"\Ax86_64: [^\n]+\n\Z")

    def test_null_heap_ends_the_kernel_with_a_sentence(self) -> None:
        status, log = boot("lab_null")
        self.assertEqual((status, log.splitlines()[-1]), (1, "no heap: the heap refused its window"))


class Wrong(KernelTest):
    def assert_stops(self, key: str, line: str) -> None:
        with Emulator(folder / "lab_wrong.elf", machine=PC) as board:
            board.wait_for("ready", SECONDS)
            board.type(key)
            self.assertEqual(board.wait_exit(SECONDS), 1)
        self.assertRegex(board.log, rf"\Aready\n{line}\n\Z")

    def test_S2_02_free_into_the_dummy_allocator(self) -> None:
        self.assert_stops("d", r"bareheap: freed an address that this heap has not lent: 0x\w+, called from 0x\w+")

    def test_S2_06_init_before_mapping_is_a_page_fault_at_the_heaps_start(self) -> None:
        self.assert_stops("i", rf"x86_64: page fault: write to what is not mapped, CR2 {HEAP_START:#x}, RIP 0x\w+, .*")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "lab.elf").is_file():
        sys.exit(f"lab_test.py wants the folder of the kernel lab; this builds it: {BUILD_COMMAND}.")
    folder = Path(sys.argv.pop(1)).resolve()
    unittest.main()
