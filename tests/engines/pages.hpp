// SPDX-License-Identifier: MIT
// A PageHeap on some pages with the map apart.
#pragma once

#include "bareheap/engines/page_heap.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bareheap::test {

inline constexpr std::size_t page = 4096;

/// Addresses are told as offsets from its start, and no room as -1.
template <class Heap>
class Pages {
 public:
  explicit Pages(std::size_t pages) : memory_(pages * Heap::page_size, 64 * page), map_(Heap::map_size(pages)) {
    EXPECT_TRUE(heap.init(memory_.region(), map_.region()));
  }

  long alloc(std::size_t size, std::size_t alignment = 1) {
    const Block block = heap.allocate(Layout(size, alignment));
    return block ? block.at - memory_.start() : -1;
  }

  void free(long offset, std::size_t size, std::size_t alignment = 1) {
    heap.deallocate(start() + offset, Layout(size, alignment));
  }

  bool resize(long offset, std::size_t size, std::size_t new_size) {
    return heap.resize(start() + offset, Layout(size, 1), new_size);
  }

  std::string drawing(std::size_t unit = Heap::page_size) const { return drawing_of(heap, unit); }
  std::byte* start() const { return memory_.start(); }
  Region map() const { return map_.region(); }

  Heap heap;

 private:
  HostRegion memory_;
  HostRegion map_;
};

}  // namespace bareheap::test
