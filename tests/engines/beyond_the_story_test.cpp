// SPDX-License-Identifier: MIT
// StoryPages where the story is silent: alignments above a page, more memory, resize, the picture, wrong frees, and
// what check() finds.
#include "engines/story.hpp"
#include "support/drawing.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace bareheap {
namespace {

using test::page;
using test::Story;

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
