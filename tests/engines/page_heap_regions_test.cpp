// SPDX-License-Identifier: MIT
// The regions of a PageHeap and their maps: which it takes, how small they may be, and what check() finds in a map that
// something has written over.
#include "engines/pages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace bareheap {
namespace {

using test::page;
using Story = test::Pages<PageHeap>;

TEST(PageHeap, defect_2_1_5_odd_ends_are_trimmed_inward_and_the_loss_is_told) {
  const test::HostRegion memory(8 * page);
  for (const std::size_t offset : {0u, 1u, 7u, 100u, 4095u}) {
    for (const std::size_t cut : {0u, 1u, 3996u, 4095u}) {
      PageHeap heap;
      const Region offered{memory.start() + offset, 8 * page - offset - cut};
      const Admission admission = heap.init(offered);
      ASSERT_TRUE(admission);
      EXPECT_EQ(admission.lost, offered.size - admission.taken.size);
      const std::size_t pages = 7 - (offset > page - PageHeap::map_size(7)) - (cut != 0);
      for (std::size_t count = 0; count != pages; ++count) {
        const Block block = heap.allocate_pages(1);
        ASSERT_TRUE(block);
        EXPECT_TRUE(admission.taken.contains(block.at) && offered.contains(block.at + page - 1));
      }
      EXPECT_FALSE(heap.allocate_pages(1));
      EXPECT_EQ(heap.check(), Fault::none);
    }
  }
}

TEST(PageHeap, the_smallest_region_is_enough_wherever_it_starts_and_a_byte_less_is_not) {
  const auto pages_of = [](Region region) {
    PageHeap heap;
    static_cast<void>(heap.init(region));
    std::size_t pages = 0;
    while (heap.allocate_pages(1)) ++pages;
    return pages;
  };
  for (const std::size_t pages : {1u, 2u, 16u, 17u, 100u, 150u}) {
    const std::size_t size = PageHeap::smallest_region(pages);
    const test::HostRegion memory(size + page);
    bool less_is_too_small = false;
    for (std::size_t offset = 0; offset < page; offset += offset < 16 || offset > page - 16 ? 1 : 31) {
      ASSERT_GE(pages_of({memory.start() + offset, size}), pages) << offset;
    }
    for (std::size_t offset = 0; offset != page; ++offset) {
      PageHeap heap;
      const Admission admission = heap.init({memory.start() + offset, size - 1});
      less_is_too_small = less_is_too_small || !admission || admission.taken.size < pages * page;
      if (admission && pages > 1 && !heap.allocate_pages(pages)) less_is_too_small = true;
    }
    EXPECT_TRUE(less_is_too_small) << pages;
  }
  static_assert(PageHeap::map_size(1) < 200 && PageHeap::map_size(100000) < 37 * 100000);
  static_assert(PageHeap::smallest_region(size_limit) == size_limit);
  static_assert(PageHeap::smallest_region(size_limit / page) == size_limit);
  static_assert(PageHeap::map_size(PageHeap::most_pages + 1) == size_limit);
}

TEST(PageHeap, regions_that_cannot_be_taken_are_refused_and_change_nothing) {
  const test::HostRegion memory(8 * page);
  PageHeap heap;
  EXPECT_EQ(heap.add(memory.region()).fault, Fault::not_initialised);
  EXPECT_EQ(heap.add(memory.region(), memory.region()).fault, Fault::not_initialised);
  EXPECT_EQ(heap.init({memory.start(), 0}).fault, Fault::region_too_small);
  EXPECT_EQ(heap.init({memory.start() + 8, page}).fault, Fault::region_too_small);
  EXPECT_EQ(heap.init({memory.start(), page + 100}).fault, Fault::region_too_small);
  EXPECT_EQ(heap.init({memory.start() + 1, size_limit}).fault, Fault::region_wraps);
  EXPECT_EQ(heap.init(Region::between(memory.start() + 1, memory.start())).fault, Fault::region_wraps);
  const Region pages{memory.start() + page, 4 * page};
  EXPECT_EQ(heap.init(pages, {memory.start(), PageHeap::map_size(4) - 1}).fault, Fault::region_too_small);
  EXPECT_EQ(heap.init(pages, {memory.start(), 0}).fault, Fault::region_too_small);
  EXPECT_EQ(heap.init(pages, {memory.start(), size_limit}).fault, Fault::region_wraps);
  EXPECT_EQ(heap.init(pages, {memory.start() + page - 8, page}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.init({memory.start(), page - 1}, {memory.start() + page, page}).fault, Fault::region_too_small);
  for (std::size_t at = 0; at != 8 * page; ++at) ASSERT_EQ(memory.start()[at], std::byte{0xA5});
  ASSERT_TRUE(heap.init(pages, {memory.start() + 1, PageHeap::map_size(4) + 7}));
  EXPECT_EQ(memory.start()[0], std::byte{0xA5});
  EXPECT_EQ(heap.init(memory.region()).fault, Fault::initialised_twice);
  EXPECT_EQ(heap.init(pages, memory.region()).fault, Fault::initialised_twice);
  EXPECT_EQ(heap.add({memory.start() + 4 * page, 3 * page}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start(), 8 * page}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start() + 5 * page, page}, {memory.start() + 64, 256}).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start() + 5 * page, page}, {memory.start() + 2 * page, page}).fault,
            Fault::region_overlaps);
  EXPECT_EQ(heap.add({memory.start() + 5 * page, page}).fault, Fault::region_too_small);
  EXPECT_EQ(test::drawing_of(heap, page), "....");
}

