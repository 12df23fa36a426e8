# SPDX-License-Identifier: MIT
"""The kernel Homer after its boot: its screen, the picture, the story's blocks, the map of the heap, the echo.

usage: homer_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import string
import struct

import board
from board import PAGE, SECONDS, Board, BoardTest, kernel, symbols_of
from screen import BACKGROUND, decode_header

ACTING_KEYS = "amfhxr+wcq"


class Booted(BoardTest):
    """One boot for all tests that only look."""

    board: Board
    name = "homer"

    @classmethod
    def setUpClass(cls) -> None:
        cls.board = Board(kernel(f"{cls.name}.img"))
        cls.addClassCleanup(cls.board.close)
        cls.board.wait_for("homer: ready\n", SECONDS)
        cls.screen = cls.board.look()
        cls.walk = cls.board.walk()
        cls.symbols = symbols_of(kernel(f"{cls.name}.elf"))

    def address(self, name: str) -> int:
        """An address that the kernel told of while it booted."""
        found = re.search(rf"^homer: {name} at 0x([0-9a-f]+)$", self.board.log, re.MULTILINE)
        assert found is not None, f"the kernel says nothing of the {name}"
        return int(found[1], 16)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self.board.memory(address, count * 4))


class OnTheScreen(Booted):
    def test_S1_08_screen_has_1024_by_768_pixels(self) -> None:
        self.assertEqual((self.screen.width, self.screen.height), (1024, 768))

    def test_S1_08_message_asked_for_that_screen_and_was_answered(self) -> None:
        """Sizes of 35 words, the answer bit, then the tags with the values that the firmware left in them."""
        message = self.words(self.address("screen message"), 35)
        self.assertEqual(message[:2], (140, 0x80000000))
        tags = {0x48003: (1024, 768), 0x48004: (1024, 768), 0x48009: (0, 0), 0x48005: (32,), 0x48006: (1,)}
        at = 2
        while message[at] != 0:
            expected = tags.pop(message[at], ())
            self.assertEqual(message[at + 3 : at + 3 + len(expected)], expected, f"tag {message[at]:#x}")
            at += 3 + message[at + 1] // 4
        self.assertEqual(tags, {}, "tags that were not sent")

    def test_S1_09_picture_is_on_the_screen_pixel_for_pixel(self) -> None:
        self.assert_shows_picture(self.screen)

    def test_S1_09_picture_is_the_one_that_was_encoded(self) -> None:
        width, height, pixels = decode_header(kernel("generated/picture.hpp"))
        self.assertEqual((width, height), (96, 64))
        self.assertTrue(self.screen.block(464, 352, 96, 64) == pixels, "the screen shows another picture")

    def test_S1_09_decoded_picture_lies_in_the_heap(self) -> None:
        at = self.address("picture")
        self.assertIn((at, 6 * PAGE), [(tile.at, tile.size) for tile in self.walk.of("used")])
        shown = self.screen.block(464, 352, 96, 64)
        words = (int.from_bytes(shown[pixel : pixel + 3], "big") for pixel in range(0, len(shown), 3))
        self.assertTrue(self.words(at, 96 * 64) == tuple(words), "the block holds another picture, or a fourth byte")

    def test_S1_09_around_the_picture_is_background(self) -> None:
        """Three pixels inside the frame, which is one pixel thick, and everything between it and the panels."""
        inside = ((461, 349, 102, 3), (461, 416, 102, 3), (461, 349, 3, 70), (560, 349, 3, 70))
        outside = ((432, 236, 160, 112), (432, 420, 160, 72), (432, 348, 28, 72), (564, 348, 28, 72))
        for place in (*inside, *outside):
            with self.subTest(place=place):
                self.assertEqual(self.screen.colours(*place), {BACKGROUND})

    def test_S1_11_addresses_on_the_screen_are_those_on_the_serial_line(self) -> None:
        for line, name in ((8, "clock message"), (9, "screen message"), (10, "picture")):
            self.assertEqual(self.screen.address(line), f"{self.address(name):#x}")

    def test_S1_05_heap_line_names_the_linkers_region(self) -> None:
        start, end = self.symbols["__heap_start"], self.symbols["__heap_end"]
        line = f"homer: heap of engine granule-heap from {start:#x} to {end:#x}, {end - start} bytes\n"
        self.assertTrue(self.board.log.startswith(line), self.board.log[:200])

    def test_S1_11_clock_message_has_nine_words_and_was_answered(self) -> None:
        message = self.words(self.address("clock message"), 9)
        self.assertEqual(message[:3], (36, 0x80000000, 0x38002))


class StoryBlocks(Booted):
    """On the story's engine, whose exact addresses are the story's."""

    name = "homer_story"

    def test_S1_05_heap_line_names_the_storys_engine(self) -> None:
        self.assertTrue(self.board.log.startswith("homer: heap of engine story-pages from "), self.board.log[:200])

    def test_S1_06_first_address_is_0x100_after_the_linkers_symbol(self) -> None:
        self.assertEqual(self.address("clock message"), self.symbols["__heap_start"] + 0x100)

    def test_S1_11_blocks_lie_where_the_story_has_them(self) -> None:
        addresses = [self.address(name) for name in ("clock message", "screen message", "picture")]
        start = self.symbols["__heap_start"]
        self.assertEqual([address - start for address in addresses], [0x100, 0x200, 0x1000])

    def test_S1_11_next_16_bytes_lie_where_the_storys_hexadecimal_text_would(self) -> None:
        """The kernel makes that text only when it gets no screen, which QEMU cannot be made to refuse. The first press
        of a asks for the same block at the same moment: eight bytes aligned to four are one of 16."""
        said = self.boot("homer_story.img").press("a")
        self.assertEqual(said, f"homer: allocated 16 bytes at {self.symbols['__heap_start'] + 0x7010:#x}\n")

    def test_S1_11_used_blocks_are_those_of_the_story_and_no_others(self) -> None:
        start = self.symbols["__heap_start"]
        blocks = [(0x100, 256), (0x200, 256), *((0x1000 + page * PAGE, PAGE) for page in range(6))]
        self.assertEqual([(tile.at - start, tile.size) for tile in self.walk.of("used")], blocks)


class Map(Booted):
    """Part 2.2, row 9 of what is required: fragmentation is shown."""

    def test_2_2_9_walk_has_neither_gap_nor_overlap(self) -> None:
        self.assert_whole(self.walk, self.symbols["__heap_start"], self.symbols["__heap_end"])

    def test_2_2_9_every_dot_and_figure_is_what_the_walk_says(self) -> None:
        self.assertEqual(self.walk.bytes_a_dot(), 16)
        self.assert_agree(self.screen, self.walk)

    def test_2_2_9_map_shows_every_kind_that_there_is(self) -> None:
        """Against a map and a walk that agree because both are empty."""
        board = self.boot()
        for key in "mh":
            board.press(key)
        screen, _ = self.agreed(board)
        self.assertEqual(set(screen.map()), {"free", "used", "meta", "cached"})


class Echo(BoardTest):
    def test_S1_10_every_printable_character_that_does_nothing(self) -> None:
        board = self.boot()
        text = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ACTING_KEYS)
        for character in text:
            board.type(character)
            self.assertEqual(board.wait_for(character, SECONDS), character)

    def test_S1_10_bytes_that_are_no_characters(self) -> None:
        """Without the carriage return, which tools/emulator.py drops from what it hears."""
        board = self.boot()
        text = "".join(chr(code) for code in range(0x20) if chr(code) != "\r") + "\x7f" + "äöü€."
        board.type(text)
        self.assertEqual(board.wait_for(".", SECONDS), text)

    def test_S1_10_two_thousand_bytes_at_once(self) -> None:
        board = self.boot()
        harmless = "".join(letter for letter in string.ascii_letters + string.digits if letter not in ACTING_KEYS)
        text = (harmless * 2000)[:1999] + "."
        board.type(text)
        self.assertEqual(board.wait_for(".", SECONDS), text)

    def test_S1_10_keys_that_act(self) -> None:
        """press() wants the key itself back, before anything else."""
        board = self.boot()
        for key in ACTING_KEYS.replace("q", ""):
            board.press(key)
        board.type("q")
        self.assertEqual(board.wait_exit(SECONDS), 0)
        self.assertRegex(board.wait_for("homer: bye\n", 0), r"\Aq\nhomer: boot stack used: \d+ of 16384 bytes\n")

    def test_S1_10_keys_that_act_at_once(self) -> None:
        board = self.boot()
        board.type("aaff!")
        said = board.wait_for("!", SECONDS)
        keys = re.findall(r"^([af])\nhomer: (\w+) \d+ bytes at 0x[0-9a-f]+\nhomer: done$", said, re.MULTILINE)
        self.assertEqual(keys, [("a", "allocated"), ("a", "allocated"), ("f", "freed"), ("f", "freed")])


if __name__ == "__main__":
    board.main()
