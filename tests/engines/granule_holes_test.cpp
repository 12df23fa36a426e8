// SPDX-License-Identifier: MIT
// Which hole a GranuleHeap takes for a block that its stock does not serve.
#include "bareheap/engines/granule_heap.hpp"
#include "engines/roomy_heap.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bareheap {
namespace {

using test::Roomy;

template <class Heap>
class Holes : public testing::Test {};
using Heaps = testing::Types<GranuleHeap, SmallGranuleHeap>;
TYPED_TEST_SUITE(Holes, Heaps);

/// Allocates blocks too large for the stock, with small ones between them, and frees the large ones in the order of
/// their places, or the other way round. The places of the holes.
template <class Heap>
std::vector<long> make_holes(Roomy<Heap>& heap, const std::vector<std::size_t>& sizes, bool lowest_first) {
  std::vector<long> places;
  for (const std::size_t size : sizes) {
    places.push_back(heap.take(size));
    static_cast<void>(heap.take(1, 2 * Heap::granule));
  }
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    const std::size_t hole = lowest_first ? index : sizes.size() - 1 - index;
    heap.free(places[hole], sizes[hole]);
  }
  EXPECT_EQ(heap.heap.check(), Fault::none);
  return places;
}

TYPED_TEST(Holes, of_equal_holes_the_lowest_is_taken_in_whatever_order_they_came) {
  for (const bool lowest_first : {false, true}) {
    Roomy<TypeParam> heap;
    const std::vector<long> holes = make_holes(heap, {400, 400}, lowest_first);
    EXPECT_EQ(heap.take(400), holes[0]) << lowest_first;
    EXPECT_EQ(heap.take(400), holes[1]) << lowest_first;
  }
}

TYPED_TEST(Holes, a_hole_among_the_first_four_of_its_bin_is_found_and_none_behind_them) {
  Roomy<TypeParam> four;
  const long fourth = make_holes(four, {390, 391, 392, 410}, true).back();
  EXPECT_EQ(four.take(400), fourth);
  Roomy<TypeParam> five;
  const long fifth = make_holes(five, {390, 391, 392, 393, 410}, true).back();
  EXPECT_GT(five.take(400), fifth);
}

// Two holes, of which the one that was freed last is the first of its bin and does not do.
TYPED_TEST(Holes, refuses_nothing_that_a_block_behind_the_first_of_its_bin_has_room_for) {
  Roomy<TypeParam> heap;
  for (const long size : {23, 1, 16, 2}) ASSERT_NE(heap.take(static_cast<std::size_t>(size)), -1);
  ASSERT_EQ(heap.take(heap.granules() - 42), 42);
  ASSERT_EQ(heap.take(1), -1) << "from here on nothing is stocked";
  heap.free(0, 23);
  heap.free(24, 16);
  EXPECT_EQ(heap.take(20), 0);
  EXPECT_EQ(heap.drawing(26), "####################...#..");
}

TYPED_TEST(Holes, refuses_nothing_that_has_an_aligned_place_anywhere) {
  for (const std::size_t hole : {16u, 24u}) {  // in the bin of the size; in the one between that and of size and slack
    Roomy<TypeParam> heap;
    constexpr std::size_t alignment = 16 * TypeParam::granule;
    const std::size_t lead = 48 - address_of(heap.at(0)) % alignment / TypeParam::granule;
    const long place = static_cast<long>(lead);
    const long behind = static_cast<long>(lead + hole);
    for (const std::size_t size : {lead, hole, std::size_t{1}, std::size_t{17}}) ASSERT_NE(heap.take(size), -1);
    ASSERT_EQ(heap.take(heap.granules() - lead - hole - 18), behind + 18);
    ASSERT_EQ(heap.take(1), -1) << "from here on nothing is stocked";
    heap.free(place, hole);
    heap.free(behind + 1, 17);
    EXPECT_EQ(heap.take(17, alignment), hole == 16 ? -1 : place);
    if (hole == 16) {
      EXPECT_EQ(heap.take(16, alignment), place);
    }
    EXPECT_EQ(heap.take(16, alignment), -1);
    EXPECT_EQ(heap.heap.check(), Fault::none);
  }
}

}  // namespace
}  // namespace bareheap
