// SPDX-License-Identifier: MIT
// The letters of the screen: our own drawing of the printable characters of ASCII, 5 pixels wide and 7 high, with an
// eighth row for what hangs below the line. The drawing is the source: what you see in the sheet is what is shown.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::homer {

inline constexpr unsigned glyph_width = 5;
inline constexpr unsigned glyph_height = 8;
/// From one letter to the next: a glyph and one empty column.
inline constexpr unsigned cell_width = 6;

inline constexpr char first_glyph = ' ';
inline constexpr char last_glyph = '~';

/// Sixteen glyphs beside each other, six such bands below each other, in the order of ASCII. In the place of the last,
/// which no printable character has, stands the box that is shown for everything that has no glyph.
inline constexpr unsigned sheet_columns = 16;
inline constexpr unsigned sheet_bands = 6;
inline constexpr unsigned glyph_count = sheet_columns * sheet_bands;

// clang-format off
inline constexpr char glyph_sheet[sheet_bands * glyph_height][sheet_columns * cell_width] = {
    // the space, and ! " # $ % & ' ( ) * + , - . /
    "..... ..#.. .#.#. .#.#. ..#.. ##..# .##.. ..#.. ...#. .#... ..... ..... ..... ..... ..... ....#",
    "..... ..#.. .#.#. .#.#. .#### ##..# #..#. ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..... ..... ....#",
    "..... ..#.. ..... ##### #.#.. ...#. #.#.. ..... .#... ...#. #.#.# ..#.. ..... ..... ..... ...#.",
    "..... ..#.. ..... .#.#. .###. ..#.. .#... ..... .#... ...#. .###. ##### ..... ####. ..... ..#..",
    "..... ..#.. ..... ##### ..#.# .#... #.#.# ..... .#... ...#. #.#.# ..#.. ..... ..... ..... .#...",
    "..... ..... ..... .#.#. ####. #..## #..#. ..... ..#.. ..#.. ..#.. ..#.. .##.. ..... .##.. #....",
    "..... ..#.. ..... .#.#. ..#.. #..## .##.# ..... ...#. .#... ..... ..... ..#.. ..... .##.. #....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... .....",
    // 0 1 2 3 4 5 6 7 8 9 : ; < = > ?
    ".###. ..#.. .###. .###. ...#. ##### ..##. ##### .###. .###. ..... ..... ...#. ..... .#... .###.",
    "#...# .##.. #...# #...# ..##. #.... .#... ....# #...# #...# ..... ..... ..#.. ..... ..#.. #...#",
    "#...# #.#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# .##.. .##.. .#... ####. ...#. ....#",
    "#.#.# ..#.. ..##. ..##. #..#. ....# ####. ...#. .###. .#### .##.. .##.. #.... ..... ....# ..##.",
    "#...# ..#.. .#... ....# ##### ....# #...# ..#.. #...# ....# ..... ..... .#... ####. ...#. ..#..",
    "#...# ..#.. #.... #...# ...#. #...# #...# ..#.. #...# ...#. .##.. .##.. ..#.. ..... ..#.. .....",
    ".###. ##### ##### .###. ...#. .###. .###. ..#.. .###. .##.. .##.. ..#.. ...#. ..... .#... ..#..",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... .....",
    // @ A B C D E F G H I J K L M N O
    ".###. ..#.. ####. .###. ###.. ##### ##### .###. #...# .###. ..### #...# #.... #...# #...# .###.",
    "#...# .#.#. #...# #...# #..#. #.... #.... #...# #...# ..#.. ...#. #..#. #.... ##.## ##..# #...#",
    "#.### #...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# ##..# #...#",
    "#.#.# #...# ####. #.... #...# ####. ####. #.### ##### ..#.. ...#. ##... #.... #.#.# #.#.# #...#",
    "#.### ##### #...# #.... #...# #.... #.... #...# #...# ..#.. ...#. #.#.. #.... #...# #..## #...#",
    "#.... #...# #...# #...# #..#. #.... #.... #...# #...# ..#.. #..#. #..#. #.... #...# #..## #...#",
    ".#### #...# ####. .###. ###.. ##### #.... .#### #...# .###. .##.. #...# ##### #...# #...# .###.",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    // P Q R S T U V W X Y Z [ \ ] ^ _
    "####. .###. ####. .#### ##### #...# #...# #...# #...# #...# ##### .###. #.... .###. ..#.. .....",
    "#...# #...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....# .#... #.... ...#. .#.#. .....",
    "#...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. .#... .#... ...#. #...# .....",
    "####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. .#... ..#.. ...#. ..... .....",
    "#.... #.#.# #.#.. ....# ..#.. #...# .#.#. #.#.# .#.#. ..#.. .#... .#... ...#. ...#. ..... .....",
    "#.... #..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... .#... ....# ...#. ..... .....",
    "#.... .##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### .###. ....# .###. ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #####",
    // ` a b c d e f g h i j k l m n o
    ".#... ..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .#... ..... ..... .....",
    "..#.. ..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... .#... ..... ..... .....",
    "..... .###. ####. .###. .#### .###. .#... .#### ####. .##.. ..##. #..#. .#... ##.#. ####. .###.",
    "..... ....# #...# #...# #...# #...# ####. #...# #...# ..#.. ...#. #.#.. .#... #.#.# #...# #...#",
    "..... .#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... .#... #.#.# #...# #...#",
    "..... #...# #...# #...# #...# #.... .#... .#### #...# ..#.. ...#. #.#.. .#..# #.#.# #...# #...#",
    "..... .#### ####. .###. .#### .#### .#... ....# #...# .###. #..#. #..#. ..##. #.#.# #...# .###.",
    "..... ..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... ..... ..... .....",
    // p q r s t u v w x y z { | } ~, and the hollow box
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..##. ..#.. .##.. ..... #####",
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... .#... ..#.. ...#. ..... #...#",
    "####. .#### #.##. .#### ####. #...# #...# #...# #...# #...# ##### .#... ..#.. ...#. .#... #...#",
    "#...# #...# ##..# #.... .#... #...# #...# #.#.# .#.#. #...# ...#. #.... ..#.. ....# #.#.# #...#",
    "#...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#.. .#... ..#.. ...#. ...#. #...#",
    "####. .#### #.... ....# .#..# #...# .#.#. #.#.# .#.#. .#### .#... .#... ..#.. ...#. ..... #...#",
    "#.... ....# #.... ####. ..##. .#### ..#.. .#.#. #...# ....# ##### ..##. ..#.. .##.. ..... #####",
    "#.... ....# ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... ..#.. ..... ..... .....",
};
// clang-format on

