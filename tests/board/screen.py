# SPDX-License-Identifier: MIT
"""Reads what Homer has drawn: the picture, the map of the heap and the texts, from the pixels of a saved screen.

The numbers are stated here once more, because reading them from the sources would find every place right. They must
agree with kernels/homer/heap_map.hpp (the map's dots and colours) and screen.cpp (where things stand). The letters are
read from font.hpp.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

HOMER = Path(__file__).resolve().parent.parent.parent / "kernels/homer"

BACKGROUND = 0x0B1020
KINDS = {0x1D3354: "free", 0xFFA62B: "used", 0xE8476A: "meta", 0x3FB8AF: "cached", BACKGROUND: "background"}
INKS = {0xF4F1DE, 0x8FA3C7, 0xFFA62B}

DOT = 2
DOTS_A_SIDE = 16
DOTS_A_CELL = DOTS_A_SIDE * DOTS_A_SIDE
CELL = DOT * DOTS_A_SIDE
CELL_STEP = CELL + 2
COLUMNS, ROWS = 28, 4
DOTS = DOTS_A_CELL * COLUMNS * ROWS
MAP_WIDTH, MAP_HEIGHT = COLUMNS * CELL_STEP - 2, ROWS * CELL_STEP - 2
MAP_X, MAP_Y = 37, 556

KIND_OF_DOT = {colour.to_bytes(3, "big") * DOT: kind for colour, kind in KINDS.items()}  # one of its two rows

FIGURES_X, FIGURES_Y, FIGURES_STEP, FIGURES_VALUE = 54, 204, 25, 180
SCALE_X, SCALE_Y = 736, 708
MESSAGE_X, MESSAGE_Y = 37, 524

GLYPH_WIDTH, GLYPH_HEIGHT, LETTER_STEP = 5, 8, 6
LETTER_SCALE = 2  # of all texts but the title


class Screen:
    """The pixels of the whole screen, three bytes each."""

    def __init__(self, width: int, height: int, pixels: bytes) -> None:
        self.width = width
        self.height = height
        self.pixels = pixels

    def block(self, x: int, y: int, width: int, height: int) -> bytes:
        """The rows of a rectangle, one after another."""
        starts = [((y + row) * self.width + x) * 3 for row in range(height)]
        return b"".join([self.pixels[start : start + width * 3] for start in starts])

    def colours(self, x: int, y: int, width: int, height: int) -> set[int]:
        """All colours in a rectangle."""
        pixels = self.block(x, y, width, height)
        return {int.from_bytes(pixels[at : at + 3], "big") for at in range(0, len(pixels), 3)}

    def map(self) -> list[str]:
        """What each dot of the map shows; the ground between the cells must be the background."""
        for gap in range(1, COLUMNS):
            self._must_be_background(MAP_X + gap * CELL_STEP - 2, MAP_Y, 2, MAP_HEIGHT)
        for gap in range(1, ROWS):
            self._must_be_background(MAP_X, MAP_Y + gap * CELL_STEP - 2, MAP_WIDTH, 2)
        shown = [""] * DOTS
        for row in range(ROWS * DOTS_A_SIDE):
            dots = self._row_of_dots(row)
            first = row // DOTS_A_SIDE * COLUMNS * DOTS_A_CELL + row % DOTS_A_SIDE * DOTS_A_SIDE
            for column in range(COLUMNS):
                start = first + column * DOTS_A_CELL
                shown[start : start + DOTS_A_SIDE] = dots[column * DOTS_A_SIDE : (column + 1) * DOTS_A_SIDE]
        return shown

    def _must_be_background(self, x: int, y: int, width: int, height: int) -> None:
        if self.colours(x, y, width, height) != {BACKGROUND}:
            raise AssertionError(f"something is drawn between the cells of the map, near ({x}, {y})")

    def _row_of_dots(self, row: int) -> list[str]:
        """All dots of the map that stand beside each other, through all cells of the row."""
        y = MAP_Y + row // DOTS_A_SIDE * CELL_STEP + row % DOTS_A_SIDE * DOT
        upper, lower = self.block(MAP_X, y, MAP_WIDTH, 1), self.block(MAP_X, y + 1, MAP_WIDTH, 1)
        starts = [(column * CELL_STEP + dot * DOT) * 3 for column in range(COLUMNS) for dot in range(DOTS_A_SIDE)]
        kinds = [KIND_OF_DOT.get(upper[start : start + DOT * 3]) for start in starts]
        known = [kind for kind in kinds if kind is not None]
        if upper != lower or len(known) != len(kinds):
            raise AssertionError(f"in the map's row of dots at y = {y} not all are of one colour that means something")
        return known

    def figures(self) -> dict[str, str]:
        """The seven figures of the heap that change."""
        rows = [FIGURES_Y + line * FIGURES_STEP for line in range(1, 8)]
        return {self.text(FIGURES_X, y): self.text(FIGURES_X + FIGURES_VALUE, y) for y in rows}

    def address(self, line: int) -> str:
        """The address of the story's block that stands on this line of the figures."""
        return self.text(FIGURES_X + FIGURES_VALUE, FIGURES_Y + line * FIGURES_STEP)

    def scale(self) -> str:
        return self.text(SCALE_X, SCALE_Y)

    def message(self) -> str:
        return self.text(MESSAGE_X, MESSAGE_Y)

    def text(self, x: int, y: int) -> str:
        """The text that starts here, up to two spaces or the end of the screen."""
        characters = ""
        while not characters.endswith("  ") and x + GLYPH_WIDTH * LETTER_SCALE <= self.width:
            characters += GLYPHS.get(self._glyph(x, y), "\N{REPLACEMENT CHARACTER}")
            x += LETTER_STEP * LETTER_SCALE
        return characters.rstrip()

    def _glyph(self, x: int, y: int) -> str:
        drawing = ""
        for row in range(y, y + GLYPH_HEIGHT * LETTER_SCALE, LETTER_SCALE):
            for column in range(x, x + GLYPH_WIDTH * LETTER_SCALE, LETTER_SCALE):
                drawing += "#" if self.colours(column, row, 1, 1) <= INKS else "."
        return drawing


