// SPDX-License-Identifier: MIT
// What the heaps of granules do with one region: the cuts and the merges, aligned blocks, resizing in place, and every
// bad free. Those with a stock do the same where memory is scarce.
#include "bareheap/engines/real_time_heap.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "engines/window.hpp"
#include "laws/auditor.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace bareheap {
namespace {

using test::stop_of;
using test::Window;

using Heaps = testing::Types<RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap>;
template <class Heap>
class GranuleHeaps : public testing::Test {};
TYPED_TEST_SUITE(GranuleHeaps, Heaps);

TYPED_TEST(GranuleHeaps, exist_before_their_region_and_refuse_everything) {
  static constinit TypeParam heap;
  static std::byte foreign[64];
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
  EXPECT_FALSE(heap.allocate(Layout(0, 64)));
  EXPECT_FALSE(heap.owns(foreign));
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(test::drawing_of(heap, 1), "");
  heap.deallocate(nullptr, Layout(1, 1));
  heap.reset();
  EXPECT_EQ(heap.add({foreign, sizeof foreign}).fault, Fault::not_initialised);
  EXPECT_EQ(stop_of([] { heap.deallocate(foreign, Layout(16, 1)); }).fault, Fault::never_lent);
  EXPECT_EQ(stop_of([] { static_cast<void>(heap.resize(foreign, Layout(16, 1), 1)); }).fault, Fault::never_lent);
  EXPECT_EQ(stop_of([] { static_cast<void>(heap.size_of(foreign)); }).fault, Fault::never_lent);
}

TYPED_TEST(GranuleHeaps, take_a_region_once) {
  test::HostRegion memory(16384);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start(), 8192}));
  const std::string before = test::drawing_of(heap, 8);
  for (const std::size_t start : {0u, 8192u}) {
    const Admission again = heap.init({memory.start() + start, 8192});
    EXPECT_EQ(again.fault, Fault::initialised_twice);
    EXPECT_EQ(again.lost, 8192u);
  }
  EXPECT_EQ(test::drawing_of(heap, 8), before);
}

TYPED_TEST(GranuleHeaps, take_a_region_with_room_for_one_block_and_refuse_a_granule_less) {
  test::HostRegion memory(4096);
  std::size_t smallest = 1;
  for (; smallest <= 4096; ++smallest) {
    TypeParam heap;
    const Admission admission = heap.init({memory.start(), smallest});
    if (admission) break;
    EXPECT_EQ(admission.fault, Fault::region_too_small);
    EXPECT_EQ(admission.lost, smallest);
  }
  EXPECT_EQ(smallest % TypeParam::granule, 0u);
  EXPECT_LT(smallest, 1024u);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start(), smallest}));
  EXPECT_EQ(heap.allocate(Layout(TypeParam::granule, 1)).at + TypeParam::granule, memory.start() + smallest);
  EXPECT_FALSE(heap.allocate(Layout(0, 1)));
}

TYPED_TEST(GranuleHeaps, merge_with_a_free_block_below) {
  Window<TypeParam> window;
  for (const int place : {0, 4, 8}) ASSERT_EQ(window.take(4), place);
  window.free(0, 4);
  EXPECT_EQ(window.drawing(), "....########....................");
  window.free(4, 4);
  EXPECT_EQ(window.drawing(), "........####....................");
  EXPECT_EQ(window.take(8), 0);
}

TYPED_TEST(GranuleHeaps, merge_with_a_free_block_above) {
  Window<TypeParam> window;
  for (const int place : {0, 4, 8}) ASSERT_EQ(window.take(4), place);
  window.free(4, 4);
  window.free(0, 4);
  EXPECT_EQ(window.take(8), 0);
}

