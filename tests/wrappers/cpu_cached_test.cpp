// SPDX-License-Identifier: MIT
// CpuCached call by call: one thread plays all CPUs. How stocks are called back is in cpu_recall_test.cpp; what happens
// when CPUs really run at the same time is for cpu_threads_test.cpp, tests/explorer and tests/kernel/cpu_cached.cpp.
#include "bareheap/wrappers/cpu_cached.hpp"

#include "bareheap/engines/granule_heap.hpp"
#include "engines/stops.hpp"
#include "wrappers/played_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace bareheap {
namespace {

using test::CalledCpus;
using test::FencedCpus;
using test::large;
using test::PlayedCpus;
using test::small;
using test::stop_of;

static_assert(SelfSizing<CpuCached<GranuleHeap, CalledCpus>> && Growable<CpuCached<GranuleHeap, CalledCpus>>);
static_assert(Stocked<CpuCached<GranuleHeap, CalledCpus>> && Stepwise<CpuCached<GranuleHeap, FencedCpus, ByMap>>);
static_assert(!std::copyable<CpuCached<GranuleHeap, CalledCpus>>);

constexpr std::size_t memory_size = std::size_t{4} << 20;

template <class Heap>
struct CpuCachedTest : test::PlayedHeap<Heap, memory_size> {
  CpuCachedTest() {
    PlayedCpus::on_call = [this](std::uint32_t cpu) { PlayedCpus::as(cpu, [this] { this->heap.serve(); }); };
  }

  std::vector<Block> take_all(std::uint32_t cpu, Layout asked) {
    std::vector<Block> taken;
    while (const Block block = this->allocate_on(cpu, asked)) taken.push_back(block);
    return taken;
  }
};

using AllWays = testing::Types<CpuCached<GranuleHeap, CalledCpus>, CpuCached<GranuleHeap, FencedCpus>,
                               CpuCached<GranuleHeap, CalledCpus, ByMap>, CpuCached<GranuleHeap, FencedCpus, ByMap>>;
TYPED_TEST_SUITE(CpuCachedTest, AllWays);

TYPED_TEST(CpuCachedTest, lends_on_one_cpu_what_was_freed_there_last) {
  const Block first = this->allocate_on(1, small);
  const Block second = this->allocate_on(1, small);
  EXPECT_NE(first.at, second.at);
  EXPECT_EQ(first.size, 48u);
  this->free_on(1, first, small);
  EXPECT_EQ(this->allocate_on(1, small).at, first.at);
}

TYPED_TEST(CpuCachedTest, takes_back_on_any_cpu) {
  const Block block = this->allocate_on(0, small);
  this->stock_on(2);
  this->free_on(2, block, small);
  EXPECT_EQ(this->allocate_on(2, small).at, block.at);
  this->free_on(3, block, small);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, takes_the_lock_at_most_once_in_16_calls_for_each_size) {
  for (const std::size_t size : {1u, 16u, 100u, 512u, 1008u}) {
    const Layout asked(size, 8);
    const auto round = [&] { this->free_on(1, this->allocate_on(0, asked, 500), asked); };
    for (int warming = 0; warming < 10; ++warming) round();
    const std::uint64_t before = this->heap.times_locked();
    for (int count = 0; count < 4; ++count) round();
    EXPECT_LE((this->heap.times_locked() - before - 1) * 16, 4u * 1000) << size;
  }
}

TYPED_TEST(CpuCachedTest, what_two_magazines_hold_is_lent_and_freed_without_the_lock) {
  const auto round = [&] { this->free_on(1, this->allocate_on(1, small, 100), small); };  // 64 are the most of one
  for (int warming = 0; warming < 10; ++warming) round();
  const std::uint64_t before = this->heap.times_locked();
  for (int count = 0; count < 10; ++count) round();
  EXPECT_EQ(this->heap.times_locked() - before, 1u) << "to answer this";
}

TYPED_TEST(CpuCachedTest, stocks_hold_no_more_than_their_share) {
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
    for (std::size_t size = 16; size <= 1024; size += 16) {
      const Layout asked(size, 8);
      this->free_on(cpu, this->allocate_on(cpu, asked, 40), asked);
    }
  }
  // Nobody answers, so what is in stocks cannot be had: another kind of request sees the rest.
  PlayedCpus::on_call = nullptr;
  std::size_t had = 0;
  for (const Block block : this->take_all(9, Layout(2048, 8))) had += block.size;
  EXPECT_GE(had, memory_size * 3 / 4);
  EXPECT_EQ(this->heap.check(), Fault::none);
}

