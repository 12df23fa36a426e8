// SPDX-License-Identifier: MIT
// The picture of a heap as a line of text, one character a unit: # used, . free, m meta, c cached.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <string>

namespace bareheap::test {

template <Allocator Heap>
std::string drawing_of(const Heap& heap, std::size_t unit) {
  std::string drawing;
  heap.walk([&](const Extent& extent) {
    drawing.append(extent.size / unit, ".#mc"[static_cast<unsigned>(extent.kind)]);
  });
  return drawing;
}

}  // namespace bareheap::test