TYPED_TEST(GranuleHeaps, merge_with_free_blocks_on_both_sides) {
  Window<TypeParam> window;
  for (const int place : {0, 4, 8, 12}) ASSERT_EQ(window.take(4), place);
  window.free(0, 4);
  window.free(8, 4);
  window.free(4, 4);
  EXPECT_EQ(window.drawing(), "............####................");
  EXPECT_EQ(window.take(12), 0);
}

// Three neighbours of one or two granules each: edges that fall together, freed in every order.
TYPED_TEST(GranuleHeaps, merge_the_smallest_blocks_in_every_order) {
  constexpr int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (unsigned sizes = 0; sizes != 8; ++sizes) {
    for (const auto& order : orders) {
      Window<TypeParam> window;
      std::pair<int, std::size_t> blocks[3];
      for (unsigned block = 0; block != 3; ++block) {
        const std::size_t size = 1 + (sizes >> block & 1);
        blocks[block] = {window.take(size), size};
      }
      ASSERT_NE(window.take(1), -1);
      for (const int block : order) {
        window.free(blocks[block].first, blocks[block].second);
        ASSERT_EQ(window.drawing()[static_cast<std::size_t>(blocks[block].first)], '.');
      }
      const std::size_t whole = blocks[0].second + blocks[1].second + blocks[2].second;
      EXPECT_EQ(window.take(whole), 0) << "sizes " << sizes;
    }
  }
}

TYPED_TEST(GranuleHeaps, fill_a_hole_exactly_and_leave_nothing_of_it) {
  for (const std::size_t size : {1u, 2u, 3u, 7u, 20u}) {
    Window<TypeParam> window;
    ASSERT_EQ(window.take(size), 0);
    ASSERT_EQ(window.take(1), static_cast<int>(size));
    window.free(0, size);
    EXPECT_EQ(window.take(size, 1, TypeParam::granule - 1), 0) << "a byte of the last granule is enough";
    EXPECT_EQ(window.drawing().substr(0, size + 1), std::string(size + 1, '#'));
  }
}

TYPED_TEST(GranuleHeaps, prefer_the_hole_of_the_size_to_larger_ones) {
  Window<TypeParam> window;
  for (const std::size_t size : {6u, 1u, 3u, 1u, 4u, 1u}) ASSERT_NE(window.take(size), -1);
  window.free(0, 6);
  window.free(7, 3);
  window.free(11, 4);
  EXPECT_EQ(window.take(4), 11);
  EXPECT_EQ(window.take(3), 7);
  EXPECT_EQ(window.take(3), 0) << "the next larger one";
  EXPECT_EQ(window.take(5), 16);
}

TYPED_TEST(GranuleHeaps, refuse_what_no_hole_has_and_change_nothing) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(16), 0);
  const std::string before = window.drawing();
  for (const std::size_t size : {std::size_t{17}, std::size_t{33}, std::size_t{1} << 20}) {
    EXPECT_EQ(window.take(size), -1);
    EXPECT_EQ(window.take(size, 4096), -1);
  }
  for (const std::size_t size : {size_limit, size_limit - 7, size_limit / 2 + 1}) {
    EXPECT_FALSE(window.heap.allocate(Layout(size, 1)));
    EXPECT_FALSE(window.heap.allocate(Layout(size, 4096)));
  }
  EXPECT_FALSE(window.heap.allocate(Layout(1, size_limit / 2 + 1)));
  EXPECT_EQ(window.drawing(), before);
  EXPECT_EQ(window.take(16), 16);
}

TYPED_TEST(GranuleHeaps, lend_a_granule_for_no_bytes) {
  Window<TypeParam> window;
  EXPECT_EQ(window.heap.allocate(Layout(0, 1)).size, TypeParam::granule);
  EXPECT_EQ(window.drawing().substr(0, 2), "#.");
  window.heap.deallocate(window.at(0), Layout(0, 1));
  EXPECT_EQ(window.drawing().substr(0, 2), "..");
}