TYPED_TEST(CpuCachedTest, nothing_is_stocked_where_memory_is_scarce) {
  this->stock_on(1);
  const Block most = this->heap.allocate(Layout(memory_size * 9 / 10, 8));
  ASSERT_TRUE(most);
  this->free_on(1, this->allocate_on(1, Layout(1000, 8)), Layout(1000, 8));  // gives what it has back
  const std::uint64_t before = this->heap.times_locked();
  for (int count = 0; count < 10; ++count) this->free_on(1, this->allocate_on(1, small), small);
  EXPECT_GE(this->heap.times_locked() - before, 20u);
  this->heap.deallocate(most.at, Layout(memory_size * 9 / 10, 8));
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, memory_in_the_stocks_of_others_does_not_make_a_request_fail) {
  std::size_t whole = 0;
  for (std::uint32_t cpu = 1; cpu < 4; ++cpu) {
    const std::vector<Block> taken = this->take_all(cpu, small);
    if (whole == 0) whole = taken.size();
    EXPECT_EQ(taken.size(), whole);
    this->free_on(cpu, taken, small);
    this->stock_on(cpu);
  }
  const std::vector<Block> taken = this->take_all(0, small);
  EXPECT_EQ(taken.size(), whole);
  EXPECT_FALSE(PlayedCpus::called.empty() && PlayedCpus::fences == 0);
  this->free_on(3, taken, small);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, a_request_that_fails_leaves_all_as_it_was) {
  this->stock_on(1);
  EXPECT_FALSE(this->allocate_on(0, Layout(memory_size, 8)));
  EXPECT_FALSE(this->allocate_on(0, Layout(std::size_t{0} - 1, 8)));
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, the_asked_cpu_has_a_stock_again_afterwards) {
  this->stock_on(1);
  EXPECT_FALSE(this->allocate_on(0, Layout(memory_size, 8)));
  this->stock_on(1);
  const std::uint64_t before = this->heap.times_locked();
  this->stock_on(1, 20);
  EXPECT_LE(this->heap.times_locked() - before, 3u);
}

TYPED_TEST(CpuCachedTest, a_cpu_that_comes_back_from_retirement_has_a_stock_again) {
  this->stock_on(1);
  PlayedCpus::as(1, [&] { this->heap.retire(1); });
  PlayedCpus::called.clear();
  EXPECT_FALSE(this->allocate_on(0, Layout(memory_size, 8)));
  EXPECT_TRUE(PlayedCpus::called.empty());
  this->stock_on(1);
  EXPECT_EQ(this->heap.check(), Fault::none);
  this->heap.retire(1);  // by another
  this->heap.retire(77);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, a_cpu_that_is_not_known_has_no_stock) {
  const Block block = this->allocate_on(4, small);
  ASSERT_TRUE(block);
  this->free_on(0xffffffff, block, small);
  this->stock_on(1);
  const std::uint64_t before = this->heap.times_locked();
  this->stock_on(4, 10);
  EXPECT_GE(this->heap.times_locked() - before, 20u);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, grows) {
  TypeParam grown;
  const Region all = this->memory.region();
  ASSERT_TRUE(grown.init({all.start, 262144}, all));
  std::vector<Block> live;
  while (const Block block = grown.allocate(small)) live.push_back(block);
  EXPECT_TRUE(grown.add({all.start + 262144, all.size - 262144}));
  EXPECT_TRUE(grown.allocate(Layout(memory_size / 2, 8)));
  for (const Block block : live) grown.deallocate(block.at, small);
  EXPECT_EQ(grown.check(), Fault::none);
  EXPECT_EQ(grown.add({all.start, 65536}).fault, Fault::region_overlaps);
}

