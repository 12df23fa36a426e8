// SPDX-License-Identifier: MIT
#include "bareheap/bareheap.hpp"
#include "laws/broken_engines.hpp"
#include "laws/closure.hpp"
#include "laws/fixed.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <vector>

namespace bareheap::laws {
namespace {

constexpr std::size_t region_size = std::size_t{4} << 20;

/// Page-aligned memory from the host, as large as every alignment of the laws wants.
Region host_region() {
  static const std::unique_ptr<std::byte[], decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(std::size_t{1} << 20, region_size)), &std::free);
  return {memory.get(), region_size};
}

template <class Heap>
constexpr bool merges = true;
template <std::size_t Small, std::size_t Medium, std::size_t Page>
constexpr bool merges<BasicStoryPages<Small, Medium, Page>> = false;

/// As much as an engine's map of small pages can be walked through after every call.
template <class Heap>
constexpr std::size_t room = region_size;
template <>
constexpr std::size_t room<BasicStoryPages<16, 64, 256>> = std::size_t{256} << 10;
template <>
constexpr std::size_t room<BasicPageHeap<16, 64, 256>> = std::size_t{256} << 10;

template <class Heap>
class Laws : public testing::Test {};
using Engines = testing::Types<NullHeap, Bump, BasicBump<Direction::downward>, HoleList, BasicHoleList<Carving::tail>, PageHeap, BasicPageHeap<16, 64, 256>, StoryPages,
                               BasicStoryPages<16, 64, 256>>;
TYPED_TEST_SUITE(Laws, Engines);

TYPED_TEST(Laws, fixed_part) {
  const Verdict verdict = keep_the_laws<TypeParam>({host_region().start, room<TypeParam>}, merges<TypeParam>, 8);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": " << verdict.part << " " << verdict.first << ", "
                              << verdict.second;
}

TYPED_TEST(Laws, every_region_of_every_size) {
  const Verdict verdict = sweep_regions<TypeParam>(host_region(), merges<TypeParam>, 1);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": start " << verdict.first << ", size " << verdict.second;
}

struct Call {
  unsigned choice;
  std::size_t size;
  unsigned alignment_shift;
};

rc::Gen<std::vector<Call>> calls() {
  const auto size = rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 80), rc::gen::inRange<std::size_t>(0, 20000),
                                   rc::gen::arbitrary<std::size_t>());
  return rc::gen::container<std::vector<Call>>(rc::gen::construct<Call>(
      rc::gen::inRange(0u, 8u), size, rc::gen::inRange(0u, 21u)));
}

template <class Heap>
Law apply(Trial<Heap>& trial, const Call& call) {
  auto& auditor = trial.auditor;
  if (auditor.live() == 0 || (call.choice < 4 && !auditor.full())) {
    return auditor.allocate(Layout(call.size, std::size_t{1} << call.alignment_shift));
  }
  const std::size_t index = (call.size + call.alignment_shift) % auditor.live();
  return call.choice == 7 ? auditor.resize(index, call.size) : auditor.free(index, call.alignment_shift);
}

TYPED_TEST(Laws, any_calls_on_any_region) {
  const bool kept = rc::check("the laws hold for any calls on any region", [] {
    const auto offset = *rc::gen::inRange<std::size_t>(0, 5000);
    const auto size = *rc::gen::inRange<std::size_t>(0, 200000);
    const auto program = *calls();
    Trial<TypeParam> trial({host_region().start + offset, size}, merges<TypeParam>);
    for (const Call& call : program) RC_ASSERT(apply(trial, call) == Law::none);
    RC_ASSERT(trial.auditor.free_all(static_cast<unsigned>(size % 3)) == Law::none);
  });
  EXPECT_TRUE(kept);
}

template <class Heap>
Law first_broken() {
  return keep_the_laws<Heap>(host_region(), true, 64).law;
}

