// SPDX-License-Identifier: MIT
#include "kernels/homer/canvas.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/homer/font.hpp"

namespace bareheap::homer {
namespace {

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
constexpr Colour orange{0xFF8040};
/// How orange, whose bytes are FF 80 40, lies in a pixel whose first byte is red.
constexpr std::uint32_t orange_pixel = 0x4080FF;

/// A screen with untouchable memory before it, behind it and, as the pitch is wider than a row, at the end of each row.
class Screen {
 public:
  static constexpr std::int32_t width = 20;
  static constexpr std::int32_t height = 12;
  static constexpr std::int32_t stride = 23;
  static constexpr std::int32_t margin = 64;
  static constexpr std::uint32_t guard = 0xA5A5A5A5;

  explicit Screen(PixelOrder order = PixelOrder::rgb)
      : memory_(margin + stride * height + margin, guard),
        canvas_(memory_.data() + margin, width, height, stride * 4, order) {}

  Canvas* operator->() { return &canvas_; }

  std::uint32_t at(std::int32_t x, std::int32_t y) const { return memory_.at(index_of(x, y)); }
  const void* bytes_at(std::int32_t x, std::int32_t y) const { return &memory_.at(index_of(x, y)); }

  /// Exactly the pixels inside these bounds are orange, and all other memory is as it was.
  void expect_only(std::int32_t left, std::int32_t top, std::int32_t right, std::int32_t bottom) const {
    std::vector<std::uint32_t> expected(memory_.size(), guard);
    for (std::int32_t y = top; y < bottom; ++y) {
      for (std::int32_t x = left; x < right; ++x) expected.at(index_of(x, y)) = orange_pixel;
    }
    EXPECT_EQ(memory_, expected);
  }

  void expect_untouched() const { expect_only(0, 0, 0, 0); }

  std::set<std::pair<std::int32_t, std::int32_t>> touched() const {
    std::set<std::pair<std::int32_t, std::int32_t>> points;
    for (std::int32_t y = 0; y < height; ++y) {
      for (std::int32_t x = 0; x < width; ++x) {
        if (at(x, y) != guard) points.emplace(x, y);
      }
    }
    return points;
  }

  void expect_guards() const {
    for (std::size_t index = 0; index < memory_.size(); ++index) {
      std::size_t behind = index - margin;
      bool visible = index >= margin && behind < stride * height && behind % stride < width;
      if (visible) continue;
      ASSERT_EQ(memory_[index], guard) << "at " << index;
    }
  }

 private:
  static std::size_t index_of(std::int32_t x, std::int32_t y) {
    return static_cast<std::size_t>(margin + y * stride + x);
  }

