# SPDX-License-Identifier: MIT
"""Tests of bareheap-picture. The PNGs are made here, byte by byte, so that nothing but the tool reads or writes them.

usage: picture_test.py PATH_OF_BAREHEAP_PICTURE [unittest's own arguments]
"""

import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from fractions import Fraction

TOOL = ""
WIDTH, HEIGHT = 96, 64
BACKGROUND = (0x0B, 0x10, 0x20)
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, colour_type, rows, depth=8, before_data=b"", interlaced=0):
    """`rows` are the bytes of each row, without the filter byte in front of it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return SIGNATURE + chunk(b"IHDR", header) + before_data + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def flat(row):
    return [value for pixel in row for value in pixel]


def png_of(pixels, colour_type):
    return png(len(pixels[0]), len(pixels), colour_type, [flat(row) for row in pixels])


def colourful(width, height, channels=3):
    """Pixels of which no two near each other are alike."""
    return [
        [tuple((x * 7 + y * 13 + 89 * channel + x * y) % 256 for channel in range(channels)) for x in range(width)]
        for y in range(height)
    ]


def adam7(pixels):
    """The rows of an interlaced picture: seven coarser pictures one after the other."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    for left, top, step_x, step_y in passes:
        for row in pixels[top::step_y]:
            if row[left::step_x]:
                yield flat(row[left::step_x])


def rounded(value):
    return int(value + Fraction(1, 2))


def laid_over_background(pixel):
    red, green, blue, alpha = pixel
    share = Fraction(alpha, 255)
    return tuple(share * value + (1 - share) * ground for value, ground in zip((red, green, blue), BACKGROUND))


def area_average(pixels, width, height):
    """Slow and exact: the mean of a picture over each of width x height rectangles that divide it evenly."""

    def shares(side, parts, part):
        begin, end = Fraction(part * side, parts), Fraction((part + 1) * side, parts)
        for index in range(math.floor(begin), math.ceil(end)):
            share = min(end, index + 1) - max(begin, index)
            if share > 0:
                yield index, share / (end - begin)

    def mean(x, y):
        total = [Fraction(0)] * 3
        for row, share_y in shares(len(pixels), height, y):
            for column, share_x in shares(len(pixels[0]), width, x):
                for channel in range(3):
                    total[channel] += share_x * share_y * pixels[row][column][channel]
        return tuple(rounded(value) for value in total)

    return [[mean(x, y) for x in range(width)] for y in range(height)]


def on_background(pixels):
    """The picture in the middle of the background."""
    picture = [[BACKGROUND] * WIDTH for _ in range(HEIGHT)]
    left, top = (WIDTH - len(pixels[0])) // 2, (HEIGHT - len(pixels)) // 2
    for y, row in enumerate(pixels):
        picture[top + y][left : left + len(row)] = row
    return picture


def decoded(header):
    """The pixels of a header, by GIMP's arithmetic."""
    lines = re.findall(r'^  "(.*)";?$', header, re.MULTILINE)
    data = [ord(character) - 33 for character in re.sub(r"\\(.)", r"\1", "".join(lines))]
    if len(data) != WIDTH * HEIGHT * 4:
        raise AssertionError(f"{len(data)} characters of data")
    pixels = []
    for index in range(0, len(data), 4):
        first, second, third, fourth = data[index : index + 4]
        pixels.append((first << 2 | second >> 4, (second & 0xF) << 4 | third >> 2, (third & 3) << 6 | fourth))
    return [pixels[index : index + WIDTH] for index in range(0, len(pixels), WIDTH)]


class PictureTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.input = os.path.join(self.folder.name, "input.png")
        self.output = os.path.join(self.folder.name, "output.hpp")

    def write_input(self, content):
        with open(self.input, "wb") as file:
            file.write(content)

    def run_tool(self, *arguments):
        return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def header_of(self, content):
        self.write_input(content)
        result = self.run_tool(self.input, self.output)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        with open(self.output, encoding="ascii") as file:
            return file.read()

    def assert_picture(self, content, expected):
        """Pixel by pixel: unittest's own comparison of whole pictures would work for minutes on the difference."""
        header = self.header_of(content)
        actual = decoded(header)
        for y in range(HEIGHT):
            for x in range(WIDTH):
                self.assertEqual(actual[y][x], expected[y][x], f"at ({x}, {y})")
        return header

    def assert_refused(self, arguments, words):
        result = self.run_tool(*arguments)
        self.assertGreater(result.returncode, 0, "a signal, or no error at all")
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Abareheap-picture: [^\n]+\.\n\Z")
        self.assertIn(words, result.stderr)
        self.assertFalse(os.path.exists(self.output), "an output file was left")

    def assert_input_refused(self, content, words):
        self.write_input(content)
        self.assert_refused([self.input, self.output], words)


