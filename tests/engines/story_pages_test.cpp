// SPDX-License-Identifier: MIT
// The Homer story, literally: its facts S1-20 to S1-37 and its twenty tests P01 to P20.
#include "bareheap/engines/story_pages.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

namespace bareheap {
namespace {

constexpr std::size_t page = 4096;

/// A heap on a region of some pages; addresses are told as offsets from its start, and no room as -1.
class Story {
 public:
  explicit Story(std::size_t pages) : memory_(pages * page) { EXPECT_TRUE(heap.init(memory_.region())); }

  long alloc(std::size_t size, std::size_t alignment) {
    const Block block = heap.allocate(Layout(size, alignment));
    return block ? block.at - memory_.start() : -1;
  }

  void free(long offset, std::size_t size, std::size_t alignment) {
    heap.deallocate(memory_.start() + offset, Layout(size, alignment));
  }

  std::byte* start() const { return memory_.start(); }

  StoryPages heap;

 private:
  test::HostRegion memory_;
};

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

TEST(StoryPages, alignments_above_a_page_are_kept_and_the_pages_passed_over_are_not_lost) {
  const test::HostRegion memory(16 * page, 16 * page);
  StoryPages heap;
  ASSERT_TRUE(heap.init({memory.start() + page, 15 * page}));
  const Block block = heap.allocate(Layout(1, 4 * page));
  EXPECT_EQ(block.at, memory.start() + 4 * page);
  EXPECT_EQ(test::drawing_of(heap, page), "...#...........");
  EXPECT_EQ(heap.allocate(Layout(page, 16)).at, memory.start() + page);
}

TEST(StoryPages, more_memory_joins_at_the_end_and_nowhere_else) {
  const test::HostRegion memory(8 * page);
  StoryPages heap;
  EXPECT_EQ(heap.add(memory.region()).fault, Fault::not_initialised);
  ASSERT_TRUE(heap.init({memory.start() + page, 2 * page}));
  EXPECT_EQ(heap.add({memory.start(), page}).fault, Fault::region_apart);
  EXPECT_EQ(heap.add({memory.start() + 5 * page, page}).fault, Fault::region_apart);
  EXPECT_EQ(heap.add({memory.start() + 2 * page, 3 * page}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start() + 3 * page, 100}).fault, Fault::region_too_small);
  const Admission admission = heap.add({memory.start() + 3 * page, 2 * page + 100});
  EXPECT_TRUE(admission);
  EXPECT_EQ(admission.lost, 100u);
  EXPECT_EQ(heap.allocate(Layout(4 * page, 16)).at, memory.start() + page);
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(StoryPages, resize_stays_in_the_bytes_granted) {
  Story story(8);
  const Block small = story.heap.allocate(Layout(10, 4));
  EXPECT_TRUE(story.heap.resize(small.at, Layout(10, 4), 16));
  EXPECT_FALSE(story.heap.resize(small.at, Layout(16, 4), 17));
  const Block run = story.heap.allocate(Layout(5000, 4));
  EXPECT_TRUE(story.heap.resize(run.at, Layout(5000, 4), 8192));
  EXPECT_FALSE(story.heap.resize(run.at, Layout(8192, 4), 8193));
  EXPECT_FALSE(story.heap.resize(run.at, Layout(8192, 4), 4096));
}

TEST(StoryPages, the_picture_shows_headers_blocks_pages_and_what_is_fresh) {
  Story story(4);
  EXPECT_EQ(story.alloc(256, 16), 256);
  EXPECT_EQ(story.alloc(200, 16), 512);
  EXPECT_EQ(story.alloc(4096, 16), 4096);
  story.free(256, 256, 16);
  EXPECT_EQ(test::drawing_of(story.heap, 256),
            "m.#............." + std::string(16, '#') + std::string(32, '.'));
}

// Lists and pages beyond one window of the walk's bitmaps.
TEST(StoryPages, the_picture_holds_for_more_pages_than_a_window) {
  Story story(33000);
  for (long i = 0; i < 33000; ++i) EXPECT_EQ(story.alloc(4096, 16), 4096 * i);
  for (const long freed : {0l, 16383l, 16384l, 32767l, 32768l, 32999l}) story.free(4096 * freed, 4096, 16);
  std::string expected(33000, '#');
  for (const std::size_t freed : {0u, 16383u, 16384u, 32767u, 32768u, 32999u}) expected[freed] = '.';
  EXPECT_EQ(test::drawing_of(story.heap, page), expected);
  EXPECT_EQ(story.heap.check(), Fault::none);
}

struct StoryPagesDeathTest : testing::Test {
  Story story{4};
  const long block = story.alloc(16, 16);
  const long whole_page = story.alloc(4096, 16);

