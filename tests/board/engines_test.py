# SPDX-License-Identifier: MIT
"""The kernel Homer on two other engines: one that refuses everything, and one that never takes back.

usage: engines_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import dataclasses
import re
import time

import board
from board import PAGE, SECONDS, Board, BoardTest, kernel, symbols_of
from emulator import RASPI3B

OUT_OF_MEMORY = "homer: out of memory: no 36 bytes for the clock's message\n"


class Null(BoardTest):
    def test_S1_04_says_once_that_memory_is_out_and_fails(self) -> None:
        with Board(kernel("homer_null.img")) as board:
            self.assertEqual(board.wait_exit(SECONDS), 1)
        self.assertEqual(re.findall(r".*out of memory.*\n", board.log), [OUT_OF_MEMORY])
        self.assertTrue(board.log.endswith(OUT_OF_MEMORY), board.log)

    def test_S1_04_nothing_is_written_to_page_0(self) -> None:
        """There lies the loop in which the other cores wait. Without -semihosting QEMU goes on when the kernel has
        stopped, so that memory can be read then; it is read past the MMU, under which page 0 is not mapped."""
        machine = dataclasses.replace(RASPI3B, arguments=("-M", "raspi3b"))
        with Board(kernel("homer_null.img"), machine=machine, extra=["-S"]) as board:
            before = board.memory(0, PAGE)
            self.assertTrue(any(before), "QEMU has put nothing into page 0 that could be overwritten")
            board.monitor("cont")
            board.wait_for(OUT_OF_MEMORY, SECONDS)
            time.sleep(0.2)  # for whatever it does on its way to a halt
            self.assertTrue(board.memory(0, PAGE) == before, "page 0 has changed")
            self.assertTrue(board.log.endswith(OUT_OF_MEMORY), board.log)


class Bump(BoardTest):
    def test_S1_09_shows_the_picture(self) -> None:
        self.assert_shows_picture(self.boot("homer_bump.img").look())

    def test_2_2_9_map_agrees_with_the_walk(self) -> None:
        board = self.boot("homer_bump.img")
        symbols = symbols_of(kernel("homer_bump.elf"))
        _, walk = self.agreed(board)
        self.assert_whole(walk, symbols["__heap_start"], symbols["__heap_end"])
        self.assertEqual([tile.kind for tile in walk.tiles], ["used", "free"])
        board.press("a")
        _, after = self.agreed(board)
        self.assertEqual(after.bytes_of("used"), walk.bytes_of("used") + 16)

    def test_S1_35_is_exhausted_and_goes_on(self) -> None:
        board = self.boot("homer_bump.img")
        self.assertRegex(board.press("x"), r"\Ahomer: exhausted: \d+ blocks, and no 16 bytes are left\n\Z")
        screen, walk = self.agreed(board)
        self.assertEqual((set(screen.map()), walk.of("free")), ({"used"}, []))
        self.assertEqual(board.press("a"), "homer: no room for 16 bytes\n")
        self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n")

    def test_S1_05_plus_is_refused_with_a_line(self) -> None:
        board = self.boot("homer_bump.img")
        before = board.walk()
        self.assertEqual(board.press("+"), "homer: this engine takes no more memory\n")
        self.assertEqual(board.look().message(), "this engine takes no more memory")
        self.assertEqual(board.walk(), before)

    def test_S1_10_q_ends_it_well(self) -> None:
        board = self.boot("homer_bump.img")
        board.type("q")
        self.assertEqual(board.wait_exit(SECONDS), 0)


if __name__ == "__main__":
    board.main()