  std::vector<std::uint32_t> memory_;
  Canvas canvas_;
};

using Points = std::set<std::pair<std::int32_t, std::int32_t>>;

TEST(Canvas, FillsExactlyTheRectangle) {
  Screen screen;
  screen->fill({3, 2, 5, 4}, orange);
  screen.expect_only(3, 2, 8, 6);
}

TEST(Canvas, FillsTheWholeScreenAndNothingMore) {
  Screen screen;
  screen->fill({0, 0, Screen::width, Screen::height}, orange);
  screen.expect_only(0, 0, Screen::width, Screen::height);
}

struct Clipping {
  const char* name;
  Rectangle asked;
  std::int32_t left, top, right, bottom;
};

TEST(Canvas, ClipsAFillAtEachEdge) {
  constexpr Clipping clippings[] = {
      {"left", {-3, 4, 5, 2}, 0, 4, 2, 6},
      {"top", {4, -3, 2, 5}, 4, 0, 6, 2},
      {"right", {18, 4, 5, 2}, 18, 4, 20, 6},
      {"bottom", {4, 10, 2, 5}, 4, 10, 6, 12},
      {"all", {-5, -5, 50, 50}, 0, 0, 20, 12},
      {"the widest from zero", {0, 0, highest, highest}, 0, 0, 20, 12},
      {"the widest from inside", {19, 11, highest, highest}, 19, 11, 20, 12},
      {"from the far left, all of it", {lowest, lowest, highest, highest}, 0, 0, 0, 0},
  };
  for (const Clipping& clipping : clippings) {
    SCOPED_TRACE(clipping.name);
    Screen screen;
    screen->fill(clipping.asked, orange);
    screen.expect_only(clipping.left, clipping.top, clipping.right, clipping.bottom);
  }
}

TEST(Canvas, WritesNothingForWhatIsEmptyOrOutside) {
  constexpr Rectangle rectangles[] = {
      {3, 3, 0, 4},           {3, 3, 4, 0},
      {3, 3, -1, 4},          {3, 3, 4, -1},
      {3, 3, lowest, lowest}, {-4, 3, 4, 4},
      {3, -4, 4, 4},          {20, 3, 4, 4},
      {3, 12, 4, 4},          {highest, 0, highest, 9},
      {0, highest, 9, 9},     {lowest, 0, lowest, 9},
      {0, lowest, 9, lowest}, {highest, highest, lowest, lowest},
  };
  for (const Rectangle& rectangle : rectangles) {
    SCOPED_TRACE(testing::Message() << rectangle.x << ' ' << rectangle.y << ' ' << rectangle.width);
    Screen screen;
    screen->fill(rectangle, orange);
    screen->frame(rectangle, orange);
    screen.expect_untouched();
  }
}

TEST(Canvas, PutsOnePixel) {
  Screen screen;
  screen->put(19, 11, orange);
  screen.expect_only(19, 11, 20, 12);
}

TEST(Canvas, PutsNothingOutside) {
  Screen screen;
  for (auto [x, y] : Points{{-1, 0}, {0, -1}, {20, 0}, {0, 12}, {lowest, lowest}, {highest, highest}, {22, 3}}) {
    screen->put(x, y, orange);
  }
  screen.expect_untouched();
}

TEST(Canvas, PutsRedFirstInRgbOrder) {
  Screen screen(PixelOrder::rgb);
  screen->put(1, 1, {0xEE112233});
  const unsigned char expected[4] = {0x11, 0x22, 0x33, 0};
  EXPECT_EQ(std::memcmp(screen.bytes_at(1, 1), expected, 4), 0);
}

TEST(Canvas, PutsBlueFirstInBgrOrder) {
  Screen screen(PixelOrder::bgr);
  screen->put(1, 1, {0xEE112233});
  const unsigned char expected[4] = {0x33, 0x22, 0x11, 0};
  EXPECT_EQ(std::memcmp(screen.bytes_at(1, 1), expected, 4), 0);
}

TEST(Canvas, UsesOnlyWhatFitsIntoThePitch) {
  std::vector<std::uint32_t> memory(12, Screen::guard);
  Canvas canvas(memory.data(), 100, 2, 16, PixelOrder::rgb);
  EXPECT_EQ(canvas.width(), 4);
  EXPECT_EQ(canvas.height(), 2);
  canvas.fill({0, 0, 100, 100}, orange);
  for (std::size_t index = 0; index < memory.size(); ++index) {
    EXPECT_EQ(memory[index], index < 8 ? orange_pixel : Screen::guard) << index;
  }
}

TEST(Canvas, FramesWithOnePixel) {
  Screen screen;
  screen->frame({2, 3, 4, 3}, orange);
  EXPECT_EQ(screen.touched(), (Points{{2, 3}, {3, 3}, {4, 3}, {5, 3}, {2, 4}, {5, 4}, {2, 5}, {3, 5}, {4, 5}, {5, 5}}));
  screen.expect_guards();
}

TEST(Canvas, FramesThatAreOnePixelWideAreLines) {
  Screen row;
  row->frame({2, 3, 4, 1}, orange);
  row.expect_only(2, 3, 6, 4);
  Screen column;
  column->frame({2, 3, 1, 4}, orange);
  column.expect_only(2, 3, 3, 7);
}

TEST(Canvas, AFrameAroundTheScreenIsNotSeen) {
  Screen screen;
  screen->frame({-1, -1, Screen::width + 2, Screen::height + 2}, orange);
  screen->frame({lowest, lowest, highest, highest}, orange);
  screen.expect_untouched();
}

TEST(Canvas, AFrameThatIsCutKeepsTheSidesInside) {
  Screen screen;
  screen->frame({-5, -5, 8, highest}, orange);
  screen.expect_only(2, 0, 3, Screen::height);
}

TEST(CanvasText, DrawsTheGlyphWhereItWasAskedTo) {
  Screen screen;
  EXPECT_EQ(screen->text(7, 2, "R", orange, 1), 13);
  Points expected;
  for (unsigned row = 0; row < glyph_height; ++row) {
    for (unsigned column = 0; column < glyph_width; ++column) {
      if (glyph_of('R').is_set(column, row)) expected.emplace(7 + column, 2 + row);
    }
  }
  EXPECT_EQ(screen.touched(), expected);
  screen.expect_guards();
}

TEST(CanvasText, LooksLikeTheDrawingInTheSheet) {
  Screen screen;
  screen->text(0, 0, "L", orange, 1);
  EXPECT_EQ(screen.touched(),
            (Points{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {1, 6}, {2, 6}, {3, 6}, {4, 6}}));
}

TEST(CanvasText, GoesOnOneCellFurther) {
  Screen at_once;
  EXPECT_EQ(at_once->text(1, 1, "a.Z", orange, 1), 19);
  Screen in_pieces;
  std::int32_t x = in_pieces->text(1, 1, "a", orange, 1);
  EXPECT_EQ(x, 7);
  x = in_pieces->text(x, 1, "", orange, 1);
  EXPECT_EQ(x, 7);
  EXPECT_EQ(in_pieces->text(x, 1, ".Z", orange, 1), 19);
  EXPECT_EQ(at_once.touched(), in_pieces.touched());
}

TEST(CanvasText, ScalesEachPixelToASquare) {
  Screen screen;
  EXPECT_EQ(screen->text(1, 1, ".", orange, 2), 13);
  screen.expect_only(1 + 2, 1 + 10, 1 + 6, Screen::height);
  Screen nothing;
  EXPECT_EQ(nothing->text(4, 1, "abc", orange, 0), 4);
  nothing.expect_untouched();
}

TEST(CanvasText, IsClippedAtEveryEdge) {
  constexpr std::pair<std::int32_t, std::int32_t> corners[] = {{-3, 2}, {2, -4}, {17, 2}, {2, 9}, {-40, -40}, {-3, -4}};
  for (auto [x, y] : corners) {
    for (unsigned scale : {1u, 2u, 3u, 7u}) {
      Screen screen;
      EXPECT_EQ(screen->text(x, y, "#@W", orange, scale), x + static_cast<std::int32_t>(18 * scale));
      screen.expect_guards();
    }
  }
}

TEST(CanvasText, StaysInRangeHoweverFarItGoes) {
  constexpr unsigned widest = std::numeric_limits<unsigned>::max();
  Screen screen;
  EXPECT_EQ(screen->text(highest - 3, 0, "WW", orange, 1), highest);
  EXPECT_EQ(screen->text(highest, highest, "W", orange, widest), highest);
  EXPECT_EQ(screen->text(lowest, lowest, "  ", orange, widest), highest);
  EXPECT_EQ(screen->text(lowest, 0, "WW", orange, 1), lowest + 12);
  screen.expect_untouched();
  screen->text(0, 0, "L", orange, widest);
  screen.expect_only(0, 0, Screen::width, Screen::height);
}

TEST(CanvasText, ShowsTheHollowBoxForWhatHasNoGlyph) {
  Screen box;
  box->text(0, 0, "\x7F", orange, 1);
  EXPECT_EQ(box.touched().size(), 20u);
  for (const char* text : {"\x01", "\n", "\xFF", "\x80"}) {
    Screen screen;
    screen->text(0, 0, text, orange, 1);
    EXPECT_EQ(screen.touched(), box.touched());
  }
}

TEST(Font, EveryGlyphIsDistinctAndOnlyTheSpaceIsEmpty) {
  std::set<std::string> seen;
  for (int code = first_glyph; code <= 127; ++code) {
    const Glyph& glyph = glyph_of(static_cast<char>(code));
    std::string rows(glyph.rows, glyph.rows + glyph_height);
    EXPECT_TRUE(seen.insert(rows).second) << "the glyph of code " << code << " is one of an earlier character";
    EXPECT_EQ(rows == std::string(glyph_height, '\0'), code == ' ') << "code " << code;
    for (std::uint8_t row : glyph.rows) EXPECT_LT(row, 1u << glyph_width) << "code " << code;
  }
  EXPECT_EQ(seen.size(), 96u);
}

}  // namespace
}  // namespace bareheap::homer