TEST(PageHeap, further_regions_have_maps_of_their_own_and_no_block_crosses) {
  const test::HostRegion memory(32 * page);
  PageHeap heap;
  const auto part = [&](std::size_t first, std::size_t pages) {
    return Region{memory.start() + first * page, pages * page};
  };
  ASSERT_TRUE(heap.init(part(8, 4)));
  ASSERT_TRUE(heap.add(part(12, 4)));
  ASSERT_TRUE(heap.add(part(0, 3)));
  ASSERT_TRUE(heap.add(part(20, 2), {memory.start() + 31 * page, PageHeap::map_size(2)}));
  ASSERT_TRUE(heap.add(part(24, 5)));
  EXPECT_EQ(heap.add(part(30, 2)).fault, Fault::region_overlaps) << "there is a map";
  EXPECT_EQ(test::drawing_of(heap, page), "m..m...m.....m....") << "lowest first";
  const auto place = [&](std::size_t pages) {
    const Block block = heap.allocate_pages(pages);
    return block ? (block.at - memory.start()) / 4096 : -1;
  };
  EXPECT_EQ(place(5), -1);
  EXPECT_EQ(place(4), 25);
  EXPECT_EQ(place(3), 9);
  EXPECT_EQ(place(2), 1);
  EXPECT_EQ(place(2), 13);
  EXPECT_EQ(place(2), 20);
  EXPECT_EQ(place(1), 15);
  EXPECT_EQ(place(1), -1);
  EXPECT_EQ(test::drawing_of(heap, page), "m##m###m#####m####");
  EXPECT_TRUE(heap.owns(memory.start() + 20 * page) && !heap.owns(memory.start() + 22 * page));
  heap.deallocate_pages(memory.start() + 20 * page, 2);
  heap.deallocate_pages(memory.start() + 25 * page, 4);
  EXPECT_EQ(test::drawing_of(heap, page), "m##m###m###..m....");
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(PageHeap, a_hundred_regions_are_no_more_than_a_hundred) {
  const test::HostRegion memory(300 * page);
  PageHeap heap;
  for (std::size_t index = 0; index != 100; ++index) {
    const Region region{memory.start() + (index * 37 % 100) * 3 * page, 2 * page};
    ASSERT_TRUE(index == 0 ? heap.init(region) : heap.add(region));
  }
  EXPECT_EQ(heap.check(), Fault::none);
  for (std::size_t index = 0; index != 100; ++index) {
    EXPECT_EQ(heap.allocate_pages(1).at, memory.start() + (3 * index + 1) * page);
  }
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
}

TEST(PageHeapMapDeathTest, the_map_was_never_lent) {
  const test::HostRegion memory(8 * page);
  PageHeap heap;
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_DEATH(heap.deallocate(memory.start(), Layout(16, 1)), "freed an address that this heap has not lent");
}

using Map = PageMap<16, 256, page, MaxTree, BitTree>;

/// A heap with a tile of each kind, and the words of its map, to be torn one at a time.
class Torn {
 public:
  Torn() {
    EXPECT_EQ(story_.alloc(16), 0);
    EXPECT_EQ(story_.alloc(256), 4096);
    EXPECT_EQ(story_.alloc(3 * page), 2 * 4096);
    EXPECT_EQ(story_.alloc(page), 5 * 4096);
    EXPECT_EQ(story_.alloc(page), 6 * 4096);
    story_.free(5 * 4096, page);
    EXPECT_EQ(story_.heap.check(), Fault::none);
  }

  /// What check() says while word `index`, counted from the words of the pages, is `value`.
  Fault word(std::size_t index, std::uint32_t value) {
    const auto words = reinterpret_cast<std::uint32_t*>(story_.map().start + sizeof(Map));
    return torn(words[index], value);
  }

  /// What check() says while the pages seem to start at `value`.
  Fault first_page(std::byte* value) {
    const auto words = reinterpret_cast<std::byte**>(story_.map().start);
    const auto found = std::find(words, words + 8, story_.start());
    return torn(*found, value);
  }

  std::byte* start() const { return story_.start(); }
  static constexpr std::size_t pages = 20;
  static constexpr std::uint32_t tail(std::uint32_t count) { return 1u << 29 | count; }
  static constexpr std::uint32_t small(std::uint32_t count) { return 2u << 29 | count; }
  static constexpr std::uint32_t run(std::uint32_t count) { return 4u << 29 | count; }
  static constexpr std::uint32_t free(std::uint32_t count) { return 7u << 29 | count; }

 private:
  template <class Word>
  Fault torn(Word& word, Word value) {
    const Word saved = word;
    word = value;
    const Fault fault = story_.heap.check();
    word = saved;
    EXPECT_EQ(story_.heap.check(), Fault::none);
    return fault;
  }

  Story story_{pages};
};

TEST(PageHeapCheck, names_invariant_1_when_regions_overlap_or_lie_off_the_pages) {
  Torn heap;
  EXPECT_EQ(heap.first_page(heap.start() + 16), Fault::invariant_1);
  EXPECT_EQ(heap.first_page(reinterpret_cast<std::byte*>(size_limit - page + 1)), Fault::invariant_1);
  const test::HostRegion memory(8 * page);
  PageHeap two;
  ASSERT_TRUE(two.init({memory.start(), 4 * page}));
  ASSERT_TRUE(two.add({memory.start() + 4 * page, 4 * page}));
  std::byte* const second = memory.start() + 4 * page;
  std::memcpy(second, &second, sizeof(std::byte*));
  EXPECT_EQ(two.check(), Fault::invariant_1) << "the list of regions is a ring";
}

TEST(PageHeapCheck, names_invariant_2_when_tiles_do_not_follow_each_other) {
  Torn heap;
  EXPECT_EQ(heap.word(0, 0), Fault::invariant_2) << "no tile";
  EXPECT_EQ(heap.word(0, Torn::small(2)), Fault::invariant_2) << "a cut page of two pages";
  EXPECT_EQ(heap.word(0, 5u << 29 | 1), Fault::invariant_2) << "a kind that there is not";
  EXPECT_EQ(heap.word(2, Torn::run(0)), Fault::invariant_2) << "no pages";
  EXPECT_EQ(heap.word(2, Torn::run(2)), Fault::invariant_2) << "a run too short";
  EXPECT_EQ(heap.word(2, Torn::run(4)), Fault::invariant_2) << "a run too long";
  EXPECT_EQ(heap.word(2, Torn::run(1000)), Fault::invariant_2) << "a run out of the region";
  EXPECT_EQ(heap.word(3, 1), Fault::invariant_2) << "a page inside a run says something";
  EXPECT_EQ(heap.word(19, 0), Fault::invariant_2) << "a free run without its tail";
  EXPECT_EQ(heap.word(19, Torn::tail(2)), Fault::invariant_2) << "its tail says another length";
}

TEST(PageHeapCheck, names_invariant_3_when_two_free_runs_touch) {
  Torn heap;
  EXPECT_EQ(heap.word(6, Torn::free(1)), Fault::invariant_3);
}

// Behind the words of the pages: their tree (2 groups, 1 top), a word of pages with room for each size, then the
// blocks.
constexpr std::size_t tree = Torn::pages;
constexpr std::size_t room = tree + 3;
constexpr std::size_t blocks = room + 2;

TEST(PageHeapCheck, names_invariant_4_when_a_cut_page_has_no_lent_block_or_one_too_many) {
  Torn heap;
  EXPECT_EQ(heap.word(blocks, 0), Fault::invariant_4);
  EXPECT_EQ(heap.word(blocks + 8, 1u << 16 | 1), Fault::invariant_4) << "of 16 blocks the 17th";
  EXPECT_EQ(heap.word(blocks + 15, 1), Fault::invariant_4) << "of 16 blocks the 225th";
}

TEST(PageHeapCheck, names_invariant_5_when_the_pages_with_room_are_others) {
  Torn heap;
  EXPECT_EQ(heap.word(room, 0), Fault::invariant_5);
  EXPECT_EQ(heap.word(room, 3), Fault::invariant_5);
  EXPECT_EQ(heap.word(room + 1, 1), Fault::invariant_5);
  EXPECT_EQ(heap.word(room, 1u << 20 | 1), Fault::invariant_5) << "a page that there is not";
  Story full(40);
  EXPECT_EQ(full.alloc(16), 0);
  const auto words = reinterpret_cast<std::uint32_t*>(full.map().start + sizeof(Map));
  std::uint32_t& above = words[40 + 3 + 1 + 2];
  ASSERT_EQ(above, 1u);
  above = 2;
  EXPECT_EQ(full.heap.check(), Fault::invariant_5) << "the word above the others";
}

TEST(PageHeapCheck, names_invariant_6_when_a_greatest_is_not) {
  Torn heap;
  EXPECT_EQ(heap.word(tree, Torn::free(12)), Fault::invariant_6);
  EXPECT_EQ(heap.word(tree + 1, 0), Fault::invariant_6);
  EXPECT_EQ(heap.word(tree + 2, Torn::free(14)), Fault::invariant_6);
}

}  // namespace
}  // namespace bareheap
