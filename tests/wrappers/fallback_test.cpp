// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/fallback.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace bareheap {
namespace {

using Two = Fallback<Bump, HoleList>;
static_assert(Allocator<Two> && Growable<Two> && !SelfSizing<Two> && !Stocked<Two>);
static_assert(SelfSizing<Fallback<Headered<Bump>, Headered<HoleList>>>);

constinit Fallback<Bump, HoleList> fallback;

struct FallbackTest : testing::Test {
  FallbackTest() {
    EXPECT_TRUE(heap.init({memory.start(), 64}));
    EXPECT_TRUE(heap.add({memory.start() + 64, 128}));
  }

  const test::HostRegion memory{1024};
  Two heap;
};

using FallbackDeathTest = FallbackTest;

const std::string never_lent =
    "bareheap: freed an address that this heap has not lent: 0x[0-9a-f]+, called from 0x[0-9a-f]+\n";

TEST_F(FallbackTest, asks_the_second_where_the_first_has_no_room) {
  EXPECT_FALSE(fallback.allocate(Layout(1, 1)));
  const Block first = heap.allocate(Layout(48, 16));
  const Block second = heap.allocate(Layout(32, 16));
  EXPECT_EQ(first.at, memory.start());
  EXPECT_EQ(second.at, memory.start() + 64);
  EXPECT_EQ(heap.allocate(Layout(16, 16)).at, memory.start() + 48) << "the first is asked first each time";
  EXPECT_FALSE(heap.allocate(Layout(112, 16)));
  EXPECT_EQ(test::drawing_of(heap, 16), "####" "##......");
  EXPECT_TRUE(heap.owns(first.at));
  EXPECT_TRUE(heap.owns(second.at));
  EXPECT_FALSE(heap.owns(memory.start() + 192));
}

TEST_F(FallbackTest, the_owner_takes_back_and_resizes) {
  const Block first = heap.allocate(Layout(48, 16));
  const Block second = heap.allocate(Layout(32, 16));
  EXPECT_TRUE(heap.resize(first.at, Layout(48, 16), 64));
  EXPECT_TRUE(heap.resize(second.at, Layout(32, 16), 128));
  EXPECT_FALSE(heap.resize(first.at, Layout(64, 16), 65)) << "a block does not grow into the other heap";
  heap.deallocate(second.at, Layout(128, 16));
  EXPECT_EQ(test::drawing_of(heap, 16), "####" "........");
  heap.deallocate(first.at, Layout(64, 16));
  heap.deallocate(nullptr, Layout(64, 16));
  EXPECT_EQ(test::drawing_of(heap, 16), "............");
}

TEST_F(FallbackTest, memory_beyond_the_first_region_is_the_seconds) {
  EXPECT_EQ(heap.init({memory.start() + 512, 64}).fault, Fault::initialised_twice);
  EXPECT_EQ(heap.init({memory.start() + 128, 64}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start() + 32, 64}).fault, Fault::region_overlaps) << "the first's memory";
  EXPECT_EQ(heap.add({memory.start() + 96, 256}).fault, Fault::region_overlaps) << "the second's own";
  EXPECT_TRUE(heap.add({memory.start() + 192, 64}));
  EXPECT_TRUE(heap.allocate(Layout(192, 16)));
  Fallback<HoleList, Bump> other;
  EXPECT_TRUE(other.add({memory.start() + 512, 64}));
  EXPECT_EQ(other.add({memory.start() + 576, 64}).fault, Fault::initialised_twice) << "Bump takes one region";
}

TEST_F(FallbackTest, shows_the_lower_heap_first) {
  Two other;
  ASSERT_TRUE(other.init({memory.start() + 512, 64}));
  ASSERT_TRUE(other.add({memory.start() + 256, 64}));
  ASSERT_TRUE(other.allocate(Layout(64, 1)));
  EXPECT_EQ(test::drawing_of(other, 16), "....####");
  Two only_second;
  ASSERT_TRUE(only_second.add({memory.start() + 768, 64}));
  EXPECT_EQ(test::drawing_of(only_second, 16), "....");
}

TEST_F(FallbackTest, check_asks_both_and_the_first_first) {
  EXPECT_EQ(heap.check(), Fault::none);
  std::memset(memory.start() + 64, 0xFF, 8);  // the size of the second's hole
  EXPECT_EQ(heap.check(), Fault::invariant_2);
  const std::size_t beyond = address_of(memory.start()) - 1;
  std::memcpy(reinterpret_cast<std::byte*>(&heap.first()) + sizeof(std::size_t), &beyond, sizeof beyond);
  EXPECT_EQ(heap.check(), Fault::invariant_1);
}

TEST_F(FallbackDeathTest, what_nobody_owns_is_the_seconds_to_judge) {
  EXPECT_DEATH(heap.deallocate(memory.start() + 512, Layout(16, 16)),
               never_lent);
  Fallback<Bump, NullHeap> small;
  ASSERT_TRUE(small.init({memory.start(), 64}));
  EXPECT_FALSE(small.allocate(Layout(65, 1)));
  EXPECT_DEATH(small.deallocate(memory.start() + 64, Layout(1, 1)), never_lent);
}

}  // namespace
}  // namespace bareheap
