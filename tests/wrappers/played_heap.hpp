// SPDX-License-Identifier: MIT
// A CpuCached heap whose CPUs are all played by one thread, and which knows what it looked like at first.
#pragma once

#include "bareheap/core/statistics.hpp"
#include "support/host_region.hpp"
#include "wrappers/playing_cpus.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace bareheap::test {

inline constexpr Layout small(48, 8);
inline constexpr Layout large(5000, 8);

template <class Heap, std::size_t memory_size>
struct PlayedHeap : testing::Test {
  PlayedHeap() {
    PlayedCpus::reset();
    EXPECT_TRUE(heap.init(memory.region()));
    fresh = picture();
  }

  Block allocate_on(std::uint32_t cpu, Layout asked) {
    return PlayedCpus::as(cpu, [&] { return heap.allocate(asked); });
  }
  void free_on(std::uint32_t cpu, Block block, Layout asked) {
    PlayedCpus::as(cpu, [&] { heap.deallocate(block.at, asked); });
  }

  std::vector<Block> allocate_on(std::uint32_t cpu, Layout asked, int blocks) {
    std::vector<Block> lent;
    for (int count = 0; count < blocks; ++count) lent.push_back(allocate_on(cpu, asked));
    return lent;
  }
  void free_on(std::uint32_t cpu, const std::vector<Block>& blocks, Layout asked) {
    for (const Block block : blocks) free_on(cpu, block, asked);
  }

  /// The CPU's stock is not empty afterwards.
  void stock_on(std::uint32_t cpu, int blocks = 40) { free_on(cpu, allocate_on(cpu, small, blocks), small); }

  /// All blocks, full of 0x5A, that a heap lends whose span is the first 64 KiB of the memory, and which has the second
  /// half of it besides.
  std::vector<Block> take_all_beyond_the_span(Heap& grown) {
    const Region all = memory.region();
    EXPECT_TRUE(grown.init({all.start, 65536}));
    EXPECT_TRUE(grown.add({all.start + memory_size / 2, memory_size / 2}));
    std::vector<Block> live;
    while (const Block block = grown.allocate(small)) {
      std::memset(block.at, 0x5A, block.size);
      live.push_back(block);
    }
    EXPECT_GT(live.size(), memory_size / 2 / 64);
    return live;
  }

  static void expect_empty(Heap& heap) {
    heap.trim();
    EXPECT_EQ(heap.check(), Fault::none);
    EXPECT_EQ(statistics_of(heap).used_bytes, 0u);
  }

  std::vector<Extent> picture() {
    std::vector<Extent> tiles;
    heap.walk([&](const Extent& tile) { tiles.push_back(tile); });
    return tiles;
  }

  void expect_fresh() {
    heap.trim();
    EXPECT_EQ(heap.check(), Fault::none);
    EXPECT_TRUE(picture() == fresh);
  }

  const HostRegion memory{memory_size};
  Heap heap;
  std::vector<Extent> fresh;
};

}  // namespace bareheap::test