class Pixels(PictureTest):
    def test_a_picture_of_the_right_size_is_not_changed(self):
        pixels = colourful(WIDTH, HEIGHT)
        self.assert_picture(png_of(pixels, RGB), pixels)

    def test_every_value_of_every_channel_survives(self):
        values = [(index % 256, index // 24, (index * 7 + 3) % 256) for index in range(WIDTH * HEIGHT)]
        self.assertEqual([len({value[channel] for value in values}) for channel in range(3)], [256] * 3)
        pixels = [values[first : first + WIDTH] for first in range(0, len(values), WIDTH)]
        self.assert_picture(png_of(pixels, RGB), pixels)

    def test_half_transparent_pixels_are_laid_over_the_background(self):
        pixels = [[(200, 100, 50, 128)] * WIDTH for _ in range(HEIGHT)]
        pixels[0][0] = (255, 255, 255, 0)
        pixels[0][1] = (9, 8, 7, 255)
        pixels[0][2] = (255, 0, 255, 1)
        expected = [[(106, 58, 41)] * WIDTH for _ in range(HEIGHT)]
        expected[0][0:3] = [BACKGROUND, (9, 8, 7), (12, 16, 33)]
        self.assert_picture(png_of(pixels, RGBA), expected)

    def test_every_alpha(self):
        pixels = colourful(WIDTH, HEIGHT, 4)
        expected = [[tuple(rounded(value) for value in laid_over_background(pixel)) for pixel in row] for row in pixels]
        self.assert_picture(png_of(pixels, RGBA), expected)

    def test_grey(self):
        rows = [[(x + y * 3) % 256 for x in range(WIDTH)] for y in range(HEIGHT)]
        self.assert_picture(png(WIDTH, HEIGHT, GREY, rows), [[(value,) * 3 for value in row] for row in rows])

    def test_grey_of_one_bit(self):
        rows = [[0xAA if y % 2 else 0x0F] * (WIDTH // 8) for y in range(HEIGHT)]
        black, white = (0, 0, 0), (255, 255, 255)
        expected = [([white, black] * 4 if y % 2 else [black] * 4 + [white] * 4) * (WIDTH // 8) for y in range(HEIGHT)]
        self.assert_picture(png(WIDTH, HEIGHT, GREY, rows, depth=1), expected)

    def test_grey_with_alpha(self):
        rows = [flat([(90, 255 if x < 48 else 0) for x in range(WIDTH)]) for _ in range(HEIGHT)]
        expected = [[(90, 90, 90)] * 48 + [BACKGROUND] * 48 for _ in range(HEIGHT)]
        self.assert_picture(png(WIDTH, HEIGHT, GREY_ALPHA, rows), expected)

    def test_a_palette_with_a_transparent_colour(self):
        colours = [(255, 0, 0), (0, 255, 0), (1, 2, 3)]
        tables = chunk(b"PLTE", bytes(flat(colours))) + chunk(b"tRNS", b"\xff\x00")
        rows = [[(x + y) % 3 for x in range(WIDTH)] for y in range(HEIGHT)]
        shown = [colours[0], BACKGROUND, colours[2]]
        expected = [[shown[index] for index in row] for row in rows]
        self.assert_picture(png(WIDTH, HEIGHT, PALETTE, rows, before_data=tables), expected)

    def test_sixteen_bits_keep_their_brightness(self):
        pixels = colourful(WIDTH, HEIGHT)
        rows = [[byte for value in flat(row) for byte in (value, value)] for row in pixels]
        self.assert_picture(png(WIDTH, HEIGHT, RGB, rows, depth=16), pixels)

    def test_interlaced(self):
        pixels = colourful(WIDTH, HEIGHT)
        self.assert_picture(png(WIDTH, HEIGHT, RGB, adam7(pixels), interlaced=1), pixels)


class Sizes(PictureTest):
    def test_one_pixel_becomes_a_square_in_the_middle(self):
        expected = on_background([[(1, 2, 3)] * HEIGHT for _ in range(HEIGHT)])
        self.assert_picture(png_of([[(1, 2, 3)]], RGB), expected)

    def test_enlarging_repeats_pixels(self):
        pixels = colourful(48, 32)
        expected = [[pixels[y // 2][x // 2] for x in range(WIDTH)] for y in range(HEIGHT)]
        self.assert_picture(png_of(pixels, RGB), expected)

    def test_enlarging_by_no_whole_number_takes_the_nearest_pixel(self):
        pixels = colourful(36, 10)
        enlarged = [[pixels[(2 * y + 1) * 10 // 54][(2 * x + 1) * 36 // 192] for x in range(96)] for y in range(27)]
        self.assert_picture(png_of(pixels, RGB), on_background(enlarged))

    def test_wide(self):
        pixels = colourful(200, 50)
        self.assert_picture(png_of(pixels, RGB), on_background(area_average(pixels, 96, 24)))

    def test_high(self):
        pixels = colourful(30, 130)
        self.assert_picture(png_of(pixels, RGB), on_background(area_average(pixels, 15, 64)))

    def test_one_pixel_too_large(self):
        pixels = colourful(97, 64)
        self.assert_picture(png_of(pixels, RGB), on_background(area_average(pixels, 96, 63)))

    def test_halved_is_the_mean_of_four(self):
        pixels = [[((x % 2) * 100 + (y % 2) * 50, 10, 20) for x in range(192)] for y in range(128)]
        self.assert_picture(png_of(pixels, RGB), [[(75, 10, 20)] * WIDTH for _ in range(HEIGHT)])

    def test_shrinking_a_transparent_picture_does_not_mix_in_invisible_colours(self):
        pixels = [[(255, 0, 255, 0) if (x + y) % 2 else (200, 100, 50, 255) for x in range(192)] for y in range(128)]
        self.assert_picture(png_of(pixels, RGBA), [[(106, 58, 41)] * WIDTH for _ in range(HEIGHT)])

    def test_lines_do_not_vanish(self):
        self.assert_picture(png(8192, 1, GREY, [[77] * 8192]), on_background([[(77, 77, 77)] * WIDTH]))
        self.assert_picture(png(1, 8192, GREY, [[77]] * 8192), on_background([[(77, 77, 77)]] * HEIGHT))

    def test_the_largest(self):
        rows = [b"\x50" * 4096 + b"\xa0" * 4096] * 8192
        expected = on_background([[(80,) * 3] * 32 + [(160,) * 3] * 32] * HEIGHT)
        self.assert_picture(png(8192, 8192, GREY, rows), expected)


class Header(PictureTest):
    def test_is_a_header_of_this_project(self):
        header = self.header_of(png_of(colourful(WIDTH, HEIGHT), RGB))
        self.assertTrue(header.startswith("// SPDX-License-Identifier: MIT\n"))
        for line in (
            "#pragma once",
            "namespace bareheap::homer {",
            "inline constexpr unsigned picture_width = 96;",
            "inline constexpr unsigned picture_height = 64;",
            "inline constexpr char picture_data[] =",
        ):
            self.assertIn("\n" + line + "\n", header)
        self.assertNotIn(self.folder.name, header)

    def test_nothing_in_it_ends_a_string_or_begins_a_trigraph(self):
        # The pixels that encode to four quotes, four backslashes and four question marks.
        special = [tuple(((ord(c) - 33) * 0x041041).to_bytes(3, "big")) for c in '"\\?']
        pixels = [[special[(x + y) % 3] for x in range(WIDTH)] for y in range(HEIGHT)]
        header = self.assert_picture(png_of(pixels, RGB), pixels)
        lines = re.findall(r'^  "(.*)"', header, re.MULTILINE)
        self.assertEqual({len(line) for line in lines}, {64 * 4 * 2})
        for line in lines:
            self.assertRegex(line, r'\A(?:\\["\\?]|[^"\\?])*\Z')

    def test_replaces_an_older_one(self):
        with open(self.output, "w", encoding="ascii") as file:
            file.write("x" * 100_000)
        self.assertTrue(self.header_of(png_of([[(1, 2, 3)]], RGB)).endswith("}  // namespace bareheap::homer\n"))


class Refusals(PictureTest):
    def test_wrong_number_of_arguments(self):
        self.write_input(png_of([[(1, 2, 3)]], RGB))
        for arguments in ([], [self.input], [self.input, self.output, "more"], ["--what", self.input, self.output]):
            with self.subTest(count=len(arguments)):
                self.assert_refused(arguments, "exactly two names")

    def test_no_such_file(self):
        self.assert_refused([self.input, self.output], f"'{self.input}' cannot be opened: No such file")

    def test_a_name_with_a_line_end_still_gives_one_sentence(self):
        self.assert_refused(["no\nsuch\nfile", self.output], "cannot be opened")

    def test_a_folder(self):
        self.assert_refused([self.folder.name, self.output], "is a directory")

    def test_not_a_png(self):
        for content in (b"", b"\x89PNG", b"GIF89a, or so it says", b"P6 1 1 255 abc"):
            with self.subTest(content=content):
                self.assert_input_refused(content, "is not a PNG")

    def test_truncated_anywhere(self):
        whole = png_of(colourful(9, 5), RGB)
        for size in range(len(SIGNATURE), len(whole)):
            with self.subTest(size=size):
                self.assert_input_refused(whole[:size], "is a truncated PNG")

    def test_chunks_that_are_whole_but_too_short_or_missing(self):
        whole = png_of(colourful(9, 5), RGB)
        header = whole[len(SIGNATURE) : len(SIGNATURE) + 25]
        end = chunk(b"IEND", b"")
        half = chunk(b"IDAT", zlib.compress(bytes(100)))
        for content in (end, header + end, header + half + end, chunk(b"IHDR", b"") + end):
            with self.subTest(size=len(content)):
                self.assert_input_refused(SIGNATURE + content, "is a damaged PNG")

    def test_flipped_bits_in_what_counts(self):
        whole = bytearray(png_of(colourful(9, 5), RGB))
        for offset in (19, 24, 30, 50):
            with self.subTest(offset=offset):
                damaged = bytearray(whole)
                damaged[offset] ^= 1
                self.assert_input_refused(damaged, "is a damaged PNG")

    def test_without_pixels(self):
        self.assert_input_refused(png(0, 5, RGB, []), "is a damaged PNG")

    def test_too_large(self):
        self.assert_input_refused(png(8193, 1, GREY, [[0] * 8193]), "is too large: 8193 x 1 pixels")
        self.assert_input_refused(png(1, 8193, GREY, [[0]] * 8193), "is too large: 1 x 8193 pixels")
        self.assert_input_refused(png(0xFFFFFFFF, 0xFFFFFFFF, RGBA, []), "is too large")

    def test_an_output_that_cannot_be_written(self):
        self.write_input(png_of([[(1, 2, 3)]], RGB))
        beyond = os.path.join(self.folder.name, "no", "such", "folder.hpp")
        self.assert_refused([self.input, beyond], f"'{beyond}' cannot be written: No such file or directory")
        self.assert_refused([self.input, self.folder.name], "cannot be written: Is a directory")

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_a_full_disk(self):
        self.write_input(png_of([[(1, 2, 3)]], RGB))
        self.assert_refused([self.input, "/dev/full"], "cannot be written: No space left on device")
        self.assertTrue(os.path.exists("/dev/full"))

    def test_a_disk_that_fills_up_leaves_no_half_header(self):
        self.write_input(png_of([[(1, 2, 3)]], RGB))
        # A limit on the size of files stands in for the disk; the signal that goes with it is ignored.
        limited = "trap '' XFSZ; ulimit -f 4; exec \"$@\""
        result = subprocess.run(["sh", "-c", limited, "sh", TOOL, self.input, self.output], capture_output=True,
                                text=True, timeout=60, check=False)
        self.assertGreater(result.returncode, 0)
        self.assertRegex(result.stderr, r"\Abareheap-picture: [^\n]+ cannot be written: [^\n]+\.\n\Z")
        self.assertFalse(os.path.exists(self.output))

    def test_a_picture_is_not_overwritten_by_its_own_header(self):
        content = png_of([[(1, 2, 3)]], RGB)
        self.write_input(content)
        self.assert_refused([self.input, self.input], "would be overwritten")
        with open(self.input, "rb") as file:
            self.assertEqual(file.read(), content)

    def test_swapped_names_harm_nothing(self):
        content = png_of([[(1, 2, 3)]], RGB)
        self.write_input(content)
        self.assert_refused([self.output, self.input], "cannot be opened")
        with open(self.input, "rb") as file:
            self.assertEqual(file.read(), content)


class Help(PictureTest):
    def test_has_an_example(self):
        result = self.run_tool("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("Example:\n  bareheap-picture ", result.stdout)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("picture_test.py: the path of bareheap-picture is needed as the first argument.")
    TOOL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
