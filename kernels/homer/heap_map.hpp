// SPDX-License-Identifier: MIT
//
// The picture of the heap in pixels. A dot is 2 x 2 pixels and stands for 16 bytes; 16 rows of 16 dots are a cell, so a
// cell is a page; 28 cells are a row. The story's 112 pages fill four rows exactly:
//
//     +--------+ +--------+     +--------+      cells are 34 pixels apart, 32 of them dots
//     | page 0 | | page 1 | ... | page 27|
//     +--------+ +--------+     +--------+
//     | page 28| ...
//
// Where the heap is larger, a dot stands for twice, four times … as many bytes, until all of it fits.
#pragma once

#include "bareheap/core/extent.hpp"
#include "bareheap/core/region.hpp"
#include "kernels/homer/canvas.hpp"

#include <cstddef>

namespace bareheap::homer {

struct MapColours {
  Colour free{0x1d3354};
  Colour used{0xffa62b};
  Colour meta{0xe8476a};
  Colour cached{0x3fb8af};
};

class HeapMap {
 public:
  static constexpr std::int32_t dot = 2;
  static constexpr std::int32_t dots_a_side = 16;
  static constexpr std::int32_t cell_step = dot * dots_a_side + 2;
  static constexpr std::int32_t columns = 28;
  static constexpr std::int32_t rows = 4;
  static constexpr std::size_t dots = std::size_t{dots_a_side} * dots_a_side * columns * rows;
  static constexpr std::int32_t width = columns * cell_step - 2;
  static constexpr std::int32_t height = rows * cell_step - 2;

  /// A map of `whole` with its top left corner at (x, y).
  HeapMap(std::int32_t x, std::int32_t y, Region whole) noexcept : x_(x), y_(y), whole_(whole) {
    while (bytes_a_dot_ * dots < whole.size) bytes_a_dot_ *= 2;
  }

  std::size_t bytes_a_dot() const noexcept { return bytes_a_dot_; }

  /// Draws one tile; tiles come in the order of a walk. Where tiles share a dot it shows the kind that matters most:
  /// the heap's own before used before cached before free.
  void draw(Canvas& canvas, const Extent& extent) noexcept {
    const std::size_t start = address_of(extent.at) - address_of(whole_.start);
    const std::size_t end = (start + extent.size + bytes_a_dot_ - 1) / bytes_a_dot_;
    std::size_t index = start / bytes_a_dot_;
    if (index < drawn_ && rank_of(extent.kind) <= last_rank_) ++index;
    if (index >= end) return;
    for (; index < end; ++index) canvas.fill(place_of(index), colour_of(extent.kind));
    drawn_ = end;
    last_rank_ = rank_of(extent.kind);
  }

  static constexpr Colour colour_of(ExtentKind kind) noexcept {
    constexpr MapColours colours;
    switch (kind) {
      case ExtentKind::free: return colours.free;
      case ExtentKind::used: return colours.used;
      case ExtentKind::meta: return colours.meta;
      case ExtentKind::cached: break;
    }
    return colours.cached;
  }

 private:
  static constexpr unsigned rank_of(ExtentKind kind) noexcept {
    switch (kind) {
      case ExtentKind::free: return 0;
      case ExtentKind::cached: return 1;
      case ExtentKind::used: return 2;
      case ExtentKind::meta: break;
    }
    return 3;
  }

  Rectangle place_of(std::size_t index) const noexcept {
    const auto inside = static_cast<std::int32_t>(index % (dots_a_side * dots_a_side));
    const auto cell = static_cast<std::int32_t>(index / (dots_a_side * dots_a_side));
    return {x_ + cell % columns * cell_step + inside % dots_a_side * dot,
            y_ + cell / columns * cell_step + inside / dots_a_side * dot, dot, dot};
  }

  std::int32_t x_;
  std::int32_t y_;
  Region whole_;
  std::size_t bytes_a_dot_ = 16;
  std::size_t drawn_ = 0;  // dots from the start
  unsigned last_rank_ = 0;
};

}  // namespace bareheap::homer
