// SPDX-License-Identifier: MIT
// Walks and checks in steps through wrappers: two heaps in one order, the lock, guards and figures.
#include "bareheap/bareheap.hpp"
#include "core/steps.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace bareheap {
namespace {

using test::expect_steps_to_find_every_flip;
using test::found_in_steps;
using test::stepped;
using test::Tiles;
using test::walked;

/// Two heaps, each with two regions between those of the other.
class Interleaved : public testing::Test {
 protected:
  Interleaved() {
    EXPECT_TRUE(heap.init(part(0)));
    EXPECT_TRUE(heap.add(part(1)));
    EXPECT_TRUE(heap.first().add(part(2)));
    EXPECT_TRUE(heap.second().add(part(3)));
    for (Block& block : blocks) block = heap.allocate(granule);
    for (std::size_t index = 0; index < blocks.size(); index += 3) heap.deallocate(blocks[index].at, granule);
  }

  Region part(std::size_t index) const { return {memory.start() + index * 256, 192}; }

  const Layout granule{16, 16};
  test::HostRegion memory{1024};
  Fallback<HoleList, HoleList> heap;
  std::vector<Block> blocks = std::vector<Block>(44);
};

TEST_F(Interleaved, steps_are_in_address_order_throughout) {
  Tiles sorted = walked(heap);
  const auto below = [](const Extent& one, const Extent& other) { return address_of(one.at) < address_of(other.at); };
  EXPECT_FALSE(std::is_sorted(sorted.begin(), sorted.end(), below));
  std::sort(sorted.begin(), sorted.end(), below);
  for (std::size_t count = 1; count < sorted.size() + 2; ++count) EXPECT_EQ(stepped(heap, count), sorted) << count;
}

TEST_F(Interleaved, steps_of_a_check_test_every_region_of_both) {
  for (std::size_t index = 0; index < blocks.size(); index += 3) {
    EXPECT_GT(expect_steps_to_find_every_flip(heap, blocks[index].at, 16), 100u);
  }
}

/// Counts how often it is taken.
struct CountingLock {
  struct State {};

  void lock(State&, const void*) noexcept {
    EXPECT_FALSE(is_held);
    is_held = true;
    ++takings;
  }
  bool try_lock(State& state) noexcept { return is_held ? false : (lock(state, nullptr), true); }
  void unlock(State&, const void*) noexcept { is_held = false; }

  static inline bool is_held = false;
  static inline unsigned takings = 0;
};

TEST(ResumableLocked, the_lock_is_held_for_one_step_and_free_in_between) {
  const test::HostRegion memory(4096);
  Locked<HoleList, CountingLock> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  for (unsigned block = 0; block < 6; ++block) ASSERT_TRUE(heap.allocate(Layout(16, 16)));
  for (unsigned block = 0; block < 6; block += 2) heap.deallocate(memory.start() + 16 * block, Layout(16, 16));
  CountingLock::takings = 0;
  ResumableWalk walk(heap);
  ResumableCheck check(heap);
  for (const std::size_t count : {2u, 2u, 2u, 1u}) {
    EXPECT_EQ(walk.step(2, [](const Extent&) { EXPECT_TRUE(CountingLock::is_held); }), count);
    EXPECT_EQ(check.step(1), Fault::none);
    EXPECT_FALSE(CountingLock::is_held);
  }
  EXPECT_TRUE(walk.finished() && check.finished());
  EXPECT_EQ(CountingLock::takings, 8u);
}

/// Twelve blocks of 32 bytes, each with a hole after it, so that a step of the check is about one of them.
class Guarded : public testing::Test {
 protected:
  Guarded() {
    EXPECT_TRUE(heap.init(memory.region()));
    for (std::byte*& block : blocks) block = heap.allocate(layout).at;
    for (unsigned index = 1; index < 24; index += 2) free(index);
    heap.trim();
  }

  void free(unsigned index) { heap.deallocate(blocks[index], layout); }

  /// The number of the step of one hole that finds `fault`; 0: none does.
  unsigned step_that_finds(Fault fault) {
    ResumableCheck check(heap);
    for (unsigned step = 1; !check.finished(); ++step) {
      if (check.step(1) == fault) return step;
    }
    return 0;
  }

  const Layout layout{32, 16};
  test::HostRegion memory{8192};
  Checked<HoleList> heap;
  std::byte* blocks[24];
};

TEST_F(Guarded, a_step_tests_the_bytes_around_its_own_blocks) {
  EXPECT_EQ(step_that_finds(Fault::overflow), 0u);
  blocks[10][32] ^= std::byte{1};
  EXPECT_EQ(step_that_finds(Fault::overflow), 6u);
  blocks[10][32] ^= std::byte{1};
  blocks[22][-1] ^= std::byte{1};
  EXPECT_EQ(step_that_finds(Fault::underflow), 12u);
}

TEST_F(Guarded, a_step_tests_what_is_poison_among_its_tiles) {
  free(14);
  EXPECT_EQ(step_that_finds(Fault::written_after_free), 0u);
  blocks[14][3] ^= std::byte{1};
  EXPECT_EQ(step_that_finds(Fault::written_after_free), 8u);
}

TEST_F(Guarded, a_block_in_the_quarantine_is_a_tile_of_its_own_in_steps_too) {
  for (const unsigned index : {2u, 4u, 20u}) free(index);
  const Tiles whole = walked(heap);
  const auto is_cached = [](const Extent& tile) { return tile.kind == ExtentKind::cached; };
  EXPECT_EQ(std::count_if(whole.begin(), whole.end(), is_cached), 3);
  for (const std::size_t count : {1u, 2u, 3u, 100u}) EXPECT_EQ(stepped(heap, count), whole) << count;
}

TEST(ResumableCounted, each_step_tests_the_figures) {
  struct Torn : Counted<HoleList> {
    void tear() { const_cast<Counters&>(counters()).live_blocks = 7; }
  };
  const test::HostRegion memory(256);
  Torn heap;
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_EQ(found_in_steps(heap, 1), Fault::none);
  heap.tear();
  EXPECT_EQ(found_in_steps(heap, 1), Fault::invariant_1);
}

}  // namespace
}  // namespace bareheap
