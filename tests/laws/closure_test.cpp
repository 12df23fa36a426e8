// SPDX-License-Identifier: MIT
// Every state that a tiny heap can reach keeps the laws: each engine by itself, and under Checked.
#include "laws/broken_engines.hpp"
#include "laws/closure_granules.hpp"
#include "wrappers/stacks.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace bareheap::laws {
namespace {

alignas(4096) std::byte memory[4096];

template <class Heap>
ClosureResult close(std::size_t bytes, std::span<const Layout> layouts, bool merging = merges<Heap>) {
  Closure<Heap> closure({memory, bytes}, merging, layouts);
  const ClosureResult result = closure.run(4'000'000);
  std::printf("closure: %zu states, %zu calls\n", result.states, result.calls);
  return result;
}

void expect_closed(const ClosureResult& result, std::size_t least_states) {
  EXPECT_STREQ(name_of(result.law), name_of(Law::none));
  EXPECT_GE(result.states, least_states);
  EXPECT_GT(result.calls, result.states);
}

TEST(Closure, NullHeap_has_one_state) {
  constexpr Layout layouts[] = {{0, 1}, {16, 16}};
  EXPECT_EQ(close<NullHeap>(64, layouts).states, 1u);
  EXPECT_EQ((close<Checked<NullHeap>>(64, layouts).states), 1u);
}

TEST(Closure, Bump_on_9_bytes) {
  constexpr Layout layouts[] = {{0, 1}, {2, 2}, {3, 1}, {5, 4}, {9, 1}};
  expect_closed(close<Bump>(9, layouts), 1000);
  expect_closed(close<BasicBump<Direction::downward>>(9, layouts), 1000);
}

template <class Heap>
ClosureResult close_hole_list(std::size_t granules) {
  constexpr std::size_t granule = Heap::granule;
  constexpr Layout layouts[] = {
      {granule, granule}, {2 * granule, 1}, {3 * granule, 1}, {granule, 4 * granule}, {1000, 1}};
  return close<Heap>(granules * granule, layouts);
}

TEST(Closure, HoleList_on_12_granules) {
  expect_closed(close_hole_list<HoleList>(12), 10000);
  expect_closed(close_hole_list<BasicHoleList<Carving::tail>>(12), 10000);
}

// A page of 64 bytes becomes three small blocks or one medium block.
TEST(Closure, StoryPages_with_two_tiny_pages) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}, {1, 128}};
  expect_closed(close<BasicStoryPages<16, 32, 64>>(2 * 64, layouts), 1000);
}

TEST(Closure, StoryPages_with_four_tiny_pages) {
  constexpr Layout layouts[] = {{32, 1}, {64, 1}, {65, 1}, {1, 128}};
  expect_closed(close<BasicStoryPages<16, 32, 64>>(4 * 64, layouts), 1000);
}

template <std::size_t Small, std::size_t Medium, std::size_t Page>
constexpr std::size_t room_for(std::size_t pages) {
  const std::size_t map = BasicPageHeap<Small, Medium, Page>::map_size(pages);
  return (CheckedSize(map).aligned_up(Page) + CheckedSize(pages) * Page).value();
}

TEST(Closure, PageHeap_with_three_tiny_pages_and_nine) {
  constexpr Layout blocks[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}, {16, 128}};
  expect_closed(close<BasicPageHeap<16, 32, 64>>(room_for<16, 32, 64>(3), blocks), 1000);
  constexpr Layout runs[] = {{64, 1}, {65, 1}, {129, 1}, {64, 128}};
  expect_closed(close<BasicPageHeap<16, 32, 64>>(room_for<16, 32, 64>(9), runs), 1000);
}

template <class Heap>
ClosureResult close_granules(std::size_t granules) {
  const auto give = [](Heap& heap, std::size_t bytes) { return static_cast<bool>(heap.init({memory, bytes})); };
  return close<Heap>(bytes_for<Heap>(granules, give), every_layout<Heap>(granules));
}

/// So tiny a heap stocks nothing where a block may be 1/256 of its memory, so it may be all.
template <class Index>
using Stocking = BasicGranuleHeap<Index, 1>;

