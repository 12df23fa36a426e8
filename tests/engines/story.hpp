// SPDX-License-Identifier: MIT
// A StoryPages heap on some pages.
#pragma once

#include "bareheap/engines/story_pages.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

namespace bareheap::test {

inline constexpr std::size_t page = 4096;

/// Addresses are told as offsets from its start, and no room as -1.
class Story {
 public:
  explicit Story(std::size_t pages) : memory_(pages * page) { EXPECT_TRUE(heap.init(memory_.region())); }

  long alloc(std::size_t size, std::size_t alignment) {
    const Block block = heap.allocate(Layout(size, alignment));
    return block ? block.at - memory_.start() : -1;
  }

  void free(long offset, std::size_t size, std::size_t alignment) {
    heap.deallocate(memory_.start() + offset, Layout(size, alignment));
  }

  std::byte* start() const { return memory_.start(); }

  StoryPages heap;

 private:
  HostRegion memory_;
};

}  // namespace bareheap::test
