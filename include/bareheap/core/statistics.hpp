// SPDX-License-Identifier: MIT
// Figures of a heap, counted from its picture. They cost one walk.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <cstddef>

namespace bareheap {

struct Statistics {
  std::size_t free_bytes = 0;    ///< can be lent; with what stocks hold
  std::size_t used_bytes = 0;    ///< lent, with rounding and padding
  std::size_t meta_bytes = 0;    ///< the heap's own state inside its regions
  std::size_t largest_free = 0;  ///< of free tiles that touch, the largest stretch
  std::size_t used_tiles = 0;
  std::size_t free_tiles = 0;

  std::size_t total_bytes() const noexcept { return free_bytes + used_bytes + meta_bytes; }
};

template <Allocator Heap>
Statistics statistics_of(const Heap& heap) noexcept {
  Statistics figures;
  Extent stretch{};
  heap.walk([&](const Extent& extent) {
    if (extent.kind == ExtentKind::meta) figures.meta_bytes += extent.size;
    if (extent.kind == ExtentKind::used) {
      figures.used_bytes += extent.size;
      ++figures.used_tiles;
    }
    if (extent.kind != ExtentKind::free && extent.kind != ExtentKind::cached) return;
    figures.free_bytes += extent.size;
    ++figures.free_tiles;
    const bool touches = stretch.size != 0 && stretch.end() == extent.at;
    stretch = {touches ? stretch.at : extent.at, extent.size + (touches ? stretch.size : 0), ExtentKind::free};
    if (stretch.size > figures.largest_free) figures.largest_free = stretch.size;
  });
  return figures;
}

}  // namespace bareheap
