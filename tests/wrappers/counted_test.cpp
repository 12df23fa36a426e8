// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/counted.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace bareheap {
namespace {

static_assert(Allocator<Counted<Bump>> && Growable<Counted<HoleList>> && !SelfSizing<Counted<HoleList>>);
static_assert(SelfSizing<Counted<Headered<HoleList>>>);

constinit Counted<HoleList> counted_hole_list;

TEST(Counted, exists_before_its_region_and_counts_what_it_refuses) {
  EXPECT_FALSE(counted_hole_list.allocate(Layout(24, 4)));
  EXPECT_EQ(counted_hole_list.counters().refusals, 1u);
  EXPECT_EQ(counted_hole_list.counters().last_refused, Layout(24, 4));
  EXPECT_EQ(counted_hole_list.fragmentation(), 0u);
  EXPECT_EQ(counted_hole_list.largest_free(), 0u);
}

TEST(Counted, counts_calls_blocks_and_bytes_with_their_peaks) {
  const test::HostRegion memory(1024);
  Counted<HoleList> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block first = heap.allocate(Layout(10, 1));
  const Block second = heap.allocate(Layout(100, 8));
  heap.deallocate(first.at, Layout(10, 1));
  heap.deallocate(nullptr, Layout(10, 1));
  EXPECT_TRUE(heap.resize(second.at, Layout(100, 8), 40));
  EXPECT_FALSE(heap.resize(second.at, Layout(40, 8), 4000));
  EXPECT_FALSE(heap.allocate(Layout(2000, 64)));
  const Counters now = heap.counters();
  EXPECT_EQ(now.live_blocks, 1u);
  EXPECT_EQ(now.peak_blocks, 2u);
  EXPECT_EQ(now.live_asked, 40u);
  EXPECT_EQ(now.peak_asked, 110u);
  EXPECT_EQ(now.live_granted, 0u) << "HoleList does not know the sizes of its blocks";
  EXPECT_EQ(now.total_asked, 110u);
  EXPECT_EQ(now.total_granted, 16u + CheckedSize(100).aligned_up(HoleList::granule).value());
  EXPECT_EQ(now.allocations, 3u);
  EXPECT_EQ(now.deallocations, 1u);
  EXPECT_EQ(now.resizes, 2u);
  EXPECT_EQ(now.refusals, 1u);
  EXPECT_EQ(now.resize_refusals, 1u);
  EXPECT_EQ(now.last_refused, Layout(2000, 64));
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(Counted, starts_again_from_nothing_when_no_block_lives) {
  const test::HostRegion memory(1024);
  Counted<HoleList> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block first = heap.allocate(Layout(1, 1));
  const Block second = heap.allocate(Layout(1, 1));
  heap.deallocate(first.at, Layout(HoleList::granule, 1));
  EXPECT_EQ(heap.counters().live_asked, 0u) << "more came back than was asked for: it does not wrap";
  heap.deallocate(second.at, Layout(1, 1));
  const Block third = heap.allocate(Layout(5, 1));
  EXPECT_EQ(heap.counters().live_asked, 5u);
  heap.deallocate(third.at, Layout(0, 1).with_size(5));
  EXPECT_EQ(heap.counters().live_asked, 0u);
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(Counted, is_exact_where_the_heap_inside_knows_its_blocks) {
  const test::HostRegion memory(1024);
  Counted<Headered<HoleList>> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block empty = heap.allocate(Layout(0, 1));
  const Block block = heap.allocate(Layout(33, 8));
  EXPECT_EQ(heap.counters().live_asked, 33u);
  EXPECT_EQ(heap.counters().live_granted, 34u);
  EXPECT_TRUE(heap.resize(block.at, Layout(33, 8), 50));
  EXPECT_EQ(heap.counters().live_granted, 51u);
  EXPECT_EQ(heap.counters().peak_granted, 51u);
  EXPECT_EQ(heap.size_of(block.at), 50u);
  EXPECT_EQ(heap.layout_of(block.at), Layout(50, 8));
  heap.deallocate(empty.at, Layout(1, 1));
  EXPECT_EQ(heap.counters().live_asked, 50u) << "freed with the size that was granted";
  heap.deallocate(block.at, Layout(50, 8));
  EXPECT_EQ(heap.counters().live_granted, 0u);
}

TEST(Counted, S3_13_explains_why_there_is_no_room) {
  const test::HostRegion memory(1024);
  Counted<HoleList> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_EQ(heap.fragmentation(), 0u);
  std::byte* blocks[4];
  for (std::byte*& at : blocks) at = heap.allocate(Layout(256, 1)).at;
  EXPECT_EQ(heap.fragmentation(), 0u) << "nothing is free";
  heap.deallocate(blocks[0], Layout(256, 1));
  heap.deallocate(blocks[2], Layout(256, 1));
  EXPECT_FALSE(heap.allocate(Layout(512, 1)));
  EXPECT_EQ(heap.largest_free(), 256u);
  EXPECT_EQ(heap.fragmentation(), 500u);
  EXPECT_EQ(heap.counters().last_refused, Layout(512, 1));
  EXPECT_EQ(statistics_of(heap).free_tiles, 2u);
}

// The counters are torn on purpose.
TEST(Counted, check_names_what_does_not_hold) {
  const test::HostRegion memory(1024);
  Counted<HoleList> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  ASSERT_TRUE(heap.allocate(Layout(10, 1)));
  auto& counters = const_cast<Counters&>(heap.counters());
  const Counters good = counters;
  counters.live_blocks = 0;
  EXPECT_EQ(heap.check(), Fault::invariant_1);
  counters = good;
  counters.live_asked = 11;
  EXPECT_EQ(heap.check(), Fault::invariant_2);
  counters = good;
  counters.deallocations = 1;
  counters.live_blocks = 0;
  EXPECT_EQ(heap.check(), Fault::invariant_2) << "bytes live without a block";
  counters = good;
  EXPECT_EQ(heap.check(), Fault::none);
}

}  // namespace
}  // namespace bareheap