TEST(Closure, RealTimeHeap_on_10_granules) {
  expect_closed(close_granules<RealTimeHeap>(10), 20'000);
  expect_closed(close_granules<SmallRealTimeHeap>(9), 5000);
}

TEST(Closure, GranuleHeap_on_5_granules) {
  expect_closed(close_granules<Stocking<std::uint32_t>>(4), 1000);
  expect_closed(close_granules<BasicGranuleHeap<std::uint16_t, 2>>(5), 10'000);
  expect_closed(close_granules<GranuleHeap>(8), 1000);
}

TEST(Closure, the_stock_lies_where_the_closure_looks) {
  using Heap = Stocking<std::uint32_t>;
  Heap heap;
  ASSERT_TRUE(heap.init({memory, sizeof memory}));
  const auto stock = StockOf<std::uint32_t>::of(heap);
  for (unsigned blocks = 0; blocks < 4; ++blocks) EXPECT_TRUE(heap.allocate({3 * Heap::granule, 1}));
  EXPECT_EQ(stock.batches[2], 3);
  EXPECT_NE(stock.heads[3], 0u);
  EXPECT_EQ(stock.batches.back(), 0);
}

template <class Heap>
ClosureResult close_in_pieces(const Donations<Heap>& donations, std::span<const Layout> layouts) {
  return close<InPieces<Heap>>(donations.lay_down().size, layouts, false);
}

template <class Heap>
ClosureResult close_in_a_span(std::size_t first, std::size_t each) {
  return close_in_pieces(in_a_span<Heap>(memory, first, each), every_layout<Heap>(first + each));
}

TEST(Closure, RealTimeHeap_with_memory_that_comes_later) {
  expect_closed(close_in_a_span<RealTimeHeap>(3, 2), 5000);
  expect_closed(close_in_a_span<SmallRealTimeHeap>(2, 2), 1000);
}

TEST(Closure, RealTimeHeap_with_memory_outside_its_span) {
  constexpr std::size_t granule = RealTimeHeap::granule;
  Donations<RealTimeHeap> apart(memory, 2, 0);
  const std::size_t larger_than_the_span = 24 * granule;
  apart.piece(2, 0).bytes(1, larger_than_the_span);
  constexpr Layout layouts[] = {{2 * granule, 1}, {5 * granule, 1}, {7 * granule, 4 * granule}};
  expect_closed(close_in_pieces(apart, layouts), 100);
}

TEST(Closure, GranuleHeap_with_memory_that_comes_later) {
  expect_closed(close_in_a_span<Stocking<std::uint32_t>>(1, 1), 1000);
  expect_closed(close_in_a_span<Stocking<std::uint16_t>>(2, 1), 1000);
}

// Under Checked a block has at least 80 bytes around it. The order of the live blocks and of the quarantine is part of
// the state.
constexpr Layout few[] = {{0, 1}, {16, 16}, {48, 1}};

TEST(CheckedClosure, Bump_on_400_bytes) {
  expect_closed(close<Checked<Bump, 0>>(400, few), 10'000);
  expect_closed(close<Checked<BasicBump<Direction::downward>, 0>>(400, few), 1000);
}

TEST(CheckedClosure, HoleList_on_22_granules) {
  expect_closed(close<Checked<HoleList, 0>>(22 * 16, few), 10'000);
  expect_closed(close<Checked<BasicHoleList<Carving::tail>, 0>>(22 * 16, few), 10'000);
}

TEST(CheckedClosure, HoleList_with_a_quarantine) {
  expect_closed(close<Checked<HoleList, 1>>(18 * 16, few), 1000);
  expect_closed(close<Checked<BasicHoleList<Carving::tail>, 1>>(18 * 16, few), 1000);
  expect_closed(close<Checked<HoleList, 2>>(16 * 16, few), 1000);
}

TEST(CheckedClosure, PageHeap) {
  constexpr Layout layouts[] = {{0, 1}, {48, 16}, {100, 1}};
  expect_closed(close<Checked<BasicPageHeap<16, 128, 256>, 0>>(room_for<16, 128, 256>(2), layouts), 1000);
  expect_closed(close<Checked<BasicPageHeap<16, 128, 256>, 1>>(room_for<16, 128, 256>(2), layouts), 1000);
  constexpr Layout of_one_class[] = {{0, 1}, {100, 1}};
  expect_closed(close<Checked<BasicPageHeap<16, 128, 256>, 2>>(room_for<16, 128, 256>(2), of_one_class), 1000);
}

TEST(CheckedClosure, StoryPages) {
  constexpr Layout layouts[] = {{0, 1}, {48, 16}, {300, 1}};
  expect_closed(close<Checked<BasicStoryPages<16, 128, 256>, 0>>(2 * 256, layouts), 10);
  expect_closed(close<Checked<BasicStoryPages<128, 256, 512>, 0>>(512, layouts), 100);
  expect_closed(close<Checked<BasicStoryPages<128, 256, 512>, 1>>(512, layouts), 1000);
  expect_closed(close<Checked<BasicStoryPages<128, 256, 512>, 2>>(512, layouts), 10'000);
}

TEST(Closure, a_seeded_fault_is_found) {
  constexpr Layout layouts[] = {{1, 1}, {2, 2}, {5, 4}};
  EXPECT_EQ(close<BreaksAligned>(12, layouts, true).law, Law::aligned);
  EXPECT_EQ(close<BreaksWholeAgain>(12, layouts, true).law, Law::whole_again);
}

}  // namespace
}  // namespace bareheap::laws
