// SPDX-License-Identifier: MIT
// The out-of-memory harness itself: it must find what is wrong in programs that are wrong on purpose.
#include "support/fail_nth.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "bareheap/wrappers/reserve.hpp"
#include "laws/fixed.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace bareheap::test {
namespace {

using Heap = FailNth<HoleList>;
using Numbers = std::vector<std::size_t>;
static_assert(Allocator<Heap>);

const Layout layout(64, 16);

TEST(FailNth, S3_03_refuses_the_request_that_it_is_told_to) {
  const HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Heap failing(heap);
  failing.refuse(2);
  const Block first = failing.allocate(layout);
  EXPECT_TRUE(first);
  EXPECT_FALSE(failing.resize(first.at, layout, 128)) << "a larger size is a request";
  EXPECT_TRUE(failing.resize(first.at, layout, 128));
  EXPECT_TRUE(failing.resize(first.at, layout.with_size(128), 32)) << "a smaller size is none";
  EXPECT_EQ(failing.requests(), 3u);
  EXPECT_EQ(failing.refused(), 1u);
  failing.deallocate(first.at, layout.with_size(32));
  failing.refuse(1, Refusal::from_then_on);
  EXPECT_FALSE(failing.allocate(layout));
  EXPECT_FALSE(failing.allocate(layout));
  failing.refuse(0, Refusal::from_then_on);
  const Block last = failing.allocate(layout);
  EXPECT_TRUE(last);
  failing.deallocate(last.at, layout);
  EXPECT_TRUE(is_pristine(failing));
}

/// Right: takes three blocks, gives up in order at any point.
bool three_blocks(Heap& heap) {
  Block blocks[3];
  bool all = true;
  for (Block& block : blocks) {
    block = heap.allocate(layout);
    all = all && block;
  }
  for (const Block& block : blocks) heap.deallocate(block.at, layout);
  return all;
}

TEST(Sweep, S3_03_a_right_program_is_clean_at_every_point) {
  for (const Refusal refusal : {Refusal::once, Refusal::from_then_on}) {
    const Sweep sweep = sweep_out_of_memory(three_blocks, refusal);
    EXPECT_TRUE(sweep.clean()) << sweep.report();
    EXPECT_EQ(sweep.points(), 3u);
    EXPECT_EQ(sweep.report(), "");
  }
}

/// Wrong: forgets the first block where there is none for the second.
bool leaks(Heap& heap) {
  const Block first = heap.allocate(layout);
  if (!first) return false;
  const Block second = heap.allocate(layout);
  if (!second) return false;
  heap.deallocate(first.at, layout);
  heap.deallocate(second.at, layout);
  return true;
}

TEST(Sweep, S3_03_finds_a_leak) {
  const Sweep sweep = sweep_out_of_memory(leaks);
  EXPECT_TRUE(sweep.complete);
  EXPECT_EQ(sweep.that(RunEnd::leaked), Numbers{2});
  EXPECT_EQ(sweep.that(RunEnd::fine), (Numbers{1, 3}));
  EXPECT_EQ(sweep.runs[1].leaked_bytes, 64u);
  EXPECT_EQ(sweep.report(), "request 2 refused: leaked bytes: 64\n");
}

/// Wrong: frees the first block where there is none for the second, and writes to it all the same.
bool corrupts(Heap& heap) {
  const Block first = heap.allocate(layout);
  if (!first) return false;
  const Block second = heap.allocate(layout);
  heap.deallocate(first.at, layout);
  if (!second) std::memset(first.at, 0x55, 64);
  heap.deallocate(second.at, layout);
  return static_cast<bool>(second);
}

TEST(Sweep, S3_03_finds_a_corruption) {
  const Sweep sweep = sweep_out_of_memory(corrupts);
  EXPECT_TRUE(sweep.complete);
  EXPECT_EQ(sweep.that(RunEnd::corrupted), Numbers{2});
  EXPECT_EQ(sweep.runs[1].fault, Fault::invariant_2);
  EXPECT_EQ(sweep.report(), "request 2 refused: corrupted: invariant 2 of this heap does not hold\n");
}

/// Wrong: frees the first block twice where there is none for the second.
bool stops(Heap& heap) {
  const Block first = heap.allocate(layout);
  if (!first) return false;
  const Block second = heap.allocate(layout);
  if (!second) heap.deallocate(first.at, layout);
  heap.deallocate(first.at, layout);
  heap.deallocate(second.at, layout);
  return true;
}

TEST(Sweep, S3_03_finds_a_stop_and_what_was_said) {
  const Sweep sweep = sweep_out_of_memory(stops);
  EXPECT_TRUE(sweep.complete);
  EXPECT_EQ(sweep.that(RunEnd::stopped), Numbers{2});
  EXPECT_NE(sweep.runs[1].said.find("bareheap: freed a block that is free already"), std::string::npos);
  EXPECT_NE(sweep.report().find("request 2 refused: stopped: bareheap: freed a block"), std::string::npos);
}

TEST(Sweep, S3_03_finds_a_program_that_fails_unrefused_and_one_that_has_no_end) {
  const Sweep failing = sweep_out_of_memory([](Heap&) { return false; });
  EXPECT_EQ(failing.that(RunEnd::failed), Numbers{1});
  EXPECT_FALSE(failing.clean());
  const auto endless = [](Heap& heap) {
    Block block;
    while (heap.refused() == 0) {
      block = heap.allocate(layout);
      heap.deallocate(block.at, layout);
    }
    return true;
  };
  const Sweep sweep = sweep_out_of_memory(endless, Refusal::once, 5);
  EXPECT_FALSE(sweep.complete);
  EXPECT_EQ(sweep.points(), 5u);
  EXPECT_NE(sweep.report().find("did not come to an end"), std::string::npos);
}

TEST(Sweep, S3_03_reallocate_and_allocate_zeroed_at_every_point) {
  const auto program = [](Heap& heap) {
    const Block block = allocate_zeroed(heap, layout);
    if (!block) return false;
    const Block wall = heap.allocate(layout);
    const Block moved = reallocate(heap, block.at, layout, 500);
    heap.deallocate(wall.at, layout);
    heap.deallocate(moved ? moved.at : block.at, moved ? layout.with_size(500) : layout);
    return static_cast<bool>(moved);
  };
  const Sweep sweep = sweep_out_of_memory(program);
  EXPECT_TRUE(sweep.clean()) << sweep.report();
  EXPECT_EQ(sweep.points(), 4u) << "one each, and a resize and an allocate by reallocate";
}

/// The laws make a heap without arguments.
struct SmallReserve : Reserve<HoleList> {
  constexpr SmallReserve() noexcept : Reserve(Layout(16, 16)) {}
};

TEST(Reserve, S3_13_keeps_the_laws) {
  const HostRegion memory(256 * 1024);
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const laws::Verdict verdict = laws::walk_twice<SmallReserve>(memory.region(), true, seed, 300);
    EXPECT_TRUE(verdict.kept()) << laws::name_of(verdict.law) << ": " << verdict.part << " " << verdict.first;
  }
  static_assert(Growable<SmallReserve> && !Stocked<SmallReserve> && !SelfSizing<SmallReserve>);
}

