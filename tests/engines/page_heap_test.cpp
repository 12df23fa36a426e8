// SPDX-License-Identifier: MIT
// The page allocator done right: the defects of required_behaviour 2.1 that cannot occur, exact faults, page frames.
// What it takes for a region, and its map, is page_heap_regions_test.cpp's.
#include "engines/pages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace bareheap {
namespace {

using test::page;
using Story = test::Pages<PageHeap>;

TEST(PageHeap, is_one_word_that_exists_before_its_region_and_can_be_copied) {
  static constinit PageHeap heap;
  static_assert(sizeof heap == sizeof(void*));
  static_assert(std::is_trivially_copyable_v<PageHeap>);
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
  EXPECT_FALSE(heap.allocate_pages(1));
  EXPECT_FALSE(heap.owns(&heap));
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(test::drawing_of(heap, 1), "");
  heap.deallocate(nullptr, Layout(1, 1));
}

TEST(PageHeap, defect_2_1_1_a_page_is_16_blocks_of_256_or_256_of_16_and_holds_nothing_of_ours) {
  for (const auto& [size, blocks] : {std::pair{16l, 256l}, {256l, 16l}, {4096l, 1l}}) {
    Story story(1);
    for (long block = 0; block != blocks; ++block) {
      EXPECT_EQ(story.alloc(static_cast<std::size_t>(size)), block * size);
      EXPECT_EQ(story.heap.check(), Fault::none);
    }
    EXPECT_EQ(story.alloc(static_cast<std::size_t>(size)), -1);
    for (long block = blocks; block-- != 0;) story.free(block * size, static_cast<std::size_t>(size));
    EXPECT_EQ(story.drawing(), ".");
    const std::byte* const end = story.start() + page;
    EXPECT_EQ(std::find_if(story.start() + 0, story.start() + page, [](std::byte b) { return b != std::byte{0xA5}; }),
              end);
  }
}

TEST(PageHeap, defect_2_1_1_writing_below_the_first_block_and_all_over_a_page_tears_nothing_of_the_heap) {
  Story story(4);
  EXPECT_EQ(story.alloc(page), 0);
  const long block = story.alloc(16);
  std::memset(story.start(), 0xFF, 2 * page);
  EXPECT_EQ(story.heap.check(), Fault::none);
  story.free(block, 16);
  story.free(0, page);
  EXPECT_EQ(story.drawing(), "....");
}

TEST(PageHeap, defect_2_1_3_alignments_far_above_a_page_are_kept_and_the_gaps_stay_free) {
  Story story(64);
  EXPECT_EQ(story.alloc(page), 0);
  EXPECT_EQ(story.alloc(1, 8 * page), 8 * 4096);
  EXPECT_EQ(story.alloc(3 * page, 32 * page), 32 * 4096);
  EXPECT_EQ(story.drawing(),
            "#.......#......................."
            "###.............................");
  EXPECT_EQ(story.alloc(1, 32 * page), -1);
  EXPECT_EQ(story.alloc(7 * page), 4096);
  EXPECT_EQ(story.alloc(2 * page, 4 * page), 12 * 4096);
  EXPECT_EQ(story.alloc(1, 4 * page), 16 * 4096);
  EXPECT_EQ(story.alloc(3 * page), 9 * 4096);
  EXPECT_EQ(story.heap.check(), Fault::none);
}

TEST(PageHeap, defect_2_1_4_no_size_and_no_alignment_overflows) {
  Story story(4);
  for (std::size_t below = 0; below != 2 * page; ++below) {
    EXPECT_EQ(story.alloc(size_limit - below), -1);
    EXPECT_EQ(story.alloc(size_limit - below, page), -1);
    EXPECT_EQ(story.alloc(size_limit / 2 + below, size_limit / 2 + 1), -1);
  }
  EXPECT_EQ(story.alloc(1, size_limit / 2 + 1), -1);
  for (const std::size_t count : {size_limit, size_limit / page, size_limit / page + 1, size_limit / page + 2}) {
    EXPECT_FALSE(story.heap.allocate_pages(count)) << count;
  }
  const long run = story.alloc(2 * page);
  for (const std::size_t size : {size_limit, size_limit - page, size_limit / 2 + 2}) {
    EXPECT_FALSE(story.resize(run, 2 * page, size));
  }
  EXPECT_EQ(story.drawing(), "##..");
}

TEST(PageHeap, defect_2_1_6_freed_runs_are_found_again_merged_with_both_neighbours) {
  Story story(6);
  for (long run = 0; run != 3; ++run) EXPECT_EQ(story.alloc(2 * page), 2 * 4096 * run);
  story.free(0, 2 * page);
  story.free(4 * 4096, 2 * page);
  EXPECT_EQ(story.drawing(), "..##..");
  EXPECT_EQ(story.alloc(3 * page), -1);
  story.free(2 * 4096, 2 * page);
  EXPECT_EQ(story.alloc(6 * page), 0);
}

TEST(PageHeap, defect_2_1_6_P20_the_next_big_block_comes_back_at_the_start) {
  Story story(6);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
  story.free(0, 12000, 4096);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
  EXPECT_EQ(story.alloc(4096, 16), 3 * 4096);
  EXPECT_EQ(story.alloc(4096, 16), 4 * 4096);
  EXPECT_EQ(story.alloc(4096, 16), 5 * 4096);
  EXPECT_EQ(story.alloc(4096, 16), -1);
}

TEST(PageHeap, defect_2_1_7_a_page_whose_last_block_is_freed_is_a_page_again) {
  Story story(3);
  EXPECT_EQ(story.alloc(16), 0);
  EXPECT_EQ(story.alloc(256), 4096);
  EXPECT_EQ(story.alloc(16), 16);
  story.free(0, 16);
  EXPECT_EQ(story.drawing(16), ".#" + std::string(254, '.') + std::string(16, '#') + std::string(240 + 256, '.'));
  EXPECT_EQ(story.alloc(3 * page), -1);
  story.free(4096, 256);
  EXPECT_EQ(story.alloc(2 * page), 4096);
  story.free(16, 16);
  story.free(4096, 2 * page);
  EXPECT_EQ(story.alloc(3 * page), 0);
}

TEST(PageHeap, defect_2_1_9_resize_stays_in_the_bytes_granted) {
  Story story(8);
  const long small = story.alloc(10);
  EXPECT_TRUE(story.resize(small, 10, 16));
  EXPECT_FALSE(story.resize(small, 16, 17));
  const long medium = story.alloc(20);
  EXPECT_TRUE(story.resize(medium, 20, 200));
  EXPECT_FALSE(story.resize(medium, 200, 16));
  EXPECT_FALSE(story.resize(medium, 200, 257));
  const long run = story.alloc(5000);
  EXPECT_TRUE(story.resize(run, 5000, 8192));
  EXPECT_FALSE(story.resize(run, 8192, 256)) << "a run does not become a block";
  EXPECT_EQ(story.heap.check(), Fault::none);
}

TEST(PageHeap, defect_2_1_9_runs_shrink_and_grow_into_the_free_run_above) {
  Story story(8);
  const long run = story.alloc(4 * page);
  const long above = story.alloc(page);
  EXPECT_FALSE(story.resize(run, 4 * page, 5 * page)) << "the next page is lent";
  EXPECT_TRUE(story.resize(run, 4 * page, 2 * page));
  EXPECT_EQ(story.drawing(), "##..#...");
  EXPECT_TRUE(story.resize(run, 2 * page, 3 * page));
  EXPECT_EQ(story.drawing(), "###.#...");
  EXPECT_FALSE(story.resize(run, 3 * page, 5 * page)) << "one free page is too few";
  EXPECT_TRUE(story.resize(run, 3 * page, 4 * page)) << "all of what is free above";
  EXPECT_TRUE(story.resize(above, page, 4 * page)) << "to the end of the region";
  EXPECT_FALSE(story.resize(above, 4 * page, 5 * page));
  EXPECT_TRUE(story.resize(above, 4 * page, page));
  EXPECT_TRUE(story.resize(run, 4 * page, 3 * page));
  story.free(above, page);
  EXPECT_TRUE(story.resize(run, 3 * page, page));
  EXPECT_EQ(story.drawing(), "#.......") << "what is given back merges with what is free above";
  EXPECT_EQ(story.heap.check(), Fault::none);
}

TEST(PageHeap, defect_2_1_11_blocks_of_zero_bytes_are_blocks_of_their_own) {
  Story story(4);
  EXPECT_EQ(story.alloc(0), 0);
  EXPECT_EQ(story.alloc(0), 16);
  EXPECT_EQ(story.alloc(0, 256), 4096);
  EXPECT_EQ(story.alloc(0, page), 2 * 4096);
  EXPECT_EQ(story.alloc(0, page), 3 * 4096);
  story.free(0, 0);
  story.free(16, 0);
  story.free(4096, 0, 256);
  story.free(2 * 4096, 0, page);
  EXPECT_TRUE(story.heap.resize(story.start() + 3 * page, Layout(0, page), 0));
  story.free(3 * 4096, 0, page);
  EXPECT_EQ(story.drawing(), "....");
}

TEST(PageHeap, defect_2_1_12_what_memory_and_map_held_before_decides_nothing) {
  std::vector<long> trails[2];
  for (const bool again : {false, true}) {
    const test::HostRegion memory(16 * page);
    std::memset(memory.start(), again ? 0xFF : 0, 16 * page);
    PageHeap heap;
    ASSERT_TRUE(heap.init(memory.region()));
    for (const std::size_t size : {16u, 300u, 200u, 9000u, 1u, 4096u, 20u}) {
      trails[again].push_back(heap.allocate(Layout(size, 1)).at - memory.start());
    }
    EXPECT_EQ(heap.check(), Fault::none);
  }
  EXPECT_EQ(trails[0], trails[1]);
}

TEST(PageHeap, order_of_classes_on_a_fresh_heap) {
  Story story(8);
  EXPECT_EQ(story.alloc(16, 16), 0);
  EXPECT_EQ(story.alloc(256, 16), 0x1000);
  EXPECT_EQ(story.alloc(4096, 16), 0x2000);
  EXPECT_EQ(story.alloc(17, 8), 0x1100);
  EXPECT_EQ(story.alloc(8, 32), 0x1200);
  EXPECT_EQ(story.alloc(257), 0x3000);
  EXPECT_EQ(story.alloc(1, 512), 0x4000);
  EXPECT_EQ(story.alloc(4097), 0x5000);
}

TEST(PageHeap, everything_goes_to_the_lowest_place) {
  Story story(40);
  for (long index = 0; index != 40; ++index) EXPECT_EQ(story.alloc(page), 4096 * index);
  for (const long freed : {39l, 17l, 33l, 2l, 18l}) story.free(4096 * freed, page);
  EXPECT_EQ(story.alloc(2 * page), 4096 * 17);
  EXPECT_EQ(story.alloc(16), 4096 * 2);
  EXPECT_EQ(story.alloc(16, 256), 4096 * 33);
  EXPECT_EQ(story.alloc(page), 4096 * 39);
  EXPECT_EQ(story.heap.check(), Fault::none);
}

TEST(PageHeap, blocks_go_to_the_lowest_page_with_room) {
  Story story(70);
  for (int block = 0; block != 70 * 256; ++block) ASSERT_NE(story.alloc(16), -1);
  EXPECT_EQ(story.alloc(16), -1);
  for (const long freed : {4096 * 69 + 16l, 4096 * 32 + 4080l, 4096 * 32 + 512l}) story.free(freed, 16);
  EXPECT_EQ(story.heap.check(), Fault::none);
  EXPECT_EQ(story.alloc(16), 4096 * 32 + 512);
  EXPECT_EQ(story.alloc(16), 4096 * 32 + 4080);
  EXPECT_EQ(story.alloc(16), 4096 * 69 + 16);
  EXPECT_EQ(story.alloc(16), -1);
}

TEST(PageHeap, the_picture_shows_the_map_the_blocks_and_the_runs) {
  const test::HostRegion memory(6 * page);
  PageHeap heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block first = heap.allocate(Layout(256, 1));
  const Block second = heap.allocate(Layout(200, 1));
  EXPECT_TRUE(second && heap.allocate_pages(2));
  heap.deallocate(first.at, Layout(256, 1));
  EXPECT_EQ(test::drawing_of(heap, 256),
            std::string(16, 'm') + ".#.............." + std::string(32, '#') + std::string(32, '.'));
  EXPECT_TRUE(heap.owns(memory.start()) && heap.owns(first.at) && heap.owns(memory.start() + 6 * page - 1));
  EXPECT_FALSE(heap.owns(memory.start() + 6 * page) || heap.owns(memory.start() - 1) || heap.owns(nullptr));
}

TEST(PageHeap, size_of_tells_what_was_granted) {
  Story story(16);
  for (const std::size_t size : {1u, 16u, 17u, 256u, 257u, 4096u, 4097u, 12000u}) {
    const Block block = story.heap.allocate(Layout(size, 1));
    EXPECT_EQ(story.heap.size_of(block.at), block.size);
    EXPECT_GE(block.size, size);
  }
}

TEST(PageHeap, page_frames_are_lent_by_number_and_alignment) {
  Story story(64);
  const Block frame = story.heap.allocate_pages(1);
  EXPECT_EQ(frame.at, story.start());
  EXPECT_EQ(frame.size, page);
  const Block table = story.heap.allocate_pages(4, 16 * page);
  EXPECT_EQ(table.at, story.start() + 16 * page);
  EXPECT_EQ(table.size, 4 * page);
  const Block none = story.heap.allocate_pages(0, 16);
  EXPECT_EQ(none.size, page) << "no pages get a page of their own";
  story.heap.deallocate_pages(table.at, 4);
  story.heap.deallocate_pages(none.at, 0);
  story.heap.deallocate_pages(frame.at, 1);
  EXPECT_EQ(story.drawing(), std::string(64, '.'));
}

TEST(PageHeap, a_block_below_a_limit_ends_at_or_below_it) {
  Story story(8);
  const auto below = [&](std::size_t size, std::size_t limit, std::size_t alignment = 1) {
    const Block block = story.heap.allocate_below(Layout(size, alignment), address_of(story.start()) + limit);
    return block ? block.at - story.start() : -1;
  };
  EXPECT_EQ(below(2 * page, 2 * page - 1), -1);
  EXPECT_EQ(below(page, 2 * page, 2 * page), 0);
  EXPECT_EQ(below(page, 3 * page, 2 * page), 2 * 4096);
  EXPECT_EQ(below(page, 4 * page - 1, 2 * page), -1);
  EXPECT_EQ(below(16, page + 15), -1);
  EXPECT_EQ(story.drawing(), "#.#.....");
  EXPECT_EQ(below(16, page + 16), 4096) << "its page may reach above the limit";
  EXPECT_EQ(below(16, page + 31), -1);
  EXPECT_EQ(below(16, page + 32), 4096 + 16);
  EXPECT_EQ(story.alloc(page), 3 * 4096);
  EXPECT_EQ(story.alloc(256), 4 * 4096);
  story.free(0, page, 2 * page);
  EXPECT_EQ(below(256, page), 0) << "the page with room lies above the limit, so a lower one is cut";
  EXPECT_EQ(below(1, 0), -1);
  EXPECT_EQ(story.heap.check(), Fault::none);
}

// More pages than two floors of the trees, with single pages free all over.
TEST(PageHeap, runs_are_found_in_a_large_fragmented_region) {
  test::Pages<BasicPageHeap<16, 32, 64>> story(6000);
  for (long index = 0; index != 6000; ++index) ASSERT_EQ(story.alloc(64), 64 * index);
  for (long index = 0; index < 6000; index += 2) story.free(64 * index, 64);
  for (const long index : {5001l, 4095l, 257l}) story.free(64 * index, 64);
  EXPECT_EQ(story.heap.check(), Fault::none);
  EXPECT_EQ(story.alloc(3 * 64), 64 * 256);
  EXPECT_EQ(story.alloc(3 * 64), 64 * 4094);
  EXPECT_EQ(story.alloc(2 * 64), 64 * 5000);
  EXPECT_EQ(story.alloc(2 * 64), -1);
  EXPECT_EQ(story.alloc(64), 0);
  EXPECT_EQ(story.alloc(1, 4 * 64), 4 * 64);
  EXPECT_EQ(story.alloc(1, 2048 * 64), 2048 * 64);
  EXPECT_EQ(story.heap.check(), Fault::none);
}

struct PageHeapDeathTest : testing::Test {
  static constexpr const char* never_lent = "freed an address that this heap has not lent";
  static constexpr const char* freed_twice = "freed a block that is free already";
  static constexpr const char* wrong_layout = "freed a block with another size or alignment than it was asked with";