def _read_font() -> dict[str, str]:
    """From a drawing of all rows to its character. The header's sheet is bands of 16 glyphs beside each other."""
    sheet = re.findall(r'^ +"([.# ]{95})",$', (HOMER / "font.hpp").read_text(encoding="utf-8"), re.MULTILINE)
    if len(sheet) != 6 * GLYPH_HEIGHT:
        raise AssertionError(f"the sheet in font.hpp has {len(sheet)} rows")
    glyphs = {}
    for index in range(95):
        band, column = divmod(index, 16)
        rows = sheet[band * GLYPH_HEIGHT : (band + 1) * GLYPH_HEIGHT]
        glyphs["".join(row.split(" ")[column] for row in rows)] = chr(ord(" ") + index)
    return glyphs


GLYPHS = _read_font()


def decode_png(path: Path) -> tuple[int, int, bytes]:
    """Width, height and pixels of a PNG file of 8 bits a colour, without alpha and interlacing."""
    content = path.read_bytes()
    header = b""
    data = b""
    at = 8
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + size]
        header = body if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        at += size + 12
    width, height, *format_of_pixels = struct.unpack(">IIBBBBB", header)
    if format_of_pixels != [8, 2, 0, 0, 0]:
        raise AssertionError(f"'{path}' is a PNG file of another kind: {format_of_pixels}")
    return width, height, _unfiltered(zlib.decompress(data), width * 3)


def _unfiltered(data: bytes, row_size: int) -> bytes:
    """Undoes what each row's first byte says that was done to it (PNG specification, section 9)."""
    above = bytearray(row_size)
    pixels = b""
    for start in range(0, len(data), row_size + 1):
        row = bytearray(data[start + 1 : start + 1 + row_size])
        for index in range(row_size):
            left, corner = (row[index - 3], above[index - 3]) if index >= 3 else (0, 0)
            row[index] = (row[index] + _prediction(data[start], left, above[index], corner)) % 256
        pixels += row
        above = row
    return pixels


def _prediction(filter_type: int, left: int, up: int, corner: int) -> int:
    if filter_type == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda neighbour: abs(guess - neighbour))  # of equals the first
    return (0, left, up, (left + up) // 2)[filter_type]


def decode_header(path: Path) -> tuple[int, int, bytes]:
    """Width, height and pixels of the picture in a generated picture.hpp: four characters are three bytes."""
    source = path.read_text(encoding="utf-8")
    sizes = [int(size) for size in re.findall(r"picture_(?:width|height) = (\d+);", source)]
    literals = re.findall(r'^ +"((?:[^"\\]|\\.)*)"', source, re.MULTILINE)
    characters = re.sub(r"\\(.)", r"\1", "".join(literals))
    pixels = bytearray()
    for at in range(0, len(characters), 4):
        value = 0
        for character in characters[at : at + 4]:
            value = value << 6 | (ord(character) - 33)
        pixels += value.to_bytes(3, "big")
    return sizes[0], sizes[1], bytes(pixels)