TYPED_TEST(GranuleHeaps, give_the_piece_in_front_of_an_aligned_block_back) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(1), 0);
  EXPECT_EQ(window.take(2, 8 * TypeParam::granule), 8);
  EXPECT_EQ(window.drawing(), "#.......##......................");
  EXPECT_EQ(window.take(7), 1) << "what lies in front is a block like any other";
  window.free(8, 2);
  window.free(1, 7);
  window.free(0, 1);
  EXPECT_EQ(window.take(32), 0);
}

TYPED_TEST(GranuleHeaps, give_a_single_granule_in_front_back) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(1), 0);
  EXPECT_EQ(window.take(1, 2 * TypeParam::granule), 2);
  EXPECT_EQ(window.drawing().substr(0, 4), "#.#.");
  EXPECT_EQ(window.take(1), 1);
}

TYPED_TEST(GranuleHeaps, take_a_hole_that_happens_to_be_aligned_before_paying_for_slack) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(8), 0);
  ASSERT_EQ(window.take(4), 8);
  ASSERT_EQ(window.take(1), 12);
  window.free(8, 4);
  EXPECT_EQ(window.take(4, 8 * TypeParam::granule), 8);
  EXPECT_EQ(window.take(4, 8 * TypeParam::granule), 16) << "the next one is behind a piece of three";
}

TYPED_TEST(GranuleHeaps, look_for_a_larger_hole_where_the_first_one_has_no_aligned_place) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(9), 0);
  ASSERT_EQ(window.take(4), 9);
  ASSERT_EQ(window.take(1), 13);
  window.free(9, 4);
  EXPECT_EQ(window.take(4, 8 * TypeParam::granule), 16);
  EXPECT_EQ(window.take(4, 32 * TypeParam::granule), -1) << "0 is lent";
  EXPECT_EQ(window.drawing(), "#########....#..####............");
}

TYPED_TEST(GranuleHeaps, need_no_more_slack_than_an_alignment_can_cost) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(1), 0);
  ASSERT_EQ(window.take(11), 1);
  ASSERT_EQ(window.take(20), 12);
  window.free(1, 11);
  EXPECT_EQ(window.take(4, 8 * TypeParam::granule), 8) << "seven and four are eleven";
}

// Small heaps up to an eighth of one: their regions are no larger than half of one.
TYPED_TEST(GranuleHeaps, align_up_to_a_megabyte) {
  constexpr std::size_t mega = std::size_t{1} << 20;
  constexpr std::size_t size = TypeParam::granule == 8 ? mega / 2 : 3 * mega;
  const test::HostRegion memory(4 * mega, mega);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start() + mega / 4, size}));
  const laws::Picture fresh = laws::picture_of(heap);
  for (std::size_t alignment = TypeParam::granule; alignment <= size / 3; alignment *= 2) {
    const Layout asked(100, alignment);
    const Block blocks[] = {heap.allocate(asked), heap.allocate(asked)};
    for (const Block& block : blocks) {
      ASSERT_TRUE(block) << alignment;
      EXPECT_TRUE(is_aligned(address_of(block.at), alignment));
    }
    EXPECT_EQ(heap.check(), Fault::none);
    for (const Block& block : blocks) heap.deallocate(block.at, asked);
    if constexpr (Stocked<TypeParam>) heap.trim();
    ASSERT_EQ(laws::picture_of(heap), fresh);
  }
}

TYPED_TEST(GranuleHeaps, grow_in_place_into_the_free_block_behind) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(4), 0);
  EXPECT_TRUE(window.resize(0, 4, 6));
  EXPECT_EQ(window.drawing(), "######..........................");
  EXPECT_TRUE(window.resize(0, 6, 31)) << "a single granule stays";
  EXPECT_EQ(window.drawing(), "###############################.");
  EXPECT_TRUE(window.resize(0, 31, 32)) << "the whole neighbour";
  EXPECT_EQ(window.drawing(), std::string(32, '#'));
  window.free(0, 32);
  EXPECT_EQ(window.take(32), 0);
}

