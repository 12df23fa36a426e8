// SPDX-License-Identifier: MIT
// Drawing on a screen that is an array of 32-bit pixels. Whatever is asked, nothing is written outside the screen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::homer {

/// 0xRRGGBB; the top byte counts for nothing.
struct Colour {
  std::uint32_t rgb;
};

/// May lie anywhere, also outside the screen. Without a positive width and height it is empty.
struct Rectangle {
  std::int32_t x;
  std::int32_t y;
  std::int32_t width;
  std::int32_t height;
};

/// Which colour lies in the first byte of a pixel. The fourth byte is always 0.
enum class PixelOrder : std::uint8_t { rgb, bgr };

/// Draws on memory that it does not own. Points count from the top left corner, to the right and down.
class Canvas {
 public:
  /// `pitch` is the way in bytes from a row to the next, a multiple of 4; of a row only what fits into it is used.
  Canvas(volatile std::uint32_t* pixels, std::uint32_t width, std::uint32_t height, std::uint32_t pitch,
         PixelOrder order) noexcept;

  std::int32_t width() const noexcept { return width_; }
  std::int32_t height() const noexcept { return height_; }

  void put(std::int32_t x, std::int32_t y, Colour colour) noexcept;
  void fill(Rectangle rectangle, Colour colour) noexcept;

  /// The outermost pixels of `rectangle`, one pixel thick.
  void frame(Rectangle rectangle, Colour colour) noexcept;

  /// Draws the letters of `characters`, which a zero ends, each pixel of a letter as a square of side `scale`, and
  /// leaves the ground between as it is. (x, y) is the top left corner of the first letter. Returns the x at which a
  /// further text goes on, the greatest x there is where that would lie beyond it.
  std::int32_t text(std::int32_t x, std::int32_t y, const char* characters, Colour colour, unsigned scale) noexcept;

 private:
  /// From left to before right and from top to before bottom. In 64 bits, because x + width may exceed 32.
  struct Span {
    std::int64_t left;
    std::int64_t top;
    std::int64_t right;
    std::int64_t bottom;
  };

  void fill_span(Span span, Colour colour) noexcept;
  void draw_letter(std::int64_t left, std::int64_t top, char character, Colour colour, unsigned scale) noexcept;
  std::uint32_t pixel_of(Colour colour) const noexcept;

  /// Volatile because the reader of these pixels is a device, and so that every store is one aligned word: memory that
  /// is mapped as a device takes no other.
  volatile std::uint32_t* pixels_;
  std::int32_t width_;
  std::int32_t height_;
  std::size_t stride_;  // in pixels
  PixelOrder order_;
};

}  // namespace bareheap::homer