  Story story{64};

  void expect_stop(long offset, std::size_t size, const char* sentence, std::size_t alignment = 1) {
    EXPECT_DEATH(story.free(offset, size, alignment),
                 std::string("bareheap: ") + sentence + ": 0x[0-9a-f]+, called from 0x[0-9a-f]+");
  }
};

TEST_F(PageHeapDeathTest, defect_2_1_10_every_double_free_is_caught_at_once_and_later) {
  const long kept = story.alloc(16);
  for (const std::size_t size : {16u, 256u, 4096u, 3u * 4096u}) {
    const long block = story.alloc(size);
    const long other = story.alloc(size);
    story.free(block, size);
    expect_stop(block, size, freed_twice);
    story.free(other, size);
    expect_stop(block, size, freed_twice);
    expect_stop(other, size, freed_twice);
  }
  story.free(kept, 16);
  expect_stop(kept, 16, freed_twice);
  EXPECT_DEATH(static_cast<void>(story.heap.size_of(story.start())), freed_twice);
  EXPECT_DEATH(static_cast<void>(story.resize(0, 16, 8)), freed_twice);
}

TEST_F(PageHeapDeathTest, defect_2_1_10_foreign_and_inner_addresses_were_never_lent) {
  const long small = story.alloc(16);
  const long medium = story.alloc(256);
  const long run = story.alloc(3 * page);
  expect_stop(-4096, 16, never_lent);
  expect_stop(64 * 4096, 16, never_lent);
  expect_stop(1l << 30, 4096, never_lent);
  expect_stop(story.map().start - story.start(), 16, never_lent);
  expect_stop(small + 8, 8, never_lent);
  expect_stop(medium + 16, 16, never_lent);
  expect_stop(medium + 16, 240, never_lent);
  expect_stop(run + 16, 16, never_lent);
  expect_stop(run + 4096, 2 * page, never_lent);
  expect_stop(run + 2 * 4096, page, never_lent);
  expect_stop(40 * 4096 + 1, 16, never_lent);
  int on_stack = 0;
  EXPECT_DEATH(story.heap.deallocate(reinterpret_cast<std::byte*>(&on_stack), Layout::of<int>()), never_lent);
  EXPECT_DEATH(static_cast<void>(story.heap.size_of(story.start() + run + 4096)), never_lent);
}

TEST_F(PageHeapDeathTest, defect_2_1_10_wrong_classes_lengths_and_alignments_are_caught) {
  const long small = story.alloc(16);
  const long medium = story.alloc(256);
  const long run = story.alloc(3 * page, 2 * page);
  for (const std::size_t size : {17u, 256u, 257u, 4096u}) expect_stop(small, size, wrong_layout);
  for (const std::size_t size : {0u, 16u, 257u, 4096u}) expect_stop(medium, size, wrong_layout);
  for (const std::size_t size : {16u, 256u, 4096u, 8192u, 12289u, 16384u}) expect_stop(run, size, wrong_layout);
  expect_stop(run, 3 * page, wrong_layout, 64 * page);
  expect_stop(run, size_limit, wrong_layout);
  story.free(run, 2 * page + 1, 2 * page);
  story.free(medium, 17);
  story.free(small, 1);
}

TEST_F(PageHeapDeathTest, page_frames_have_no_alignment_that_is_no_power_of_two) {
  EXPECT_DEATH(static_cast<void>(story.heap.allocate_pages(1, 3)), "an alignment must be a power of two");
}

}  // namespace
}  // namespace bareheap
