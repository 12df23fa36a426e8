# SPDX-License-Identifier: MIT
"""The keys of the kernel Homer: what each does to the heap, as serial line, map and figures show it.

usage: keys_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re

import board
from board import PAGE, Board, BoardTest, Walk, changed, kernel, symbols_of
from screen import BACKGROUND

# What the key a asks for, one after another and again from the start (kernels/homer/keys.cpp), and what the heap of the
# story gives.
GRANTED = {16: 16, 200: 256, PAGE: PAGE, 12000: 3 * PAGE, 24: 256}
STORY = "homer_story.img"
END_OF_RAM = 0x3C000000  # from here on it is the GPU's (ports/raspi3b/kernel.ld)


def block_of(said: str) -> tuple[int, int]:
    """Address and size of the block that a line of the key a or f tells of."""
    found = re.fullmatch(r"homer: (?:allocated|freed) (\d+) bytes at 0x([0-9a-f]+)\n", said)
    assert found is not None, said
    return int(found[2], 16), int(found[1])


def used(walk: Walk) -> list[tuple[int, int]]:
    return [(tile.at, tile.size) for tile in walk.of("used")]


class StoryBlocks(BoardTest):
    """On the story's engine, whose blocks are exactly known."""

    def map_and_walk(self, board: Board) -> tuple[list[str], Walk]:
        screen, walk = self.agreed(board)
        return screen.map(), walk

    def test_2_2_9_a_changes_the_dots_of_its_block_and_no_others(self) -> None:
        """And one of a header, when the block is the first of its page."""
        board = self.boot(STORY)
        shown, walk = self.map_and_walk(board)
        sizes = []
        for _ in GRANTED:
            at, size = block_of(board.press("a"))
            sizes.append(size)
            before, old_headers = shown, walk.of("meta")
            shown, walk = self.map_and_walk(board)
            block = set(walk.dots_of(at, GRANTED[size]))
            new_headers = set(walk.of("meta")) - set(old_headers)
            header = {dot for tile in new_headers for dot in walk.dots_of(tile.at, tile.size)}
            self.assertEqual(set(changed(before, shown)), block | header)
            self.assertEqual({shown[dot] for dot in block}, {"used"})
        self.assertEqual(sizes, list(GRANTED))

    def test_S1_28_f_brings_back_the_map_that_was(self) -> None:
        """But for the first block: the page that was cut for it stays cut, and its header stays."""
        board = self.boot(STORY)
        maps = [board.look().map()]
        blocks = []
        for _ in GRANTED:
            blocks.append(block_of(board.press("a")))
            maps.append(board.look().map())
        for count in reversed(range(1, len(blocks))):
            self.assertEqual(block_of(board.press("f")), blocks[count])
            self.assert_same_dots(board.look().map(), maps[count])
        board.press("f")
        screen, walk = self.agreed(board)
        header = walk.dots_of(blocks[0][0] - 16, 16)
        self.assertEqual(list(changed(maps[0], screen.map())), list(header))

    def test_S1_28_recovered_heap_can_be_exhausted_again(self) -> None:
        """Only a run does not come back: it needs fresh pages (S1-22), and there are none any more."""
        board = self.boot(STORY)
        for key in "xr":
            board.press(key)
        answers = [board.press("a") for _ in GRANTED]
        refusals = [answer for answer in answers if "allocated" not in answer]
        self.assertEqual(refusals, ["homer: no room for 12000 bytes\n"])
        board.press("x")
        screen, _ = self.agreed(board)
        self.assertEqual(set(screen.map()), {"used", "meta"})
        self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n")