  void expect_stop(long offset, std::size_t size, std::size_t alignment, const char* sentence) {
    EXPECT_DEATH(story.free(offset, size, alignment),
                 std::string("bareheap: ") + sentence + ": 0x[0-9a-f]+, called from 0x[0-9a-f]+");
  }
};

TEST_F(StoryPagesDeathTest, frees_that_cannot_be_right_stop_with_their_sentence) {
  const char* const never_lent = "freed an address that this heap has not lent";
  const char* const wrong_layout = "freed a block with another size or alignment than it was asked with";
  expect_stop(-4096, 16, 16, never_lent);
  expect_stop(3 * 4096, 4096, 16, never_lent);
  expect_stop(100 * 4096, 16, 16, never_lent);
  expect_stop(block + 8, 8, 8, never_lent);
  expect_stop(0, 16, 16, never_lent);
  expect_stop(block, 17, 16, wrong_layout);
  expect_stop(block, 4096, 16, wrong_layout);
  expect_stop(whole_page, 3 * 4096, 16, wrong_layout);
  expect_stop(whole_page, 16, 16, wrong_layout);
  expect_stop(0, 4096, 16, wrong_layout);
  expect_stop(whole_page, 4096, 1 << 20, wrong_layout);
  EXPECT_DEATH(static_cast<void>(story.heap.resize(story.start() - 16, Layout(16, 16), 8)), never_lent);
}

/// Writes `value` over the word at `offset`, as a stray write would.
Fault check_after_stray_write(Story& story, long offset, const void* value) {
  std::memcpy(story.start() + offset, &value, sizeof value);
  return story.heap.check();
}

TEST(StoryPages, check_names_the_invariant_that_does_not_hold) {
  Story story(4);
  EXPECT_EQ(story.alloc(16, 16), 16);
  EXPECT_EQ(story.alloc(256, 16), 4096 + 256);
  EXPECT_EQ(story.alloc(8192, 16), 8192);
  story.free(8192, 8192, 16);
  EXPECT_EQ(story.heap.check(), Fault::none);
  const auto torn = [&](long offset, const void* value) {
    std::byte saved[sizeof(void*)];
    std::memcpy(saved, story.start() + offset, sizeof saved);
    const Fault fault = check_after_stray_write(story, offset, value);
    std::memcpy(story.start() + offset, saved, sizeof saved);
    return fault;
  };
  EXPECT_EQ(torn(0, reinterpret_cast<void*>(17)), Fault::invariant_2) << "a header of another size";
  EXPECT_EQ(torn(8, story.start()), Fault::invariant_2) << "the list of cut pages is a ring";
  EXPECT_EQ(torn(32, story.start() + 32), Fault::invariant_3) << "a free small block is in the list twice";
  EXPECT_EQ(torn(32, story.start() + 4096 + 512), Fault::invariant_3) << "it lies in a page of medium blocks";
  EXPECT_EQ(torn(4096 + 512, story.start() + 4096), Fault::invariant_4) << "it is the header";
  EXPECT_EQ(torn(8192, story.start() + 8192), Fault::invariant_5) << "a free page is in the list twice";
  EXPECT_EQ(torn(8192, story.start()), Fault::invariant_5) << "a cut page, whose first word is no link";
  EXPECT_EQ(torn(8192, story.start() - 4096), Fault::invariant_5) << "a free page lies outside";
  EXPECT_EQ(story.heap.check(), Fault::none);
}

TEST(StoryPages, walk_and_check_come_to_an_end_when_a_list_is_a_ring) {
  Story story(4);
  for (const std::size_t size : {16u, 256u, 4096u}) {
    const long block = story.alloc(size, 16);
    story.free(block, size, 16);
    story.free(block, size, 16);
  }
  EXPECT_NE(story.heap.check(), Fault::none);
  EXPECT_EQ(test::drawing_of(story.heap, 16).size(), 4 * page / 16);
}

// Nothing is read or written by init, so that the region need not exist.
TEST(StoryPages, pages_beyond_the_reach_of_32_bits_are_lost_and_counted) {
  constexpr std::size_t reach = std::size_t{0xFFFFFFFF} * page;
  StoryPages heap;
  const Admission admission = heap.init({reinterpret_cast<std::byte*>(page), reach + 3 * page + 5});
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.size, reach);
  EXPECT_EQ(admission.lost, 3 * page + 5);
}

TEST(StoryPages, check_finds_the_double_free_that_the_call_does_not) {
  Story story(2);
  EXPECT_EQ(story.alloc(16, 16), 16);
  story.free(16, 16, 16);
  story.free(16, 16, 16);
  EXPECT_EQ(story.heap.check(), Fault::invariant_3);
}

// fresh and pages are the last two numbers of the object.
TEST(StoryPages, check_names_invariant_1_when_more_pages_are_handed_out_than_there_are) {
  Story story(2);
  const std::uint32_t fresh = 3;
  std::memcpy(reinterpret_cast<std::byte*>(&story.heap) + sizeof story.heap - 2 * sizeof fresh, &fresh, sizeof fresh);
  EXPECT_EQ(story.heap.check(), Fault::invariant_1);
}

}  // namespace
}  // namespace bareheap
