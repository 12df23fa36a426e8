// SPDX-License-Identifier: MIT
// The Homer story, literally: its facts S1-20 to S1-37 and its twenty tests P01 to P20.
#include "engines/story.hpp"
#include "support/drawing.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

namespace bareheap {
namespace {

using test::page;
using test::Story;

TEST(StoryPages, P01_allocate_first_page) {
  Story story(1);
  EXPECT_EQ(story.alloc(4096, 16), 0);
}

TEST(StoryPages, P02_cannot_allocate_second_page_when_only_one) {
  Story story(1);
  EXPECT_EQ(story.alloc(4096, 16), 0);
  EXPECT_EQ(story.alloc(4096, 16), -1);
}

TEST(StoryPages, P03_allocate_16_bytes_is_16_beyond_start) {
  Story story(1);
  EXPECT_EQ(story.alloc(16, 16), 16);
}

TEST(StoryPages, P04_we_can_allocate_16_bytes_255_times) {
  Story story(1);
  for (long i = 1; i <= 255; ++i) EXPECT_EQ(story.alloc(16, 16), 16 * i);
  EXPECT_EQ(story.alloc(16, 16), -1);
}

TEST(StoryPages, P05_allocate_256_bytes_is_256_beyond_start) {
  Story story(1);
  EXPECT_EQ(story.alloc(256, 256), 256);
}

TEST(StoryPages, P06_we_can_allocate_256_bytes_15_times) {
  Story story(1);
  for (long i = 1; i <= 15; ++i) EXPECT_EQ(story.alloc(256, 256), 256 * i);
  EXPECT_EQ(story.alloc(256, 256), -1);
}

TEST(StoryPages, P07_allocating_10_bytes_is_the_same_as_16) {
  Story story(1);
  EXPECT_EQ(story.alloc(10, 4), 16);
}

TEST(StoryPages, P08_allocating_17_bytes_is_the_same_as_256) {
  Story story(1);
  EXPECT_EQ(story.alloc(17, 8), 256);
}

TEST(StoryPages, P09_allocate_two_pages_if_block_is_8192_bytes) {
  Story story(2);
  EXPECT_EQ(story.alloc(4096, 16), 0);
  EXPECT_EQ(story.alloc(4096, 16), 4096);
  EXPECT_EQ(story.alloc(4096, 16), -1);
}

TEST(StoryPages, P10_256_bytes_30_times_in_8192_bytes) {
  Story story(2);
  for (long i = 1; i <= 31; ++i) {
    if (i != 16) {
      EXPECT_EQ(story.alloc(256, 256), 256 * i);
    }
  }
  EXPECT_EQ(story.alloc(256, 256), -1);
}

TEST(StoryPages, P11_freed_first_page_is_reused) {
  Story story(1);
  EXPECT_EQ(story.alloc(4096, 16), 0);
  story.free(0, 4096, 16);
  EXPECT_EQ(story.alloc(4096, 16), 0);
}

/// Takes two blocks, frees both, first or second one first, and tells what the next two requests get.
std::vector<long> reused(std::size_t pages, std::size_t size, bool first_freed_first) {
  Story story(pages);
  const long first = story.alloc(size, 16);
  const long second = story.alloc(size, 16);
  story.free(first_freed_first ? first : second, size, 16);
  story.free(first_freed_first ? second : first, size, 16);
  const long third = story.alloc(size, 16);
  return {third, story.alloc(size, 16), size == page ? story.alloc(size, 16) : -1};
}

TEST(StoryPages, P12_two_pages_in_order) { EXPECT_EQ(reused(2, 4096, false), (std::vector<long>{0, 4096, -1})); }
TEST(StoryPages, P13_two_pages_backwards) { EXPECT_EQ(reused(2, 4096, true), (std::vector<long>{4096, 0, -1})); }
TEST(StoryPages, P14_two_16_byte_blocks_in_order) { EXPECT_EQ(reused(2, 16, false), (std::vector<long>{16, 32, -1})); }
TEST(StoryPages, P15_two_16_byte_blocks_reverse) { EXPECT_EQ(reused(2, 16, true), (std::vector<long>{32, 16, -1})); }
TEST(StoryPages, P16_two_256_byte_blocks_in_order) {
  EXPECT_EQ(reused(2, 256, false), (std::vector<long>{256, 512, -1}));
}
TEST(StoryPages, P17_two_256_byte_blocks_reverse) {
  EXPECT_EQ(reused(1, 256, true), (std::vector<long>{512, 256, -1}));
}

TEST(StoryPages, P18_big_block_as_multiple_pages) {
  Story story(10);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
}

TEST(StoryPages, P19_big_block_goes_back_as_multiple_pages) {
  Story story(4);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
  EXPECT_EQ(story.alloc(2000, 4096), 12288);
  story.free(0, 12000, 4096);
  EXPECT_EQ(story.alloc(2000, 4096), 0);
  EXPECT_EQ(story.alloc(2000, 4096), 4096);
  EXPECT_EQ(story.alloc(2000, 4096), 8192);
  EXPECT_EQ(story.alloc(2000, 4096), -1);
}

TEST(StoryPages, P20_next_big_block_comes_from_fresh_memory) {
  Story story(6);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
  story.free(0, 12000, 4096);
  EXPECT_EQ(story.alloc(12000, 4096), 3 * 4096);
  EXPECT_EQ(story.alloc(4096, 16), 0);
  EXPECT_EQ(story.alloc(4096, 16), 4096);
  EXPECT_EQ(story.alloc(4096, 16), 8192);
  EXPECT_EQ(story.alloc(4096, 16), -1);
}

TEST(StoryPages, S1_11_the_program_gets_its_four_buffers_where_the_story_says) {
  Story story(112);
  EXPECT_EQ(story.alloc(9 * 4, 16), 0x100);
  EXPECT_EQ(story.alloc(35 * 4, 16), 0x200);
  EXPECT_EQ(story.alloc(96 * 64 * 4, 16), 0x1000);
  EXPECT_EQ(story.alloc(8, 4), 0x7010);
}

TEST(StoryPages, S1_20_every_block_is_aligned_to_its_class_and_as_asked) {
  Story story(64);
  for (std::size_t alignment = 1; alignment <= page; alignment *= 2) {
    for (std::size_t size = 0; size <= page; ++size) {
      const std::size_t fit = size > alignment ? size : alignment;
      const std::size_t block_class = fit <= 16 ? 16 : fit <= 256 ? 256 : page;
      const Block block = story.heap.allocate(Layout(size, alignment));
      ASSERT_TRUE(block);
      EXPECT_TRUE(is_aligned(address_of(block.at), block_class));
      EXPECT_TRUE(is_aligned(address_of(block.at), alignment));
      EXPECT_EQ(block.size, block_class);
      story.heap.deallocate(block.at, Layout(size, alignment));
    }
  }
}

TEST(StoryPages, S1_21_size_and_alignment_choose_the_class) {
  const auto granted = [](std::size_t size, std::size_t alignment) {
    Story story(8);
    return story.heap.allocate(Layout(size, alignment)).size;
  };
  EXPECT_EQ(granted(16, 16), 16u);
  EXPECT_EQ(granted(10, 4), 16u);
  EXPECT_EQ(granted(17, 8), 256u);
  EXPECT_EQ(granted(8, 32), 256u);
  EXPECT_EQ(granted(256, 256), 256u);
  EXPECT_EQ(granted(257, 1), page);
  EXPECT_EQ(granted(1, 512), page);
  EXPECT_EQ(granted(2000, 4096), page);
  EXPECT_EQ(granted(4096, 16), page);
  EXPECT_EQ(granted(4097, 1), 2 * page);
  EXPECT_EQ(granted(12000, 4096), 3 * page);
}

TEST(StoryPages, S1_22_a_run_is_fresh_and_consecutive) {
  Story story(10);
  EXPECT_EQ(story.alloc(12000, 4096), 0);
  EXPECT_TRUE(story.heap.owns(story.start()) && story.heap.owns(story.start() + 12287));
  EXPECT_EQ(story.alloc(4096, 16), 12288);
}

TEST(StoryPages, S1_23_when_the_pages_are_out_a_request_gets_nothing_and_changes_nothing) {
  Story story(3);
  for (long i = 0; i < 3; ++i) EXPECT_EQ(story.alloc(4096, 16), 4096 * i);
  const StoryPages before = story.heap;
  EXPECT_EQ(story.alloc(4096, 16), -1);
  EXPECT_EQ(story.alloc(16, 16), -1);
  EXPECT_EQ(story.alloc(8192, 16), -1);
  EXPECT_EQ(std::memcmp(&before, &story.heap, sizeof before), 0);
}

TEST(StoryPages, S1_24_a_page_becomes_one_block_or_15_or_255) {
  for (const auto& [size, blocks] : {std::pair{4096u, 1}, {256u, 15}, {16u, 255}}) {
    Story story(1);
    int taken = 0;
    while (story.alloc(size, 16) != -1) ++taken;
    EXPECT_EQ(taken, blocks);
  }
}

TEST(StoryPages, S1_25_the_first_entry_of_a_cut_page_holds_the_entry_size) {
  for (const std::size_t entry : {16u, 256u}) {
    Story story(1);
    EXPECT_EQ(story.alloc(entry, 16), static_cast<long>(entry));
    std::size_t word = 0;
    std::memcpy(&word, story.start(), sizeof word);
    EXPECT_EQ(word, entry);
  }
}

TEST(StoryPages, S1_26_free_entries_are_linked_upward_and_the_last_link_is_0) {
  Story story(1);
  EXPECT_EQ(story.alloc(256, 16), 256);
  for (std::size_t entry = 2; entry <= 15; ++entry) {
    std::byte* next = nullptr;
    std::memcpy(&next, story.start() + 256 * entry, sizeof next);
    EXPECT_EQ(next, entry == 15 ? nullptr : story.start() + 256 * (entry + 1));
  }
}

TEST(StoryPages, S1_27_freed_pages_are_asked_before_fresh_ones) {
  Story story(3);
  EXPECT_EQ(story.alloc(4096, 16), 0);
  EXPECT_EQ(story.alloc(4096, 16), 4096);
  story.free(0, 4096, 16);
  EXPECT_EQ(story.alloc(16, 16), 16) << "also for a page that is cut";
  EXPECT_EQ(story.alloc(4096, 16), 8192);
}

TEST(StoryPages, S1_28_lists_are_last_in_first_out) {
  Story story(4);
  for (const std::size_t size : {16u, 256u, 4096u}) {
    const long a = story.alloc(size, 16);
    const long b = story.alloc(size, 16);
    story.free(a, size, 16);
    story.free(b, size, 16);
    EXPECT_EQ(story.alloc(size, 16), b);
    EXPECT_EQ(story.alloc(size, 16), a);
  }
}

TEST(StoryPages, S1_29_the_pages_of_a_freed_run_come_out_in_ascending_order) {
  Story story(3);
  EXPECT_EQ(story.alloc(12288, 16), 0);
  story.free(0, 12288, 16);
  for (long i = 0; i < 3; ++i) EXPECT_EQ(story.alloc(4096, 16), 4096 * i);
}

TEST(StoryPages, S1_30_the_state_is_six_words_outside_the_heap) {
  static_assert(sizeof(StoryPages) <= 6 * sizeof(std::uint64_t));
  static constinit StoryPages heap;
  const test::HostRegion memory(page);
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_FALSE(heap.owns(&heap));
  for (std::size_t offset = 0; offset < page; ++offset) ASSERT_EQ(memory.start()[offset], std::byte{0xA5});
}

int source_calls = 0;

Region lent_by_source() noexcept {
  static const test::HostRegion memory(4 * page);
  ++source_calls;
  return memory.region();
}

TEST(StoryPages, S1_31_the_region_is_asked_for_once_by_the_first_request) {
  for (const std::size_t first_size : {16u, 4096u, 8192u}) {
    source_calls = 0;
    StoryPages heap(lent_by_source);
    EXPECT_EQ(heap.check(), Fault::none);
    EXPECT_FALSE(heap.owns(nullptr));
    EXPECT_EQ(source_calls, 0);
    EXPECT_TRUE(heap.allocate(Layout(first_size, 16)));
    EXPECT_TRUE(heap.allocate(Layout(16, 16)));
    EXPECT_EQ(source_calls, 1);
  }
}

TEST(StoryPagesSourceDeathTest, S1_31_a_source_without_a_usable_region_stops_with_its_fault) {
  static constinit StoryPages heap([]() noexcept { return Region{reinterpret_cast<std::byte*>(0x1000), 100}; });
  EXPECT_DEATH(static_cast<void>(heap.allocate(Layout(16, 16))),
               "bareheap: the region is too small for this heap: 0x1000, called from");
}

TEST(StoryPages, S1_32_the_region_is_injected) {
  static const test::HostRegion first(page);
  StoryPages by_init;
  ASSERT_TRUE(by_init.init(first.region()));
  EXPECT_EQ(by_init.allocate(Layout(4096, 16)).at, first.start());
  StoryPages by_source(lent_by_source);
  EXPECT_TRUE(by_source.owns(by_source.allocate(Layout(4096, 16)).at));
}

TEST(StoryPages, S1_34_odd_ends_are_trimmed_inward_and_the_loss_is_told) {
  const test::HostRegion memory(4 * page);
  for (const std::size_t offset : {0u, 1u, 100u, 4095u}) {
    for (const std::size_t cut : {0u, 1u, 3996u, 4095u}) {
      StoryPages heap;
      const Region offered{memory.start() + offset, 4 * page - offset - cut};
      const Admission admission = heap.init(offered);
      ASSERT_TRUE(admission);
      const std::size_t pages = 4 - (offset != 0) - (cut != 0);
      EXPECT_EQ(admission.taken.size, pages * page);
      EXPECT_EQ(admission.lost, offered.size - pages * page);
      std::size_t taken = 0;
      while (const Block block = heap.allocate(Layout(4096, 16))) {
        EXPECT_TRUE(offered.contains(block.at) && offered.contains(block.at + 4095));
        ++taken;
      }
      EXPECT_EQ(taken, pages);
    }
  }
}

TEST(StoryPages, S1_35_no_room_is_an_empty_block) {
  Story story(1);
  EXPECT_FALSE(story.heap.allocate(Layout(4097, 1)));
  for (const std::size_t size : {size_limit, size_limit - 4095, size_limit - 4096, size_limit / 2}) {
    EXPECT_FALSE(story.heap.allocate(Layout(size, 1))) << size;
  }
  EXPECT_FALSE(story.heap.allocate(Layout(1, std::size_t{1} << 63)));
  EXPECT_EQ(test::drawing_of(story.heap, page), ".");
}

TEST(StoryPages, S1_36_the_bare_engine_has_no_lock_and_its_type_says_so) {
  static_assert(std::is_same_v<StoryPages, BasicStoryPages<16, 256, 4096>>);
  static_assert(std::is_trivially_copyable_v<StoryPages>, "a lock could not be copied");
}

TEST(StoryPages, S1_37_order_of_classes_on_a_fresh_heap) {
  Story story(8);
  EXPECT_EQ(story.alloc(16, 16), 0x10);
  EXPECT_EQ(story.alloc(256, 16), 0x1100);
  EXPECT_EQ(story.alloc(4096, 16), 0x2000);
  EXPECT_EQ(story.alloc(16, 16), 0x20);
  EXPECT_EQ(story.alloc(256, 16), 0x1200);
}

}  // namespace
}  // namespace bareheap