class AllocateAndFree(BoardTest):
    def test_2_2_9_a_lends_a_block_and_touches_no_other(self) -> None:
        """Free memory may go to the stock or come from it meanwhile."""
        board = self.boot()
        _, before = self.agreed(board)
        for size in (*GRANTED, *GRANTED):
            at, asked = block_of(board.press("a"))
            self.assertEqual(asked, size)
            _, walk = self.agreed(board)
            lent = set(used(walk)) - set(used(before))
            self.assertEqual(lent, {(at, -(-size // 16) * 16)})
            self.assertLess(set(used(before)), set(used(walk)))
            before = walk

    def test_f_gives_a_small_block_to_the_stock(self) -> None:
        board = self.boot()
        board.press("a")
        at, size = block_of(board.press("f"))
        screen, walk = self.agreed(board)
        self.assertIn((at, size), [(tile.at, tile.size) for tile in walk.of("cached")])
        self.assertEqual(screen.map()[walk.dots_of(at, size)[0]], "cached")

    def test_m_and_h_leave_blocks_between_what_is_free(self) -> None:
        board = self.boot()
        before = board.walk()
        self.assertEqual(board.press("m"), "homer: allocated 128 of 128 blocks\n")
        self.assertEqual(board.press("h"), "homer: freed 64 blocks\n")
        _, walk = self.agreed(board)
        self.assertEqual(len(used(walk)), len(used(before)) + 64)
        self.assertGreater(len(walk.holes()), 20)
        self.assertGreater(walk.bytes_of("cached"), 0)
        self.assertEqual(board.press("r"), "homer: recovered: 64 blocks freed\n")
        self.assertEqual(used(self.agreed(board)[1]), used(before))

    def test_m_without_room_keeps_what_fits(self) -> None:
        board = self.boot()
        board.press("x")
        self.assertEqual(board.press("m"), "homer: allocated 0 of 128 blocks\n")
        self.assertEqual(board.look().message(), "no room for so many; those that fit are there")

    def test_S1_28_f_without_a_block_changes_nothing(self) -> None:
        board = self.boot()
        before = board.look().map()
        self.assertEqual(board.press("f"), "homer: nothing to free\n")
        self.assertEqual(board.look().message(), "nothing to free")
        self.assert_same_dots(board.look().map(), before)


class ExhaustAndRecover(BoardTest):
    def exhausted(self, *keys_before: str) -> Board:
        board = self.boot()
        for key in keys_before:
            board.press(key)
        said = board.press("x")
        self.assertRegex(said, r"\Ahomer: exhausted: \d+ blocks, and no 16 bytes are left\n\Z")
        return board

    def test_S1_35_x_leaves_nothing_free(self) -> None:
        board = self.exhausted("a", "a")
        self.assertEqual(board.look().message(), "exhausted: not even 16 bytes are left, and the kernel goes on")
        screen, walk = self.agreed(board)
        self.assertEqual(set(screen.map()), {"used", "meta"})
        self.assertEqual(walk.of("free", "cached"), [])
        self.assertEqual(screen.figures()["free"], "0 bytes")

    def test_S1_35_a_gets_nothing_from_an_exhausted_heap_and_harms_nothing(self) -> None:
        board = self.exhausted()
        before = board.look().map()
        for size in GRANTED:
            self.assertEqual(board.press("a"), f"homer: no room for {size} bytes\n")
        screen, _ = self.agreed(board)
        self.assert_same_dots(screen.map(), before)
        self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n")

    def test_S1_35_x_again_takes_nothing(self) -> None:
        self.assertEqual(self.exhausted().press("x"), "homer: exhausted: 0 blocks, and no 16 bytes are left\n")

    def test_S1_28_r_gives_back_all_that_the_keys_took(self) -> None:
        board = self.boot()
        before = board.walk()
        board.press("a")
        blocks = re.findall(r"exhausted: (\d+) blocks", board.press("x"))
        self.assertEqual(board.press("r"), f"homer: recovered: {int(blocks[0]) + 1} blocks freed\n")
        screen, walk = self.agreed(board)
        self.assertEqual(used(walk), used(before))
        self.assertEqual(screen.figures()["used"], f"{before.bytes_of('used')} bytes")
        self.assert_whole(walk, before.start, before.end)

    def test_S1_28_recovered_heap_can_be_exhausted_again(self) -> None:
        board = self.exhausted()
        board.press("r")
        for size in GRANTED:
            self.assertEqual(block_of(board.press("a"))[1], size)
        board.press("x")
        screen, _ = self.agreed(board)
        self.assertEqual(set(screen.map()), {"used", "meta"})
        self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n")


class AddMemory(BoardTest):
    """The heap is not exhausted after +: its 245,000 pages take twelve seconds, and show nothing new."""

    def test_S1_05_plus_adds_the_ram_up_to_the_gpus(self) -> None:
        board = self.boot()
        before = board.walk()
        self.assertEqual(board.press("+"), f"homer: added {END_OF_RAM - before.end} bytes\n")
        self.assertEqual(board.look().message(), "added the board's RAM: look at the size of a dot")
        screen, walk = self.agreed(board)
        self.assert_whole(walk, symbols_of(kernel("homer.elf"))["__heap_start"], END_OF_RAM)
        self.assertEqual(walk.bytes_a_dot(), 65536)
        self.assertEqual(screen.scale(), "one dot = 65536 bytes")
        self.assertEqual(used(walk), used(before), "the question to the board was not given back")

    def test_S1_05_grown_heap_lends_and_takes_back(self) -> None:
        board = self.boot()
        before = board.walk()
        board.press("+")
        for _ in GRANTED:
            block_of(board.press("a"))
        self.agreed(board)
        board.press("r")
        _, walk = self.agreed(board)
        self.assertEqual(used(walk), used(before))
        self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n")

    def test_S1_05_exhausted_heap_grows_when_it_can_ask(self) -> None:
        """The message to the board comes from the heap itself: without room for it nothing happens, and is said."""
        board = self.boot()
        board.press("x")
        self.assertEqual(board.press("+"), "homer: added 0 bytes\n")
        self.assertEqual(board.look().message(), "no room to ask the board for its memory")
        board.press("r")
        self.assertRegex(board.press("+"), r"\Ahomer: added [1-9]\d+ bytes\n\Z")
        self.agreed(board)

    def test_S1_05_plus_again_adds_nothing(self) -> None:
        board = self.boot()
        board.press("+")
        before = board.look().map()
        self.assertEqual(board.press("+"), "homer: added 0 bytes\n")
        self.assertEqual(board.look().message(), "there is no more RAM to add")
        self.assert_same_dots(board.look().map(), before)

    def test_S1_09_large_figures_stay_in_their_panel(self) -> None:
        board = self.boot()
        board.press("+")
        self.assertEqual(board.look().colours(432, 186, 28, 306), {BACKGROUND})


class Look(BoardTest):
    def test_S1_13_w_and_c_change_nothing_but_the_message(self) -> None:
        board = self.boot()
        before = board.look()
        board.press("w")
        self.assertEqual(board.look().message(), "printed the walk on the serial line")
        board.press("c")
        after = board.look()
        self.assertEqual(after.message(), "checked: every invariant holds")
        self.assertTrue(after.block(0, 0, 1024, 520) == before.block(0, 0, 1024, 520))
        self.assertTrue(after.block(0, 556, 1024, 212) == before.block(0, 556, 1024, 212))

    def test_S1_13_c_finds_nothing_wrong_after_any_other_key(self) -> None:
        board = self.boot()
        for key in "caafaamhaxr+aamhaaaafr":
            board.press(key)
            self.assertEqual(board.press("c"), "homer: check: nothing is wrong\n", f"after {key}")


if __name__ == "__main__":
    board.main()
