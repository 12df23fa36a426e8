// SPDX-License-Identifier: MIT
//
// The misuse closure: in every state that a tiny heap can reach, every address in and around the heap is freed and
// resized, with right and with wrong layouts, and every bit of the nodes in free memory is flipped. Under Checked every
// byte that is not lent is overwritten too, and each block over- and underflows by up to 64 bytes. What is not noticed
// is counted; a stop must have changed nothing.
#include "laws/closure_granules.hpp"
#include "laws/misuse.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace bareheap {

void panic(const FaultReport&) noexcept { std::longjmp(laws::after_stop, 1); }

}  // namespace bareheap

namespace bareheap::laws {
namespace {

alignas(4096) std::byte memory[3 * 4096];

template <class Heap>
Count close(std::size_t bytes, std::span<const Layout> layouts, std::size_t node_size = 0,
            std::span<std::byte* const> wild = {}, bool merging = merges<Heap>) {
  const Region region{memory + 4096, bytes};
  Closure<Heap> closure(region, merging, layouts);
  Misuse<Heap> misuse(region, layouts, node_size, wild);
  const ClosureResult result = closure.run(4'000'000, std::ref(misuse));
  EXPECT_STREQ(name_of(result.law), name_of(Law::none));
  EXPECT_GT(result.calls, result.states);
  const Count& count = misuse.count();
  std::printf("%zu states, %zu calls\n", result.states, result.calls);
  count.frees.print("wrong frees");
  count.resizes.print("wrong resizes");
  count.flips.print("bits of nodes flipped");
  count.around_blocks.print("writes around blocks");
  count.in_quarantine.print("writes into the quarantine");
  count.elsewhere.print("bytes written elsewhere");
  EXPECT_EQ(count.changed_by_a_stop, 0u);
  return count;
}

TEST(MisuseClosure, NullHeap_stops_every_free) {
  constexpr Layout layouts[] = {{1, 1}, {16, 16}};
  const Count count = close<NullHeap>(64, layouts);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.refused, count.resizes.tried);
}

// What is left unnoticed is what only a list of lent blocks could tell: a part of a lent block freed, and a hole that a
// flipped bit made smaller or skipped by whole granules.
template <class Heap>
void expect_holes_kept() {
  constexpr std::size_t granule = Heap::granule;
  constexpr Layout layouts[] = {{granule, granule}, {2 * granule, granule}, {3 * granule, granule}};
  const Count count = close<Heap>(8 * granule, layouts, granule);
  EXPECT_EQ(count.frees.found_by_check, 0u) << "what is not stopped leaves the list whole";
  EXPECT_LT(count.frees.unnoticed * 50, count.frees.tried);
  EXPECT_LT(count.flips.unnoticed * 50, count.flips.tried);
}

TEST(MisuseClosure, HoleList_stops_every_free_that_touches_a_hole) {
  expect_holes_kept<HoleList>();
  expect_holes_kept<BasicHoleList<Carving::tail>>();
}

TEST(MisuseClosure, StoryPages_stops_what_is_no_entry_and_check_finds_double_frees) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}};
  const Count count = close<BasicStoryPages<16, 32, 64>>(2 * 64, layouts);
  EXPECT_GT(count.frees.found_by_check, 0u);
  EXPECT_LT(count.frees.unnoticed * 100, count.frees.tried);
}

template <std::size_t Small, std::size_t Medium, std::size_t Page>
constexpr std::size_t room_for(std::size_t pages) {
  const std::size_t map = BasicPageHeap<Small, Medium, Page>::map_size(pages);
  return (CheckedSize(map).aligned_up(Page) + CheckedSize(pages) * Page).value();
}

// Its map tells every block: whatever is no right free is stopped.
TEST(MisuseClosure, PageHeap_stops_every_wrong_free_and_resize) {
  constexpr Layout layouts[] = {{16, 16}, {32, 16}, {64, 16}, {65, 16}};
  const Count count = close<BasicPageHeap<16, 32, 64>>(room_for<16, 32, 64>(2), layouts);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
}

/// The page of address 0, the top of memory, other memory, and what is twice as far from the heap each time.
std::vector<std::byte*> wild_addresses() {
  static std::byte elsewhere[64];
  std::vector<std::byte*> wild;
  const auto add = [&](std::size_t address) { wild.push_back(reinterpret_cast<std::byte*>(address)); };
  for (std::size_t at = 1; at <= 64; ++at) {
    for (const std::size_t start : {std::size_t{0}, size_limit - 64, address_of(elsewhere)}) add(start + at - 1);
  }
  for (std::size_t distance = 2 * sizeof memory; distance != 0; distance *= 2) {
    for (const std::byte* at : {memory + 4096, memory + 5120}) add(address_of(at) + distance);
    add(address_of(memory + 4096) - distance);
  }
  std::erase(wild, nullptr);
  return wild;
}

