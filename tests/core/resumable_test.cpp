// SPDX-License-Identifier: MIT
#include "bareheap/core/resumable.hpp"

#include "bareheap/bareheap.hpp"
#include "laws/fixed.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bareheap {
namespace {

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

template <class Heap>
class Resumable : public testing::Test {};
using Engines = testing::Types<NullHeap, Bump, HoleList, StoryPages>;
TYPED_TEST_SUITE(Resumable, Engines);

TYPED_TEST(Resumable, shows_every_tile_once_whatever_the_step) {
  const test::HostRegion memory(64 * 1024);
  laws::Trial<TypeParam> trial(memory.region(), false);
  laws::Dice dice(3);
  for (unsigned call = 0; call < 300; ++call) {
    ASSERT_EQ(laws::random_call(trial, dice, 4096), laws::Law::none);
    if (call % 50 != 49) continue;
    const Tiles whole = walked(trial.heap);
    for (const std::size_t count : {1u, 2u, 3u, 7u, 1000000u}) EXPECT_EQ(stepped(trial.heap, count), whole) << count;
    ResumableWalk walk(trial.heap);
    static_cast<void>(walk.step(whole.size(), [](const Extent&) {}));
    EXPECT_TRUE(walk.finished()) << "with the last tile, not a step later";
  }
}

/// A heap of 16 granules with every second one lent.
class Changing : public testing::Test {
 protected:
  Changing() {
    EXPECT_TRUE(heap.init(memory.region()));
    for (Block& block : blocks) block = heap.allocate(granule);
    for (std::size_t index = 1; index < 16; index += 2) free(index);
  }

  void free(std::size_t index) { heap.deallocate(blocks[index].at, granule); }
  std::byte* at(std::size_t index) const { return memory.start() + index * 16; }

  const Layout granule{16, 16};
  test::HostRegion memory{256};
  HoleList heap;
  Block blocks[16];
};

TEST_F(Changing, what_happens_below_the_address_reached_is_not_seen_any_more) {
  ResumableWalk walk(heap);
  Extent tiles[4];
  EXPECT_EQ(walk.step(tiles), 4u);
  EXPECT_EQ(walk.reached(), address_of(at(4)));
  free(0);
  EXPECT_EQ(walk.step(tiles), 4u);
  EXPECT_EQ(tiles[0], (Extent{at(4), 16, ExtentKind::used}));
  EXPECT_FALSE(walk.finished());
}

TEST_F(Changing, a_tile_that_has_grown_across_it_is_shown_from_there_on) {
  ResumableWalk walk(heap);
  Extent tiles[4];
  EXPECT_EQ(walk.step(tiles), 4u);
  free(4);  // now 3, 4 and 5 are one hole
  EXPECT_EQ(walk.step(tiles), 4u);
  EXPECT_EQ(tiles[0], (Extent{at(4), 32, ExtentKind::free}));
  EXPECT_EQ(tiles[1], (Extent{at(6), 16, ExtentKind::used}));
}

TEST_F(Changing, a_heap_that_becomes_whole_is_finished) {
  ResumableWalk walk(heap);
  Extent tiles[4];
  EXPECT_EQ(walk.step(tiles), 4u);
  for (std::size_t index = 0; index < 16; index += 2) free(index);
  EXPECT_EQ(walk.step(tiles), 1u);
  EXPECT_EQ(tiles[0], (Extent{at(4), 192, ExtentKind::free}));
  EXPECT_TRUE(walk.finished());
  EXPECT_EQ(walk.step(tiles), 0u);
  walk.restart();
  EXPECT_FALSE(walk.finished());
  EXPECT_EQ(walk.step(tiles), 1u);
  EXPECT_EQ(tiles[0].size, 256u);
}

TEST_F(Changing, steps_never_go_back_and_never_overlap_whatever_happens) {
  laws::Dice dice(9);
  bool lent[16];
  for (std::size_t index = 0; index < 16; ++index) lent[index] = index % 2 == 0;
  for (unsigned round = 0; round < 200; ++round) {
    const std::byte* next = memory.start();
    ResumableWalk walk(heap);
    while (!walk.finished()) {
      static_cast<void>(walk.step(1 + dice.below(3), [&](const Extent& tile) {
        EXPECT_EQ(tile.at, next);
        EXPECT_NE(tile.size, 0u);
        next = tile.end();
      }));
      const std::size_t index = dice.below(16);
      if (lent[index]) free(index);
      lent[index] = false;
    }
    EXPECT_EQ(next, memory.start() + 256);
    for (bool& one : lent) one = false;
    for (std::size_t index = 0; index < 16; ++index) {
      if (Block block = heap.allocate(granule)) {
        blocks[(address_of(block.at) - address_of(memory.start())) / 16] = block;
        lent[(address_of(block.at) - address_of(memory.start())) / 16] = true;
      }
    }
    for (std::size_t index = dice.below(2); index < 16; index += 2) {
      if (lent[index]) free(index);
      lent[index] = false;
    }
  }
}

TEST_F(Changing, statistics_are_counted_over_steps) {
  ResumableWalk walk(heap);
  StatisticsCounter counter;
  while (!walk.finished()) static_cast<void>(walk.step(3, [&](const Extent& tile) { counter.add(tile); }));
  EXPECT_EQ(counter.figures(), statistics_of(heap));
}

}  // namespace
}  // namespace bareheap