TEST(BrokenEngines, each_law_has_an_engine_that_fails_it_and_no_other) {
  EXPECT_EQ(first_broken<BreaksAligned>(), Law::aligned);
  EXPECT_EQ(first_broken<BreaksEnough>(), Law::enough);
  EXPECT_EQ(first_broken<BreaksApart>(), Law::apart);
  EXPECT_EQ(first_broken<BreaksOwned>(), Law::owned);
  EXPECT_EQ(first_broken<BreaksApartAtTheEnd>(), Law::apart);
  EXPECT_EQ(first_broken<BreaksOwnedAtTheEnd>(), Law::owned);
  EXPECT_EQ(first_broken<BreaksTiled>(), Law::tiled);
  EXPECT_EQ(first_broken<BreaksWholeAgain>(), Law::whole_again);
  EXPECT_EQ(first_broken<BreaksNothingLost>(), Law::nothing_lost);
  EXPECT_EQ(first_broken<BreaksSameAgain>(), Law::same_again);
  EXPECT_EQ(first_broken<BreaksSound>(), Law::sound);
}

template <class Heap>
ClosureResult close(std::size_t bytes, std::span<const Layout> layouts, bool merging = merges<Heap>) {
  Closure<Heap> closure({host_region().start, bytes}, merging, layouts);
  const ClosureResult result = closure.run(4'000'000);
  std::printf("closure: %zu states, %zu calls\n", result.states, result.calls);
  return result;
}

void expect_closed(const ClosureResult& result, std::size_t least_states) {
  EXPECT_STREQ(name_of(result.law), name_of(Law::none));
  EXPECT_GE(result.states, least_states);
  EXPECT_GT(result.calls, result.states);
}

TEST(Closure, every_reachable_state_of_a_tiny_bump_keeps_the_laws) {
  constexpr Layout layouts[] = {{0, 1}, {2, 2}, {3, 1}, {5, 4}, {9, 1}};
  expect_closed(close<Bump>(9, layouts), 1000);
  expect_closed(close<BasicBump<Direction::downward>>(9, layouts), 1000);
}

template <class Heap>
ClosureResult close_hole_list(std::size_t granules) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {48, 1}, {16, 64}, {1000, 1}};
  return close<Heap>(granules * 16, layouts);
}

TEST(Closure, every_reachable_state_of_a_tiny_hole_list_keeps_the_laws) {
  expect_closed(close_hole_list<HoleList>(12), 10000);
  expect_closed(close_hole_list<BasicHoleList<Carving::tail>>(12), 10000);
}

// A page of 64 bytes becomes three small blocks or one medium block.
TEST(Closure, every_reachable_state_of_two_tiny_story_pages_keeps_the_laws) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}, {1, 128}};
  expect_closed(close<BasicStoryPages<16, 32, 64>>(2 * 64, layouts), 1000);
}

TEST(Closure, every_reachable_state_of_four_tiny_story_pages_keeps_the_laws) {
  constexpr Layout layouts[] = {{32, 1}, {64, 1}, {65, 1}, {1, 128}};
  expect_closed(close<BasicStoryPages<16, 32, 64>>(4 * 64, layouts), 1000);
}

void expect_closed_pages(std::size_t pages, std::span<const Layout> layouts) {
  using Heap = BasicPageHeap<16, 32, 64>;
  const std::size_t map = CheckedSize(Heap::map_size(pages)).aligned_up(Heap::page_size).value();
  expect_closed(close<Heap>(map + pages * Heap::page_size, layouts), 1000);
}

TEST(Closure, every_reachable_state_of_a_tiny_page_heap_keeps_the_laws) {
  constexpr Layout blocks[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}, {16, 128}};
  expect_closed_pages(3, blocks);
  constexpr Layout runs[] = {{64, 1}, {65, 1}, {129, 1}, {64, 128}};
  expect_closed_pages(9, runs);
}

TEST(Closure, a_seeded_fault_is_found) {
  constexpr Layout layouts[] = {{1, 1}, {2, 2}, {5, 4}};
  EXPECT_EQ(close<BreaksAligned>(12, layouts, true).law, Law::aligned);
  EXPECT_EQ(close<BreaksWholeAgain>(12, layouts, true).law, Law::whole_again);
}

}  // namespace
}  // namespace bareheap::laws
