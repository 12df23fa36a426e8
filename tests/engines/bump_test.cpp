// SPDX-License-Identifier: MIT
#include "bareheap/engines/bump.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

namespace bareheap {
namespace {

struct BumpTest : testing::Test {
  const test::HostRegion memory{64};
  Bump heap;
  std::byte* const start = memory.start();

  BumpTest() { EXPECT_TRUE(heap.init(memory.region())); }
};

using BumpDeathTest = BumpTest;

TEST_F(BumpTest, hands_out_upward_with_padding_to_the_alignment) {
  EXPECT_EQ(heap.allocate(Layout(3, 1)).at, start);
  EXPECT_EQ(heap.allocate(Layout(4, 8)).at, start + 8);
  EXPECT_EQ(heap.allocate(Layout(0, 1)).at, start + 12);
  EXPECT_EQ(heap.allocate(Layout(1, 16)).at, start + 16);
  EXPECT_EQ(test::drawing_of(heap, 1), std::string(17, '#') + std::string(47, '.'));
}

TEST_F(BumpTest, takes_all_back_when_the_last_block_returns) {
  const Block first = heap.allocate(Layout(16, 8));
  const Block second = heap.allocate(Layout(16, 8));
  heap.deallocate(second.at, Layout(16, 8));
  EXPECT_EQ(heap.allocate(Layout(8, 8)).at, start + 32) << "one block lives: nothing comes back";
  heap.deallocate(start + 32, Layout(8, 8));
  heap.deallocate(first.at, Layout(16, 8));
  EXPECT_EQ(heap.live_blocks(), 0u);
  EXPECT_EQ(heap.allocate(Layout(64, 8)).at, start);
}

TEST_F(BumpTest, the_last_block_grows_and_shrinks_in_place) {
  const Block first = heap.allocate(Layout(16, 8));
  const Block last = heap.allocate(Layout(8, 8));
  EXPECT_FALSE(heap.resize(first.at, Layout(16, 8), 17));
  EXPECT_TRUE(heap.resize(first.at, Layout(16, 8), 4));
  EXPECT_TRUE(heap.resize(last.at, Layout(8, 8), 48));
  EXPECT_FALSE(heap.resize(last.at, Layout(48, 8), 49));
  EXPECT_FALSE(heap.resize(last.at, Layout(48, 8), size_limit));
  EXPECT_TRUE(heap.resize(last.at, Layout(48, 8), 0));
  EXPECT_EQ(heap.allocate(Layout(1, 1)).at, last.at + 1);
}

TEST_F(BumpTest, refuses_what_does_not_fit_and_loses_nothing) {
  EXPECT_FALSE(heap.allocate(Layout(65, 1)));
  EXPECT_FALSE(heap.allocate(Layout(size_limit, 1)));
  EXPECT_FALSE(heap.allocate(Layout(1, std::size_t{1} << 63)));
  EXPECT_TRUE(heap.allocate(Layout(64, 1)));
  EXPECT_FALSE(heap.allocate(Layout(0, 1)));
}

TEST_F(BumpDeathTest, catches_frees_of_what_cannot_be_lent) {
  const std::string sentence = "bareheap: freed an address that this heap has not lent: 0x[0-9a-f]+, called from";
  EXPECT_DEATH(heap.deallocate(start, Layout(1, 1)), sentence) << "nothing is lent";
  const Block block = heap.allocate(Layout(16, 8));
  EXPECT_DEATH(heap.deallocate(start + 16, Layout(1, 1)), sentence) << "beyond the last block";
  EXPECT_DEATH(heap.deallocate(start - 1, Layout(1, 1)), sentence) << "below the region";
  EXPECT_DEATH(heap.deallocate(block.at, Layout(17, 8)), sentence) << "larger than what is lent";
  EXPECT_DEATH(heap.deallocate(block.at + 1, Layout(8, 8)), sentence) << "not aligned";
  EXPECT_DEATH(static_cast<void>(heap.resize(start + 32, Layout(1, 1), 2)), sentence);
  heap.deallocate(block.at, Layout(16, 8));
  EXPECT_DEATH(heap.deallocate(block.at, Layout(16, 8)), sentence) << "freed twice";
}

TEST(BumpDownward, S3_06_blocks_are_cut_from_the_tail_without_rounding) {
  const test::HostRegion memory(4 * 4096);
  std::byte* const end = memory.region().end();
  BasicBump<Direction::downward> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_EQ(heap.allocate(Layout(4, 4)).at, end - 4);
  EXPECT_EQ(heap.allocate(Layout(4, 4)).at, end - 8);
  EXPECT_EQ(heap.allocate(Layout(5, 1)).at, end - 13);
  EXPECT_EQ(heap.allocate(Layout(8, 8)).at, end - 24);
  EXPECT_EQ(heap.allocate(Layout(4096, 4096)).at, end - 8192);
  EXPECT_EQ(heap.allocate(Layout(16, 16)).at, end - 8208);
  EXPECT_FALSE(heap.allocate(Layout(2 * 4096, 1)));
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(BumpDownward, S3_08_never_takes_back_until_the_last_block_returns) {
  const test::HostRegion memory(64);
  BasicBump<Direction::downward> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block first = heap.allocate(Layout(16, 16));
  const Block second = heap.allocate(Layout(16, 16));
  EXPECT_FALSE(heap.resize(second.at, Layout(16, 16), 17)) << "it would have to move";
  EXPECT_TRUE(heap.resize(second.at, Layout(16, 16), 8));
  heap.deallocate(first.at, Layout(16, 16));
  EXPECT_EQ(test::drawing_of(heap, 16), "..##");
  heap.deallocate(second.at, Layout(8, 16));
  EXPECT_EQ(test::drawing_of(heap, 16), "....");
}

// The heap's own words are torn on purpose: start, next, end, live.
TEST_F(BumpTest, check_names_the_invariant_that_does_not_hold) {
  EXPECT_EQ(heap.check(), Fault::none);
  std::size_t words[4];
  static_assert(sizeof words == sizeof heap);
  std::memcpy(words, &heap, sizeof words);
  const auto torn = [&](std::size_t word, std::size_t value) {
    Bump copy = heap;
    std::size_t changed[4] = {words[0], words[1], words[2], words[3]};
    changed[word] = value;
    std::memcpy(static_cast<void*>(&copy), changed, sizeof changed);
    return copy.check();
  };
  EXPECT_EQ(torn(1, words[2] + 1), Fault::invariant_1);
  EXPECT_EQ(torn(1, words[0] - 1), Fault::invariant_1);
  EXPECT_EQ(torn(3, 1), Fault::invariant_2);
  EXPECT_EQ(torn(1, words[0] + 8), Fault::invariant_2);
}

}  // namespace
}  // namespace bareheap