/// Of every size, to free with too: a wrong alignment is not noticed.
template <class Heap>
std::vector<Layout> every_size(std::size_t granules) {
  std::vector<Layout> layouts;
  for (std::size_t size = 1; size <= granules + 1; ++size) layouts.push_back({size * Heap::granule, Heap::granule});
  layouts.push_back({size_limit, Heap::granule});
  return layouts;
}

void expect_all_stopped(const Count& count) {
  EXPECT_GT(count.frees.tried, 100'000u);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
}

template <class Heap>
void expect_granules_kept(std::size_t granules) {
  const auto give = [](Heap& heap, std::size_t bytes) { return static_cast<bool>(heap.init({memory + 4096, bytes})); };
  const std::size_t bytes = bytes_for<Heap>(granules, give);
  expect_all_stopped(close<Heap>(bytes, every_size<Heap>(granules), 0, wild_addresses()));
}

template <class Heap>
void expect_pieces_kept(std::size_t first, std::size_t each) {
  const auto donations = in_a_span<Heap>(memory + 4096, first, each);
  const std::size_t bytes = donations.lay_down().size;
  expect_all_stopped(close<InPieces<Heap>>(bytes, every_size<Heap>(first + each), 0, wild_addresses(), false));
}

// Their maps tell every block.
TEST(MisuseClosure, RealTimeHeap_stops_every_wrong_free_and_resize) {
  expect_granules_kept<RealTimeHeap>(6);
  expect_granules_kept<SmallRealTimeHeap>(6);
  expect_pieces_kept<RealTimeHeap>(2, 1);
}

TEST(MisuseClosure, GranuleHeap_stops_every_wrong_free_and_resize) {
  expect_granules_kept<BasicGranuleHeap<std::uint32_t, 1>>(3);
  expect_granules_kept<BasicGranuleHeap<std::uint16_t, 1>>(3);
  expect_pieces_kept<BasicGranuleHeap<std::uint32_t, 1>>(1, 1);
}

TEST(MisuseClosure, Bump_stops_what_lies_outside_of_what_is_lent) {
  constexpr Layout layouts[] = {{1, 1}, {2, 2}, {5, 4}};
  for (const Count& count : {close<Bump>(9, layouts), close<BasicBump<Direction::downward>>(9, layouts)}) {
    EXPECT_GT(count.frees.stopped, 10 * count.frees.unnoticed);
  }
}

/// Under Checked nothing goes unnoticed that is about a live block or one in quarantine.
template <class Heap>
void expect_all_found(std::size_t bytes, std::span<const Layout> layouts) {
  const Count count = close<Heap>(bytes, layouts);
  EXPECT_GT(count.frees.tried, 0u);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
  EXPECT_GT(count.around_blocks.tried, 0u);
  for (const WriteTally& writes : {count.around_blocks, count.in_quarantine}) {
    EXPECT_EQ(writes.missed_by_check, 0u);
    EXPECT_EQ(writes.missed_by_call, 0u);
  }
}

constexpr Layout few[] = {{0, 16}, {16, 1}, {40, 16}};

TEST(CheckedMisuse, NullHeap) {
  const Count count = close<Checked<NullHeap>>(64, few);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
}

TEST(CheckedMisuse, Bump) {
  expect_all_found<Checked<Bump, 0>>(300, few);
  expect_all_found<Checked<BasicBump<Direction::downward>, 0>>(300, few);
}

TEST(CheckedMisuse, HoleList) {
  expect_all_found<Checked<HoleList, 0>>(16 * 16, few);
  expect_all_found<Checked<BasicHoleList<Carving::tail>, 0>>(16 * 16, few);
}

TEST(CheckedMisuse, HoleList_with_a_quarantine) {
  expect_all_found<Checked<HoleList, 1>>(16 * 16, few);
  expect_all_found<Checked<HoleList, 2>>(13 * 16, std::span(few).first(2));
}

TEST(CheckedMisuse, PageHeap) {
  constexpr Layout layouts[] = {{0, 16}, {48, 1}, {100, 16}};
  expect_all_found<Checked<BasicPageHeap<16, 128, 256>, 1>>(room_for<16, 128, 256>(1), layouts);
}

TEST(CheckedMisuse, StoryPages) {
  constexpr Layout layouts[] = {{0, 16}, {48, 1}, {300, 16}};
  expect_all_found<Checked<BasicStoryPages<128, 256, 512>, 0>>(512, layouts);
  expect_all_found<Checked<BasicStoryPages<128, 256, 512>, 1>>(512, std::span(layouts).first(2));
}

}  // namespace
}  // namespace bareheap::laws
