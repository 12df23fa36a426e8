// SPDX-License-Identifier: MIT
// A whole walk at once and in steps, and a whole check in steps, to be compared.
#pragma once

#include "bareheap/core/resumable.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace bareheap::test {

using Tiles = std::vector<Extent>;

Tiles walked(const auto& heap) {
  Tiles tiles;
  heap.walk([&](const Extent& tile) { tiles.push_back(tile); });
  return tiles;
}

template <class Heap>
Tiles stepped(const Heap& heap, std::size_t count) {
  Tiles tiles;
  ResumableWalk walk(heap);
  while (!walk.finished()) {
    std::size_t seen = 0;
    const std::size_t shown = walk.step(count, [&](const Extent& tile) {
      tiles.push_back(tile);
      ++seen;
    });
    EXPECT_EQ(shown, seen);
    EXPECT_LE(shown, count);
    EXPECT_TRUE(shown == count || walk.finished());
    if (tiles.size() > 100000) break;
  }
  return tiles;
}

/// What a pass of the check in steps of `count` finds.
template <class Heap>
Fault found_in_steps(const Heap& heap, std::size_t count) {
  ResumableCheck check(heap);
  for (unsigned steps = 0; !check.finished() && steps < 100000; ++steps) {
    if (const Fault fault = check.step(count); fault != Fault::none) return fault;
  }
  EXPECT_TRUE(check.finished());
  return Fault::none;
}

/// Flips each bit of `size` bytes at `at` by itself, and compares what check() and the steps of a check find.
template <class Heap>
std::size_t expect_steps_to_find_every_flip(const Heap& heap, std::byte* at, std::size_t size) {
  std::size_t found = 0;
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    const std::byte flip = std::byte{1} << (bit % 8);
    at[bit / 8] ^= flip;
    const bool is_torn = heap.check() != Fault::none;
    found += is_torn;
    for (const std::size_t count : {1u, 2u, 3u, 1000000u}) {
      EXPECT_EQ(found_in_steps(heap, count) != Fault::none, is_torn) << "bit " << bit << ", steps of " << count;
    }
    at[bit / 8] ^= flip;
  }
  return found;
}

}  // namespace bareheap::test
