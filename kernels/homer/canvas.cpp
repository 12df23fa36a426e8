// SPDX-License-Identifier: MIT
#include "kernels/homer/canvas.hpp"

#include "kernels/homer/font.hpp"

namespace bareheap::homer {

namespace {

constexpr std::int32_t greatest_x = 0x7FFFFFFF;

constexpr std::int64_t smaller(std::int64_t left, std::int64_t right) noexcept { return left < right ? left : right; }
constexpr std::int64_t greater(std::int64_t left, std::int64_t right) noexcept { return left > right ? left : right; }

}  // namespace

Canvas::Canvas(volatile std::uint32_t* pixels, std::uint32_t width, std::uint32_t height, std::uint32_t pitch,
               PixelOrder order) noexcept
    : pixels_(pixels),
      width_(static_cast<std::int32_t>(smaller(width, pitch / sizeof(std::uint32_t)))),
      height_(static_cast<std::int32_t>(smaller(height, greatest_x))),
      stride_(pitch / sizeof(std::uint32_t)),
      order_(order) {}

void Canvas::put(std::int32_t x, std::int32_t y, Colour colour) noexcept { fill({x, y, 1, 1}, colour); }

void Canvas::fill(Rectangle rectangle, Colour colour) noexcept {
  std::int64_t left = rectangle.x;
  std::int64_t top = rectangle.y;
  fill_span({left, top, left + rectangle.width, top + rectangle.height}, colour);
}

void Canvas::frame(Rectangle rectangle, Colour colour) noexcept {
  if (rectangle.width <= 0 || rectangle.height <= 0) return;
  std::int64_t left = rectangle.x;
  std::int64_t top = rectangle.y;
  std::int64_t right = left + rectangle.width;
  std::int64_t bottom = top + rectangle.height;
  fill_span({left, top, right, top + 1}, colour);
  fill_span({left, bottom - 1, right, bottom}, colour);
  fill_span({left, top, left + 1, bottom}, colour);
  fill_span({right - 1, top, right, bottom}, colour);
}

std::int32_t Canvas::text(std::int32_t x, std::int32_t y, const char* characters, Colour colour,
                          unsigned scale) noexcept {
  std::int64_t pen = x;
  // Past the greatest x no letter can be seen: stopping there also keeps the pen from ever overflowing.
  for (; *characters != '\0' && pen < greatest_x; ++characters) {
    draw_letter(pen, y, *characters, colour, scale);
    pen += std::int64_t{cell_width} * scale;
  }
  return static_cast<std::int32_t>(smaller(pen, greatest_x));
}

void Canvas::draw_letter(std::int64_t left, std::int64_t top, char character, Colour colour, unsigned scale) noexcept {
  const Glyph& glyph = glyph_of(character);
  for (unsigned row = 0; row < glyph_height; ++row) {
    for (unsigned column = 0; column < glyph_width; ++column) {
      if (!glyph.is_set(column, row)) continue;
      std::int64_t x = left + std::int64_t{column} * scale;
      std::int64_t y = top + std::int64_t{row} * scale;
      fill_span({x, y, x + scale, y + scale}, colour);
    }
  }
}

void Canvas::fill_span(Span span, Colour colour) noexcept {
  std::int64_t left = greater(span.left, 0);
  std::int64_t right = smaller(span.right, width_);
  std::int64_t bottom = smaller(span.bottom, height_);
  std::uint32_t pixel = pixel_of(colour);
  for (std::int64_t y = greater(span.top, 0); y < bottom; ++y) {
    volatile std::uint32_t* row = pixels_ + static_cast<std::size_t>(y) * stride_;
    for (std::int64_t x = left; x < right; ++x) row[x] = pixel;
  }
}

std::uint32_t Canvas::pixel_of(Colour colour) const noexcept {
  // In a little-endian word 0xRRGGBB, blue is the first byte already.
  if (order_ == PixelOrder::bgr) return colour.rgb & 0xFFFFFF;
  return (colour.rgb >> 16 & 0xFF) | (colour.rgb & 0xFF00) | (colour.rgb & 0xFF) << 16;
}

}  // namespace bareheap::homer
