// SPDX-License-Identifier: MIT
// Walks and checks in steps: of every heap, of one that changes between two steps, and of one that is torn. What
// wrappers add to a step is for resumable_wrappers_test.cpp.
#include "bareheap/core/resumable.hpp"

#include "bareheap/bareheap.hpp"
#include "core/steps.hpp"
#include "laws/fixed.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace bareheap {
namespace {

using test::expect_steps_to_find_every_flip;
using test::found_in_steps;
using test::stepped;
using test::walked;

/// An Allocator with nothing beside it.
template <class Heap>
class Plain {
 public:
  Admission init(Region region) noexcept { return heap_.init(region); }
  Block allocate(Layout asked) noexcept { return heap_.allocate(asked); }
  void deallocate(std::byte* at, Layout asked) noexcept { heap_.deallocate(at, asked); }
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept { return heap_.resize(at, asked, size); }
  bool owns(const std::byte* at) const noexcept { return heap_.owns(at); }
  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }
  Fault check() const noexcept { return heap_.check(); }

 private:
  Heap heap_;
};

/// Keeps nothing back.
struct Reserved : Reserve<HoleList> {
  Reserved() : Reserve(Layout(size_limit, 1)) {}
};

static_assert(Stepwise<Locked<Counted<Headered<Checked<PageHeap>>>, NoLock>> && Stepwise<Reserve<StoryPages>>);
static_assert(Stepwise<Fallback<Bump, HoleList>> && !Stepwise<Fallback<Bump, Plain<HoleList>>>);
static_assert(!Stepwise<Locked<Counted<Headered<Checked<Plain<HoleList>>>>, NoLock>>);
static_assert(!Stepwise<Reserve<Plain<HoleList>>>);

template <class Heap>
class Resumable : public testing::Test {};
using Heaps = testing::Types<NullHeap, Bump, BasicBump<Direction::downward>, HoleList, PageHeap, StoryPages,
                             Plain<HoleList>, Plain<StoryPages>, Locked<HoleList, NoLock>, Counted<PageHeap>,
                             Headered<HoleList>, Checked<HoleList>, Reserved>;
TYPED_TEST_SUITE(Resumable, Heaps);