TYPED_TEST(GranuleHeaps, grow_into_a_hole_of_exactly_the_size) {
  for (const std::size_t hole : {1u, 2u, 5u}) {
    Window<TypeParam> window;
    const int behind = static_cast<int>(2 + hole);
    ASSERT_EQ(window.take(2), 0);
    ASSERT_EQ(window.take(hole), 2);
    ASSERT_EQ(window.take(1), behind);
    window.free(2, hole);
    EXPECT_FALSE(window.resize(0, 2, 3 + hole));
    EXPECT_TRUE(window.resize(0, 2, 2 + hole));
    EXPECT_EQ(window.drawing().substr(0, 4 + hole), std::string(3 + hole, '#') + ".");
    window.free(0, 2 + hole);
    EXPECT_EQ(window.take(2 + hole), 0);
  }
}

TYPED_TEST(GranuleHeaps, do_not_grow_over_a_lent_block_or_the_end) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(4), 0);
  ASSERT_EQ(window.take(4), 4);
  ASSERT_EQ(window.take(24), 8);
  EXPECT_FALSE(window.resize(0, 4, 5));
  EXPECT_FALSE(window.resize(8, 24, 25));
  for (const std::size_t size : {size_limit, size_limit - 15}) {
    EXPECT_FALSE(window.heap.resize(window.at(0), Layout(4 * TypeParam::granule, 1), size));
  }
  EXPECT_EQ(window.drawing(), std::string(32, '#'));
}

TYPED_TEST(GranuleHeaps, shrink_in_place_and_merge_what_is_cut_off) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(8), 0);
  ASSERT_EQ(window.take(1), 8);
  EXPECT_TRUE(window.resize(0, 8, 7));
  EXPECT_EQ(window.drawing().substr(0, 9), "#######.#");
  EXPECT_TRUE(window.resize(0, 7, 4));
  EXPECT_EQ(window.take(4), 4);
  window.free(4, 4);
  EXPECT_TRUE(window.resize(0, 4, 0)) << "of no bytes a granule stays";
  EXPECT_EQ(window.drawing().substr(0, 9), "#.......#");
  EXPECT_TRUE(window.heap.resize(window.at(0), Layout(0, 1), TypeParam::granule));
  EXPECT_EQ(window.take(7), 1);
}

TYPED_TEST(GranuleHeaps, resize_within_the_last_granule_changes_nothing) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(2), 0);
  const std::size_t bytes = 2 * TypeParam::granule;
  EXPECT_TRUE(window.heap.resize(window.at(0), Layout(bytes, 1), bytes - TypeParam::granule + 1));
  EXPECT_TRUE(window.heap.resize(window.at(0), Layout(bytes - 1, 1), bytes));
  EXPECT_EQ(window.drawing().substr(0, 3), "##.");
}

TYPED_TEST(GranuleHeaps, tell_the_size_of_a_block) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(3, 1, 1), 0);
  ASSERT_EQ(window.take(29), 3);
  EXPECT_EQ(window.heap.size_of(window.at(0)), 3 * TypeParam::granule);
  EXPECT_EQ(window.heap.size_of(window.at(3)), 29 * TypeParam::granule);
  const auto fault_at = [&](std::byte* at) {
    return stop_of([&] { static_cast<void>(window.heap.size_of(at)); }).fault;
  };
  EXPECT_EQ(fault_at(window.at(1)), Fault::never_lent);
  EXPECT_EQ(fault_at(window.at(0) + 1), Fault::never_lent);
  window.free(0, 3);
  EXPECT_EQ(fault_at(window.at(0)), Fault::freed_twice);
}

