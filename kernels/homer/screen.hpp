// SPDX-License-Identifier: MIT
// All that the screen shows around the picture: title, figures, keys and the live map of the heap.
#pragma once

#include "bareheap/core/statistics.hpp"
#include "kernels/homer/canvas.hpp"
#include "kernels/homer/show.hpp"

#include <cstddef>

namespace bareheap::homer {

class Screen {
 public:
  explicit Screen(Canvas& canvas) noexcept : canvas_(canvas) {}

  /// The background, before the picture is drawn onto it.
  void clear() noexcept;

  /// What never changes: the title, the keys, the legend of the map.
  void draw_once(const StoryBlocks& blocks) noexcept;

  /// What a key may change: the figures, the map, and `message`. Costs two walks of the heap.
  void draw_heap(const char* message) noexcept;

 private:
  void draw_keys() noexcept;
  void draw_legend() noexcept;
  void draw_figures(const Statistics& figures, std::size_t in_stock, std::size_t bytes_a_dot) noexcept;
  void figure(std::int32_t line, const char* name, std::size_t value, const char* unit) noexcept;
  void address(std::int32_t line, const char* name, const void* at) noexcept;

  Canvas& canvas_;
};

}  // namespace bareheap::homer
