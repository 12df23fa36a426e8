// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/headered.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace bareheap {
namespace {

static_assert(SelfSizing<Headered<Bump>> && SelfSizing<Headered<HoleList>> && Growable<Headered<StoryPages>>);

constinit Headered<HoleList> headered_hole_list;

struct HeaderedTest : testing::Test {
  HeaderedTest() { EXPECT_TRUE(heap.init(memory.region())); }

  const test::HostRegion memory{4096};
  Headered<HoleList> heap;
};
using HeaderedDeathTest = HeaderedTest;

const std::string place = ": 0x[0-9a-f]+, called from 0x[0-9a-f]+\n";
const std::string never_lent = "bareheap: freed an address that this heap has not lent" + place;
const std::string freed_twice = "bareheap: freed a block that is free already" + place;
const std::string wrong_layout =
    "bareheap: freed a block with another size or alignment than it was asked with" + place;

TEST_F(HeaderedTest, knows_the_layout_of_each_block_for_every_alignment) {
  EXPECT_FALSE(headered_hole_list.allocate(Layout(1, 1)));
  for (std::size_t alignment = 1; alignment <= 512; alignment *= 2) {
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 300u}) {
      const Block block = heap.allocate(Layout(size, alignment));
      ASSERT_TRUE(block);
      EXPECT_TRUE(is_aligned(address_of(block.at), alignment));
      EXPECT_EQ(heap.layout_of(block.at), Layout(size, alignment));
      EXPECT_EQ(heap.size_of(block.at), block.size);
      EXPECT_GE(block.size, size);
      std::memset(block.at, 0xFF, block.size);
      heap.deallocate(block.at, Layout(heap.size_of(block.at), __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    }
  }
  EXPECT_EQ(test::drawing_of(heap, 1024), "....");
}

TEST_F(HeaderedTest, costs_two_words_or_the_alignment) {
  EXPECT_EQ(heap.allocate(Layout(16, 8)).at, memory.start() + 16);
  EXPECT_EQ(heap.allocate(Layout(16, 64)).at, memory.start() + 128);
  EXPECT_EQ(test::drawing_of(heap, 16).substr(0, 12), "##..#####...");
}

TEST_F(HeaderedTest, resizes_with_the_header_in_mind) {
  const Block block = heap.allocate(Layout(16, 8));
  EXPECT_TRUE(heap.resize(block.at, Layout(16, 8), 4080));
  EXPECT_EQ(heap.layout_of(block.at), Layout(4080, 8));
  EXPECT_FALSE(heap.resize(block.at, Layout(4080, 8), 4081));
  EXPECT_FALSE(heap.resize(block.at, Layout(4080, 8), size_limit));
  EXPECT_EQ(heap.layout_of(block.at), Layout(4080, 8));
  EXPECT_TRUE(heap.resize(block.at, Layout(4080, 8), 0));
  EXPECT_EQ(heap.size_of(block.at), 1u);
  heap.deallocate(block.at, Layout(0, 8));
  EXPECT_EQ(test::drawing_of(heap, 4096), ".");
}

TEST_F(HeaderedTest, refuses_sizes_that_the_header_carries_over_the_limit) {
  for (std::size_t below = 0; below <= 64; ++below) {
    EXPECT_FALSE(heap.allocate(Layout(size_limit - below, 8)));
    EXPECT_FALSE(heap.allocate(Layout(size_limit - below, size_limit / 4 + 1)));
  }
  EXPECT_FALSE(heap.allocate(Layout(4081, 8)));
  EXPECT_TRUE(heap.allocate(Layout(4080, 8)));
}

TEST_F(HeaderedDeathTest, catches_another_layout) {
  const Block block = heap.allocate(Layout(100, 8));
  EXPECT_DEATH(heap.deallocate(block.at, Layout(99, 8)), wrong_layout);
  EXPECT_DEATH(heap.deallocate(block.at, Layout(101, 8)), wrong_layout);
  EXPECT_DEATH(heap.deallocate(block.at, Layout(100, 32)), wrong_layout);
  EXPECT_DEATH(heap.deallocate(block.at, Layout(100, 4)), wrong_layout);
  EXPECT_DEATH(static_cast<void>(heap.resize(block.at, Layout(99, 8), 1)), wrong_layout);
  heap.deallocate(block.at, Layout(100, 8));
}

TEST_F(HeaderedDeathTest, catches_what_was_never_lent) {
  const Block block = heap.allocate(Layout(100, 8));
  std::memset(block.at, 0, 100);
  int on_the_stack = 0;
  std::byte* const elsewhere = reinterpret_cast<std::byte*>(&on_the_stack);
  for (std::byte* const at : {block.at + 1, block.at + 8, block.at + 16, block.at + 32, block.at - 8, memory.start(),
                              memory.start() + 4096, elsewhere}) {
    EXPECT_DEATH(heap.deallocate(at, Layout(100, 8)), never_lent);
  }
  EXPECT_DEATH(static_cast<void>(heap.size_of(block.at + 16)), never_lent);
}

TEST_F(HeaderedDeathTest, catches_an_overwritten_header) {
  const Block block = heap.allocate(Layout(100, 8));
  constexpr auto header = static_cast<std::ptrdiff_t>(2 * sizeof(std::size_t));
  for (std::ptrdiff_t offset = -header; offset != 0; ++offset) {
    const std::byte before = block.at[offset];
    block.at[offset] ^= std::byte{0x10};
    EXPECT_DEATH(heap.deallocate(block.at, Layout(100, 8)), never_lent) << offset;
    block.at[offset] = before;
  }
  heap.deallocate(block.at, Layout(100, 8));
}

TEST(HeaderedBumpDeathTest, catches_a_double_free_on_an_engine_that_leaves_the_words_alone) {
  const test::HostRegion memory(4096);
  Headered<Bump> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  ASSERT_TRUE(heap.allocate(Layout(8, 8)));
  for (std::size_t alignment = 1; alignment <= 128; alignment *= 2) {
    const Block block = heap.allocate(Layout(100, alignment));
    heap.deallocate(block.at, Layout(100, alignment));
    EXPECT_DEATH(heap.deallocate(block.at, Layout(100, alignment)), freed_twice);
  }
}

TEST_F(HeaderedDeathTest, catches_a_double_free) {
  const Block block = heap.allocate(Layout(100, 8));
  heap.deallocate(block.at, Layout(100, 8));
  EXPECT_DEATH(heap.deallocate(block.at, Layout(100, 8)), never_lent) << "the hole's words stand there";
}

}  // namespace
}  // namespace bareheap