TYPED_TEST(CpuCachedTest, blocks_outside_of_the_span_have_no_stock_and_are_right) {
  TypeParam grown;
  const std::vector<Block> live = this->take_all_beyond_the_span(grown);
  for (const Block block : live) grown.deallocate(block.at, small);
  this->expect_empty(grown);
}

TYPED_TEST(CpuCachedTest, resizes_in_place_and_knows_sizes) {
  const Block block = this->heap.allocate(large);
  EXPECT_TRUE(this->heap.resize(block.at, large, 9000));
  EXPECT_EQ(this->heap.size_of(block.at), 9008u);
  EXPECT_TRUE(this->heap.resize(block.at, large.with_size(9000), 100));
  EXPECT_FALSE(this->heap.resize(block.at, large.with_size(100), memory_size));
  EXPECT_TRUE(this->heap.owns(block.at) && !this->heap.owns(&block));
  this->heap.deallocate(block.at, large.with_size(100));
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, serves_aligned_requests) {
  for (const std::size_t alignment : {32u, 64u, 4096u}) {
    const Block block = this->heap.allocate(Layout(100, alignment));
    EXPECT_TRUE(is_aligned(address_of(block.at), alignment));
    this->heap.deallocate(block.at, Layout(100, alignment));
  }
  this->heap.deallocate(nullptr, small);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedTest, steps_through_its_tiles) {
  this->stock_on(1);
  const Block block = this->heap.allocate(small);
  std::size_t used = 0;
  const std::byte* at = nullptr;
  do {
    at = this->heap.walk_step(at, 1, [&](const Extent& tile) { used += tile.kind == ExtentKind::used; });
  } while (at != nullptr);
  EXPECT_EQ(used, 1u);
  CheckStep step;
  do step = this->heap.check_step(step.next, 2);
  while (step.next != nullptr);
  EXPECT_EQ(step.fault, Fault::none);
  this->heap.deallocate(block.at, small);
}

// ---- Bad frees. All in one test each, so that each way is tried in each place where a freed block can be.

template <class Heap>
using CpuCachedMisuse = CpuCachedTest<Heap>;
TYPED_TEST_SUITE(CpuCachedMisuse, AllWays);

TYPED_TEST(CpuCachedMisuse, a_second_free_is_caught_wherever_the_block_is) {
  // In the magazine at hand, in the spare one, in the depot, in the heap inside.
  for (const int freed_after : {0, 30, 100, 400}) {
    std::vector<Block> live = this->allocate_on(0, small, 500);
    const Block block = live.back();
    live.pop_back();
    this->free_on(0, block, small);
    for (int count = 0; count < freed_after; ++count) {
      this->free_on(0, live.back(), small);
      live.pop_back();
    }
    const FaultReport here = stop_of([&] { this->heap.deallocate(block.at, small); });
    EXPECT_EQ(here.fault, Fault::freed_twice) << freed_after;
    EXPECT_EQ(here.address, block.at);
    EXPECT_NE(here.caller, nullptr);
    this->free_on(0, live, small);
    this->expect_fresh();
  }
}

TYPED_TEST(CpuCachedMisuse, a_stop_names_the_place_that_freed_wrongly) {
  const Block block = this->allocate_on(0, small);
  this->free_on(0, block, small);
  const FaultReport one = stop_of([&] { this->heap.deallocate(block.at, small); });
  const FaultReport another = stop_of([&] { this->heap.deallocate(block.at, small); });
  EXPECT_NE(one.caller, another.caller);
}

TYPED_TEST(CpuCachedMisuse, a_second_free_on_another_cpu_is_caught) {
  this->stock_on(2);
  const Block block = this->allocate_on(1, small);
  this->free_on(1, block, small);
  PlayedCpus::number = 2;
  EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, small); }).fault, Fault::freed_twice);
  PlayedCpus::number = 0;
  EXPECT_EQ(stop_of([&] { static_cast<void>(this->heap.resize(block.at, small, 20)); }).fault, Fault::freed_twice);
  this->expect_fresh();
}