/// One glyph: its rows from the top; in a row, bit 4 is the leftmost pixel.
struct Glyph {
  std::uint8_t rows[glyph_height];

  constexpr bool is_set(unsigned column, unsigned row) const noexcept {
    return (rows[row] >> (glyph_width - 1 - column) & 1) != 0;
  }
};

struct Font {
  Glyph glyphs[glyph_count];
};

/// Has no body: reaching it while the sheet is read stops the compilation, with its name in the message.
void glyph_sheet_has_a_stray_character() noexcept;

consteval Glyph read_glyph(unsigned index) {
  Glyph glyph{};
  for (unsigned row = 0; row < glyph_height; ++row) {
    const char* line = glyph_sheet[index / sheet_columns * glyph_height + row];
    const char* pixels = line + index % sheet_columns * cell_width;
    for (unsigned column = 0; column < glyph_width; ++column) {
      if (pixels[column] != '#' && pixels[column] != '.') glyph_sheet_has_a_stray_character();
      glyph.rows[row] = static_cast<std::uint8_t>(glyph.rows[row] << 1 | (pixels[column] == '#' ? 1 : 0));
    }
    bool last_in_band = index % sheet_columns == sheet_columns - 1;
    if (pixels[glyph_width] != (last_in_band ? '\0' : ' ')) glyph_sheet_has_a_stray_character();
  }
  return glyph;
}

consteval Font read_font() {
  Font font{};
  for (unsigned index = 0; index < glyph_count; ++index) font.glyphs[index] = read_glyph(index);
  return font;
}

/// 768 bytes; the sheet itself is no part of a program.
inline constexpr Font font = read_font();

/// The glyph of `character`, or the hollow box where it has none.
constexpr const Glyph& glyph_of(char character) noexcept {
  bool drawn = character >= first_glyph && character <= last_glyph;
  return font.glyphs[drawn ? static_cast<std::size_t>(character - first_glyph) : glyph_count - 1];
}

}  // namespace bareheap::homer
