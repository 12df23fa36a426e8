# SPDX-License-Identifier: MIT
"""The kernel Homer entered at each exception level, and under the debugger.

usage: boot_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
from pathlib import Path

import board
from board import HERE, SECONDS, Board, BoardTest, kernel, output_of, symbols_of

STORYS_ALLOCATE = "bareheap::BasicStoryPages<16ul, 256ul, 4096ul>::allocate"
TO_THE_IMAGE = ("hbreak *0x80000", "continue")
TELL_WHERE = r'thread apply all -q printf "core at %#lx, level %d\n", (long)$pc, ((int)$cpsr >> 2) & 3'


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def debug(port: int, *commands: str, symbols: str = "homer.elf") -> str:
    """What gdb prints when it comes to a board, does these commands and lets it go."""
    words = ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "set pagination off"]
    for command in ("set breakpoint pending off", f"target remote 127.0.0.1:{port}", *commands, "detach"):
        words += ["-ex", command]
    words.append(str(kernel(symbols)))
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise AssertionError("gdb-multiarch is not installed (Debian package gdb-multiarch)") from error
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"gdb did not come to an end: {error.stdout!r} {error.stderr!r}") from error
    return done.stdout + done.stderr


class Held(BoardTest):
    """Boards that wait for a debugger before their first instruction."""

    def hold(self, image: Path, *extra: str) -> tuple[Board, int]:
        port = free_port()
        board = Board(image, debugger_port=port, extra=extra)
        self.addCleanup(board.close)
        board.monitor("query-status")  # answers when QEMU has really opened the debugger's port
        return board, port


class EntryLevels(Held):
    """Each boot is stopped at the image's first instruction to see its level, and then must show the same screen."""

    def assert_enters(self, level: int, cores: int, image: Path, *extra: str, goes_there: tuple[str, ...] = ()) -> None:
        """Held, and after these commands of the debugger, at least so many cores stand at the first instruction."""
        board, port = self.hold(image, *extra)
        places = debug(port, *goes_there, TELL_WHERE, "delete")
        found = re.findall(r"core at 0x80000, level (\d)", places)
        self.assertEqual(set(found), {str(level)}, places)
        self.assertGreaterEqual(len(found), cores, places)
        board.wait_for("homer: ready\n", SECONDS)
        screen = board.look()
        self.assert_shows_picture(screen)
        usual = self.boot().look()
        self.assertTrue(screen.pixels == usual.pixels, "the screen is not that of the usual boot")

    def test_S1_09_raw_image_at_level_2(self) -> None:
        self.assert_enters(2, 1, kernel("homer.img"), goes_there=TO_THE_IMAGE)

    def test_S1_09_elf_file_at_level_3_on_four_cores_at_once(self) -> None:
        self.assert_enters(3, 4, kernel("homer.elf"))

    def test_S1_09_raw_image_at_level_1(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            stub = Path(directory, "el1_stub.elf")
            part = stub.with_suffix(".o")
            target = ("--target=aarch64-none-elf", "-mcpu=cortex-a53")
            output_of("clang-19", *target, "-c", HERE / "el1_stub.S", "-o", part)
            output_of("ld.lld-19", "-Ttext=0x10000", part, "-o", stub)
            loader = f"loader,file={kernel('homer.img')},addr=0x80000,force-raw=on"
            self.assert_enters(1, 1, stub, "-device", loader, goes_there=TO_THE_IMAGE)


class Debugger(Held):
    def test_S1_13_breakpoint_in_the_allocator_is_hit_and_symbols_resolve(self) -> None:
        """In the part of it that is a function of its own."""
        names = output_of("llvm-nm-19", "--defined-only", "--demangle", kernel("homer.elf"))
        (allocate,) = re.findall(r" (bareheap::BasicGranuleHeap<.*>::allocate_anew)\(", names)
        board, port = self.hold(kernel("homer.elf"))
        said = debug(port, f"break {allocate}", "continue", "backtrace", "x/5i $pc", "delete")
        self.assertRegex(said, rf"Breakpoint 1, {re.escape(allocate)} \(this=0x[0-9a-f]+ <program_heap>, bytes=")
        self.assertRegex(said, r"(?m)^#\d+ .* bareheap::homer::set_clock \(")
        self.assertRegex(said, r"(?m)^#\d+ .* kernel_main \(\) at .*kernels/homer/main\.cpp:\d+$")
        self.assertEqual(len(re.findall(r"(?m)^(?:=>)?\s+0x[0-9a-f]+ <.*>:\t\w", said)), 5, said)
        board.wait_for("homer: ready\n", SECONDS)

    def test_S1_13_heap_can_be_printed(self) -> None:
        """Before and after the story's first block; the key w prints it from the kernel itself (keys_test.py)."""
        _, port = self.hold(kernel("homer_story.elf"))
        said = debug(port, f"break {STORYS_ALLOCATE}", "continue", "print program_heap", "finish", "print program_heap",
                     symbols="homer_story.elf")  # fmt: skip
        start = symbols_of(kernel("homer_story.elf"))["__heap_start"]
        heaps = re.findall(r"(?m)^\$\d+ = \{.*origin_ = .*\}$", said)
        self.assertEqual(len(heaps), 2, said)
        self.assertRegex(heaps[0], rf"start = {start:#x}\}}.*cut_pages_ = 0x0, fresh_ = 0, pages_ = 112\}}")
        self.assertRegex(heaps[1], rf"cut_pages_ = {start:#x}, fresh_ = 1, pages_ = 112\}}")
        self.assertRegex(said, rf"Value returned is \$\d+ = \{{at = {start + 0x100:#x}, size = 256\}}")


if __name__ == "__main__":
    board.main()