TYPED_TEST(Resumable, shows_every_tile_once_whatever_the_step) {
  const test::HostRegion memory(64 * 1024);
  laws::Trial<TypeParam> trial(memory.region(), false);
  laws::Dice dice(3);
  for (unsigned call = 0; call < 300; ++call) {
    ASSERT_EQ(laws::random_call(trial, dice, 4096), laws::Law::none);
    if (call % 50 != 49) continue;
    const test::Tiles whole = walked(trial.heap);
    for (const std::size_t count : {1u, 2u, 3u, 7u, 1000000u}) {
      EXPECT_EQ(stepped(trial.heap, count), whole) << count;
      EXPECT_EQ(found_in_steps(trial.heap, count), Fault::none) << count;
    }
    ResumableWalk walk(trial.heap);
    EXPECT_EQ(walk.step(0, [](const Extent&) { FAIL(); }), 0u);
    EXPECT_FALSE(walk.finished());
    static_cast<void>(walk.step(std::max<std::size_t>(whole.size(), 1), [](const Extent&) {}));
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

TEST_F(Changing, a_check_in_steps_finds_what_is_torn_where_it_is_torn_and_ends_there) {
  const std::size_t nothing = 0;
  std::memcpy(at(9), &nothing, sizeof nothing);  // the fifth of eight holes
  ResumableCheck check(heap);
  EXPECT_EQ(check.step(0), Fault::none);
  EXPECT_EQ(check.step(4), Fault::none);
  EXPECT_FALSE(check.finished());
  EXPECT_EQ(check.step(4), Fault::invariant_2);
  EXPECT_TRUE(check.finished());
  EXPECT_EQ(check.step(4), Fault::none) << "after the end";
  check.restart();
  EXPECT_FALSE(check.finished());
  EXPECT_EQ(check.step(5), Fault::invariant_2);
}

// The hole above the last one that is shown has a link that nobody may follow.
TEST_F(Changing, a_step_of_a_hole_list_goes_no_further_than_it_has_to) {
  const std::size_t nowhere = 16;
  std::memcpy(at(11) + sizeof(void*), &nowhere, sizeof nowhere);
  Extent tiles[10];
  ResumableWalk walk(heap);
  EXPECT_EQ(walk.step(tiles), 10u);
  EXPECT_EQ(tiles[9], (Extent{at(9), 16, ExtentKind::free}));
  ResumableCheck check(heap);
  EXPECT_EQ(check.step(6), Fault::none);
  EXPECT_EQ(check.step(1), Fault::invariant_2);
}

TEST_F(Changing, the_address_reached_is_not_read_when_its_tile_is_gone) {
  ResumableWalk walk(heap);
  ResumableCheck check(heap);
  Extent tiles[3];
  EXPECT_EQ(walk.step(tiles), 3u);
  EXPECT_EQ(check.step(2), Fault::none);
  for (std::size_t index = 0; index < 16; index += 2) free(index);
  const Block all = heap.allocate(Layout(256, 16));
  ASSERT_TRUE(all);
  std::memset(all.at, 0xFF, 256);
  EXPECT_EQ(walk.step(tiles), 1u);
  EXPECT_EQ(tiles[0], (Extent{at(3), 208, ExtentKind::used}));
  EXPECT_EQ(check.step(2), Fault::none);
  EXPECT_TRUE(walk.finished() && check.finished());
}

TEST_F(Changing, steps_of_a_check_find_every_flip_of_a_node_that_check_finds) {
  std::size_t found = 0;
  for (std::size_t index = 1; index < 16; index += 2) found += expect_steps_to_find_every_flip(heap, at(index), 16);
  EXPECT_GT(found, 900u);
}

TEST(ResumablePages, steps_of_a_check_find_every_flip_of_the_map_that_check_finds) {
  using Heap = BasicPageHeap<16, 32, 64>;
  using Map = PageMap<16, 32, 64, MaxTree, BitTree>;
  constexpr std::size_t pages = 40;
  const test::HostRegion memory(pages * 64);
  const test::HostRegion map(Heap::map_size(pages));
  Heap heap;
  ASSERT_TRUE(heap.init(memory.region(), map.region()));
  laws::Dice dice(5);
  for (unsigned call = 0; call < 24; ++call) {
    const Block run = heap.allocate(Layout(64 + dice.below(100), 1));
    ASSERT_TRUE(heap.allocate(Layout(1 + dice.below(32), 1)));
    if (run && call % 2 == 0) heap.deallocate(run.at, Layout(run.size, 1));
  }
  ASSERT_EQ(heap.check(), Fault::none);
  const std::size_t words = Heap::map_size(pages) - sizeof(Map);
  EXPECT_GT(expect_steps_to_find_every_flip(heap, map.start() + sizeof(Map), words), 1500u);
}

TEST(ResumablePages, a_step_goes_on_inside_a_run_and_inside_a_cut_page) {
  const test::HostRegion memory(8 * 4096);
  const test::HostRegion map(PageHeap::map_size(8));
  PageHeap heap;
  ASSERT_TRUE(heap.init(memory.region(), map.region()));
  const Block first = heap.allocate_pages(2);
  const Block second = heap.allocate_pages(2);
  ResumableWalk walk(heap);
  ResumableCheck check(heap);
  Extent tile[1];
  EXPECT_EQ(walk.step(tile), 1u);
  EXPECT_EQ(check.step(1), Fault::none);
  heap.deallocate_pages(first.at, 2);
  heap.deallocate_pages(second.at, 2);
  ASSERT_EQ(heap.allocate_pages(7).at, memory.start());
  EXPECT_EQ(check.step(1), Fault::none);
  EXPECT_FALSE(check.finished());
  EXPECT_EQ(walk.step(tile), 1u);
  EXPECT_EQ(tile[0], (Extent{memory.start() + 2 * 4096, 5 * 4096, ExtentKind::used}));
  ASSERT_TRUE(heap.allocate(Layout(256, 1)));
  Extent blocks[5];
  EXPECT_EQ(walk.step(blocks), 5u);
  EXPECT_EQ(walk.step(tile), 1u);
  EXPECT_EQ(tile[0], (Extent{memory.start() + 7 * 4096 + 5 * 256, 256, ExtentKind::free}));
  EXPECT_EQ(check.step(1), Fault::none);
  EXPECT_TRUE(check.finished());
}

TEST(ResumablePages, free_runs_that_touch_are_found_between_two_steps) {
  const test::HostRegion memory(8 * 4096);
  const test::HostRegion map(PageHeap::map_size(8));
  PageHeap heap;
  ASSERT_TRUE(heap.init(memory.region(), map.region()));
  for (unsigned page = 0; page < 3; ++page) ASSERT_TRUE(heap.allocate_pages(1));
  for (const unsigned page : {0u, 2u}) heap.deallocate_pages(memory.start() + page * 4096, 1);
  const std::uint32_t free_page = 7u << 29 | 1;
  std::byte* const words = map.start() + sizeof(PageMap<16, 256, 4096, MaxTree, BitTree>);
  std::memcpy(words + sizeof free_page, &free_page, sizeof free_page);
  EXPECT_EQ(found_in_steps(heap, 1), Fault::invariant_3);
}

// The regions of the first are 0 and 2. Every page of 0 and 1 is a tile, and 2 is one.
TEST(ResumablePages, steps_of_a_check_test_every_region_of_every_heap) {
  using Heap = BasicPageHeap<16, 32, 64>;
  constexpr std::size_t pages = 8;
  const test::HostRegion memory(3 * pages * 64);
  const test::HostRegion maps[] = {test::HostRegion(Heap::map_size(pages)), test::HostRegion(Heap::map_size(pages)),
                                   test::HostRegion(Heap::map_size(pages))};
  const auto part = [&](std::size_t index) { return Region{memory.start() + index * pages * 64, pages * 64}; };
  Fallback<Heap, Heap> heap;
  ASSERT_TRUE(heap.first().init(part(0), maps[0].region()));
  ASSERT_TRUE(heap.second().init(part(1), maps[1].region()));
  ASSERT_TRUE(heap.first().add(part(2), maps[2].region()));
  for (std::size_t page = 0; page < pages; ++page) {
    ASSERT_TRUE(heap.first().allocate_pages(1));
    ASSERT_TRUE(heap.second().allocate_pages(1));
  }
  for (const test::HostRegion& map : maps) {
    const std::size_t head = sizeof(PageMap<16, 32, 64, MaxTree, BitTree>);
    EXPECT_GT(expect_steps_to_find_every_flip(heap, map.start() + head, Heap::map_size(pages) - head), 300u);
  }
}

}  // namespace
}  // namespace bareheap