TYPED_TEST(GranuleHeaps, own_their_region_and_no_byte_besides) {
  test::HostRegion memory(16384);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start() + 4096, 8192}));
  EXPECT_FALSE(heap.owns(memory.start() + 4095));
  EXPECT_TRUE(heap.owns(memory.start() + 4096)) << "their state too";
  EXPECT_TRUE(heap.owns(memory.start() + 12287));
  EXPECT_FALSE(heap.owns(memory.start() + 12288));
  EXPECT_FALSE(heap.owns(nullptr));
}

TYPED_TEST(GranuleHeaps, catch_a_double_free) {
  Window<TypeParam> window;
  for (const int place : {0, 4, 8, 12}) ASSERT_EQ(window.take(4), place);
  window.free(4, 4);
  EXPECT_EQ(window.fault_of(4, 4), Fault::freed_twice);
  window.free(0, 4);
  EXPECT_EQ(window.fault_of(4, 4), Fault::freed_twice) << "now interior of a free block";
  EXPECT_EQ(window.fault_of(7, 1), Fault::freed_twice) << "its last granule";
  EXPECT_EQ(window.fault_of(0, 4), Fault::freed_twice);
  EXPECT_EQ(window.fault_of(31, 1), Fault::freed_twice) << "was never lent at all";
}

TYPED_TEST(GranuleHeaps, catch_a_free_of_two_neighbours_as_one) {
  Window<TypeParam> window;
  for (const int place : {0, 4}) ASSERT_EQ(window.take(4), place);
  EXPECT_EQ(window.fault_of(0, 8), Fault::wrong_layout);
  window.free(4, 4);
  EXPECT_EQ(window.fault_of(0, 8), Fault::wrong_layout) << "nor with a free one";
  EXPECT_EQ(window.fault_of(0, 32), Fault::wrong_layout);
}

TYPED_TEST(GranuleHeaps, catch_every_wrong_size) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(4), 0);
  for (std::size_t size = 0; size <= 6 * TypeParam::granule; ++size) {
    if (size > 3 * TypeParam::granule && size <= 4 * TypeParam::granule) continue;
    ASSERT_EQ(window.fault_of(window.at(0), size), Fault::wrong_layout) << size;
  }
  EXPECT_EQ(window.fault_of(window.at(0), size_limit), Fault::wrong_layout);
  window.heap.deallocate(window.at(0), Layout(3 * TypeParam::granule + 1, 1));
  EXPECT_EQ(window.drawing(), std::string(32, '.'));
}

TYPED_TEST(GranuleHeaps, catch_a_free_inside_a_block_and_outside_of_all) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(4), 0);
  for (std::size_t inside = 1; inside != 4 * TypeParam::granule; ++inside) {
    ASSERT_EQ(window.fault_of(window.at(0) + inside, 1), Fault::never_lent) << inside;
  }
  const std::byte local{};
  const std::byte* const region_start = window.start() + 32 * TypeParam::granule - 16384;
  for (const std::size_t wild :
       {address_of(region_start), address_of(region_start) + TypeParam::granule, address_of(region_start) + 64,
        address_of(region_start) - TypeParam::granule, address_of(window.at(32)), address_of(window.at(40)),
        address_of(&local), TypeParam::granule, size_limit - TypeParam::granule + 1}) {
    EXPECT_EQ(window.fault_of(reinterpret_cast<std::byte*>(wild), TypeParam::granule), Fault::never_lent) << wild;
  }
}

TYPED_TEST(GranuleHeaps, resize_catches_what_a_free_would) {
  Window<TypeParam> window;
  ASSERT_EQ(window.take(4), 0);
  const auto fault_of = [&](int place, std::size_t size) {
    return stop_of([&] { static_cast<void>(window.resize(place, size, 1)); }).fault;
  };
  EXPECT_EQ(fault_of(0, 5), Fault::wrong_layout);
  EXPECT_EQ(fault_of(1, 3), Fault::never_lent);
  EXPECT_EQ(fault_of(4, 1), Fault::freed_twice);
  EXPECT_EQ(window.drawing().substr(0, 5), "####.");
}

}  // namespace
}  // namespace bareheap