TYPED_TEST(CpuCachedMisuse, a_second_free_is_caught_while_its_cpu_does_not_answer) {
  const Block block = this->allocate_on(1, small);
  this->free_on(1, block, small);
  PlayedCpus::on_call = nullptr;
  EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, small); }).fault, Fault::freed_twice);
}

TYPED_TEST(CpuCachedMisuse, a_write_to_a_free_block_is_caught_before_it_leads_astray) {
  for (const bool lends_again : {true, false}) {
    TypeParam heap;  // which is of no use any more after a stop
    ASSERT_TRUE(heap.init(this->memory.region()));
    PlayedCpus::number = 0;
    const Block live[] = {heap.allocate(small), heap.allocate(small), heap.allocate(small)};
    for (const Block block : live) heap.deallocate(block.at, small);
    std::byte* const first = live[2].at;
    std::memset(first, 0, 4);
    const FaultReport report = stop_of([&] { lends_again ? static_cast<void>(heap.allocate(small)) : heap.trim(); });
    EXPECT_EQ(report.fault, Fault::written_after_free);
    EXPECT_EQ(report.address, first);
    EXPECT_NE(report.caller, nullptr);
  }
}

TEST(MagazineNodeTest, every_bit_that_changes_is_noticed) {
  alignas(16) std::array<std::uint32_t, 4> bytes{};
  auto& node = reinterpret_cast<MagazineNode<std::uint32_t>&>(bytes);
  node.link(4711);
  EXPECT_TRUE(node.is_whole() && node.is_whole_but_below() && node.has_key());
  for (std::size_t word = 0; word < 4; ++word) {
    for (unsigned bit = 0; bit < 32; ++bit) {
      bytes[word] ^= 1U << bit;
      EXPECT_FALSE(node.is_whole());
      EXPECT_EQ(node.is_whole_but_below(), word == 1);
      EXPECT_EQ(node.has_key(), word != 3);
      bytes[word] ^= 1U << bit;
    }
  }
  alignas(16) MagazineNode<std::uint32_t> copy = node;
  EXPECT_FALSE(copy.is_whole() || copy.has_key());
  node.stack_on(42);
  EXPECT_TRUE(node.next() == 4711 && node.below() == 42 && node.is_whole_but_below() && node.has_key());
  node.clear_key();
  EXPECT_FALSE(node.has_key());
}

TYPED_TEST(CpuCachedMisuse, wrong_sizes_and_addresses_are_caught) {
  this->stock_on(0);
  const Block first = this->heap.allocate(small);
  const Block second = this->heap.allocate(small);
  const auto fault_of = [&](std::byte* at, Layout asked) {
    return stop_of([&] { this->heap.deallocate(at, asked); }).fault;
  };
  EXPECT_EQ(fault_of(first.at, Layout(32, 8)), Fault::wrong_layout);
  EXPECT_EQ(fault_of(first.at, Layout(64, 8)), Fault::wrong_layout);
  EXPECT_EQ(fault_of(std::min(first.at, second.at), Layout(96, 8)), Fault::wrong_layout);  // both at once
  EXPECT_EQ(fault_of(first.at, large), Fault::wrong_layout);
  EXPECT_EQ(fault_of(first.at + 16, Layout(32, 8)), Fault::never_lent);
  EXPECT_EQ(fault_of(first.at + 8, small), Fault::never_lent);
  EXPECT_EQ(fault_of(reinterpret_cast<std::byte*>(&this->heap), small), Fault::never_lent);
  this->heap.deallocate(first.at, small);
  this->heap.deallocate(second.at, small);
  this->expect_fresh();
}

// The word that tells a freed block is one that the program may have written, too.
TYPED_TEST(CpuCachedMisuse, a_block_that_looks_like_a_freed_one_is_freed) {
  this->stock_on(1);
  const Block block = this->heap.allocate(small);
  const std::size_t turned = ~address_of(block.at);
  std::memcpy(block.at + 8, &turned, 8);
  EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, small); }).fault, Fault::none);
  this->expect_fresh();
}

}  // namespace
}  // namespace bareheap