TEST(Reserve, S3_13_gives_its_block_once_when_there_is_no_room) {
  const HostRegion memory(4096);
  Reserve<HoleList> heap(Layout(1024, 16));
  EXPECT_FALSE(heap.release());
  EXPECT_FALSE(heap.refill()) << "no region yet";
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_TRUE(heap.kept());
  const Block most = heap.allocate(Layout(3072, 16));
  ASSERT_TRUE(most);
  EXPECT_FALSE(heap.allocate(Layout(1024, 16)));
  EXPECT_TRUE(heap.release());
  EXPECT_FALSE(heap.release());
  const Block saved = heap.allocate(Layout(1024, 16));
  EXPECT_TRUE(saved);
  EXPECT_FALSE(heap.refill());
  heap.deallocate(saved.at, Layout(1024, 16));
  EXPECT_TRUE(heap.refill());
  EXPECT_TRUE(heap.refill());
  EXPECT_EQ(heap.statistics().kept_bytes, 1024u);
  EXPECT_EQ(heap.statistics().releases, 1u);
  EXPECT_EQ(heap.statistics().refusals, 2u);
  heap.deallocate(most.at, Layout(3072, 16));
  EXPECT_TRUE(heap.release());
  EXPECT_TRUE(is_pristine(heap));
  EXPECT_EQ(heap.statistics().kept_bytes, 0u);
}

TEST(Reserve, S3_13_that_finds_no_room_at_the_start_says_so) {
  const HostRegion memory(4096);
  Reserve<HoleList> heap(Layout(8192, 16));
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_FALSE(heap.kept());
  EXPECT_EQ(heap.statistics().refusals, 1u);
  EXPECT_TRUE(is_pristine(heap));
}

}  // namespace
}  // namespace bareheap::test
