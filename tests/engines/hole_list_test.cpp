// SPDX-License-Identifier: MIT
#include "bareheap/engines/hole_list.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace bareheap {
namespace {

/// A heap of some granules of 16 bytes; addresses are told as granules from its start, and no room as -1.
template <class Heap = HoleList>
class Granules {
 public:
  explicit Granules(std::size_t count) : memory_(count * 16) { EXPECT_TRUE(heap.init(memory_.region())); }

  long alloc(std::size_t granules, std::size_t alignment = 16) {
    const Block block = heap.allocate(Layout(granules * 16, alignment));
    return block ? (block.at - memory_.start()) / 16 : -1;
  }
  void free(long at, std::size_t granules) { heap.deallocate(memory_.start() + at * 16, Layout(granules * 16, 16)); }
  bool resize(long at, std::size_t granules, std::size_t wanted) {
    return heap.resize(memory_.start() + at * 16, Layout(granules * 16, 16), wanted * 16);
  }
  std::string drawing() const { return test::drawing_of(heap, 16); }
  std::byte* start() const { return memory_.start(); }

  Heap heap;

 private:
  test::HostRegion memory_;
};

TEST(HoleList, S3_05_a_fresh_heap_is_one_hole_and_the_object_is_small) {
  const test::HostRegion memory(1024);
  HoleList heap;
  const Admission admission = heap.init({memory.start() + 3, 1000});
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.start, memory.start() + 16);
  EXPECT_EQ(admission.lost, 1000 - admission.taken.size);
  EXPECT_EQ(test::drawing_of(heap, 16), std::string(admission.taken.size / 16, '.'));
  std::size_t words[2];
  std::memcpy(words, admission.taken.start, sizeof words);
  EXPECT_EQ(words[0], admission.taken.size);
  EXPECT_EQ(words[1], 0u);
  static_assert(sizeof(HoleList) <= 5 * sizeof(void*));
}

TEST(HoleList, S3_06_tail_carving_keeps_the_hole_where_it_is) {
  Granules<BasicHoleList<Carving::tail>> granules(8);
  EXPECT_EQ(granules.alloc(1), 7);
  EXPECT_EQ(granules.alloc(2), 5);
  EXPECT_EQ(granules.alloc(1, 64), 4);
  EXPECT_EQ(granules.drawing(), "....####");
  EXPECT_EQ(granules.alloc(4), 0);
  EXPECT_EQ(granules.alloc(1), -1);
}

TEST(HoleList, S3_06_goes_on_to_the_next_hole_until_the_end) {
  Granules granules(8);
  for (long at = 0; at < 8; ++at) EXPECT_EQ(granules.alloc(1), at);
  granules.free(0, 1);
  granules.free(3, 1);
  granules.free(4, 1);
  EXPECT_EQ(granules.alloc(2), 3);
}

TEST(HoleList, S3_07_without_a_hole_large_enough_nothing_changes) {
  Granules granules(8);
  EXPECT_EQ(granules.alloc(3), 0);
  const HoleList before = granules.heap;
  for (const std::size_t size : {std::size_t{81}, size_limit, size_limit - 15, size_limit / 2}) {
    EXPECT_FALSE(granules.heap.allocate(Layout(size, 1)));
  }
  EXPECT_FALSE(granules.heap.allocate(Layout(1, std::size_t{1} << 63)));
  EXPECT_EQ(std::memcmp(&before, &granules.heap, sizeof before), 0);
  EXPECT_EQ(granules.drawing(), "###.....");
}

TEST(HoleList, S3_08_freed_blocks_merge_on_both_sides) {
  Granules granules(6);
  EXPECT_EQ(granules.alloc(2), 0);
  EXPECT_EQ(granules.alloc(2), 2);
  EXPECT_EQ(granules.alloc(2), 4);
  granules.free(0, 2);
  granules.free(4, 2);
  EXPECT_EQ(granules.drawing(), "..##..");
  EXPECT_EQ(granules.alloc(3), -1);
  granules.free(2, 2);
  EXPECT_EQ(granules.alloc(6), 0);
}

TEST(HoleList, S2_08_the_first_object_lies_at_the_start) {
  Granules granules(8);
  EXPECT_EQ(granules.heap.allocate(Layout::of<int>()).at, granules.start());
}

// The vector doubles from 4 elements: 16, 32, … 2048 bytes, each block right behind the one before.
TEST(HoleList, S2_09_a_box_and_a_vector_of_500_end_where_the_lab_says) {
  Granules granules(4096 / 16);
  EXPECT_EQ(granules.alloc(1), 0);
  Block vector;
  std::size_t size = 0;
  for (std::size_t capacity = 4; capacity < 1000; capacity *= 2) {
    const Block larger = granules.heap.allocate(Layout(capacity * 4, 4));
    ASSERT_TRUE(larger);
    if (vector) granules.heap.deallocate(vector.at, Layout(size, 4));
    vector = larger;
    size = capacity * 4;
  }
  EXPECT_EQ(size, 2048u);
  EXPECT_EQ(vector.at, granules.start() + 0x800);
}

TEST(HoleList, defect_2_2_4_no_padding_is_lost) {
  Granules granules(16);
  EXPECT_EQ(granules.alloc(1), 0);
  EXPECT_EQ(granules.alloc(1, 128), 8);
  EXPECT_EQ(granules.drawing(), "#.......#.......");
  granules.free(0, 1);
  granules.heap.deallocate(granules.start() + 128, Layout(16, 128));
  EXPECT_EQ(granules.alloc(16), 0);
}

// The story's allocator shrank a copy of the hole, ignored alignments and wrote unaligned holes.
TEST(HoleList, defects_2_3_1_to_2_3_3_cannot_occur) {
  const test::HostRegion memory(256);
  BasicHoleList<Carving::tail> heap;
  ASSERT_TRUE(heap.init({memory.start() + 5, 200}));
  const Block first = heap.allocate(Layout(5, 1));
  const Block second = heap.allocate(Layout(5, 1));
  EXPECT_NE(first.at, second.at);
  EXPECT_TRUE(is_aligned(address_of(first.at), 16) && is_aligned(address_of(second.at), 16));
  while (heap.allocate(Layout(1, 1))) {
  }
  EXPECT_EQ(heap.check(), Fault::none) << "the last hole was taken whole";
}

TEST(HoleList, defect_2_2_3_tiny_regions_are_refused_and_nothing_outside_is_written) {
  const test::HostRegion memory(128);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    for (std::size_t size = 0; size <= 64; ++size) {
      HoleList heap;
      const bool taken = static_cast<bool>(heap.init({memory.start() + 16 + offset, size}));
      const std::size_t first = (offset + 15) / 16 * 16;
      EXPECT_EQ(taken, offset + size >= first + 16) << offset << ", " << size;
      for (std::size_t at = 0; at < 16 + offset; ++at) ASSERT_EQ(memory.start()[at], std::byte{0xA5});
      for (std::size_t at = 16 + offset + size; at < 128; ++at) ASSERT_EQ(memory.start()[at], std::byte{0xA5});
      std::memset(memory.start(), 0xA5, 128);
    }
  }
}

TEST(HoleList, a_block_grows_into_the_hole_above_it_and_gives_back_what_it_is_cut_by) {
  Granules granules(8);
  EXPECT_EQ(granules.alloc(2), 0);
  EXPECT_EQ(granules.alloc(2), 2);
  EXPECT_FALSE(granules.resize(0, 2, 3)) << "a block lies above";
  EXPECT_TRUE(granules.resize(2, 2, 6));
  EXPECT_EQ(granules.drawing(), "########");
  EXPECT_FALSE(granules.resize(2, 6, 7));
  EXPECT_TRUE(granules.resize(2, 6, 1));
  EXPECT_EQ(granules.drawing(), "###.....");
  EXPECT_TRUE(granules.resize(2, 1, 1));
  EXPECT_FALSE(granules.heap.resize(granules.start(), Layout(32, 16), size_limit));
}

/// A heap on the granules from 8 to 15 of 24, which grows to both sides and beyond.
struct GrowingHoleList : testing::Test {
  const test::HostRegion memory{24 * 16};
  HoleList heap;

  GrowingHoleList() { EXPECT_TRUE(heap.init(part(8, 8))); }
  Region part(std::size_t first, std::size_t count) const { return {memory.start() + first * 16, count * 16}; }
};

TEST_F(GrowingHoleList, memory_that_touches_an_end_joins) {
  EXPECT_TRUE(heap.add(part(16, 4)));
  EXPECT_TRUE(heap.add(part(4, 4)));
  EXPECT_EQ(test::drawing_of(heap, 16), std::string(16, '.'));
  EXPECT_EQ(heap.allocate(Layout(16 * 16, 16)).at, memory.start() + 4 * 16);
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST_F(GrowingHoleList, memory_elsewhere_becomes_a_region_of_its_own) {
  EXPECT_TRUE(heap.add(part(0, 4)));
  EXPECT_TRUE(heap.add(part(18, 2)));
  EXPECT_TRUE(heap.add(part(20, 4))) << "joins the one before";
  EXPECT_EQ(test::drawing_of(heap, 16), "m...........m.....");
  EXPECT_EQ(heap.allocate(Layout(8 * 16, 16)).at, memory.start() + 8 * 16);
  EXPECT_EQ(heap.allocate(Layout(5 * 16, 16)).at, memory.start() + 19 * 16);
  EXPECT_EQ(test::drawing_of(heap, 16), "m...########m#####");
  EXPECT_TRUE(heap.owns(memory.start()) && heap.owns(memory.start() + 20 * 16));
  EXPECT_FALSE(heap.owns(memory.start() + 4 * 16) || heap.owns(memory.start() + 17 * 16));
  heap.deallocate(memory.start() + 8 * 16, Layout(8 * 16, 16));
  heap.deallocate(memory.start() + 19 * 16, Layout(5 * 16, 16));
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST_F(GrowingHoleList, regions_that_come_to_touch_count_as_one) {
  EXPECT_TRUE(heap.add(part(0, 4)));
  EXPECT_TRUE(heap.add(part(4, 4)));
  EXPECT_EQ(test::drawing_of(heap, 16), "m" + std::string(15, '.'));
  const Block block = heap.allocate(Layout(15 * 16, 16));
  EXPECT_EQ(block.at, memory.start() + 16);
  EXPECT_EQ(test::drawing_of(heap, 16), "m" + std::string(15, '#'));
  heap.deallocate(block.at, Layout(15 * 16, 16));
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST_F(GrowingHoleList, what_overlaps_or_is_too_small_is_refused) {
  EXPECT_EQ(heap.add(part(7, 2)).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add(part(0, 24)).fault, Fault::region_overlaps);
  EXPECT_EQ(heap.add(part(20, 1)).fault, Fault::region_too_small);
  EXPECT_EQ(heap.add({memory.start(), 15}).fault, Fault::region_too_small);
  EXPECT_EQ(HoleList().add(part(0, 4)).fault, Fault::not_initialised);
}

struct HoleListDeathTest : testing::Test {
  Granules<> granules{8};

  HoleListDeathTest() {
    EXPECT_EQ(granules.alloc(2), 0);
    EXPECT_EQ(granules.alloc(2), 2);
    EXPECT_EQ(granules.alloc(2), 4);
    granules.free(2, 2);
  }

  void expect_stop(std::byte* at, std::size_t size, std::size_t alignment, const char* sentence) {
    const std::string line = std::string("bareheap: ") + sentence + ": 0x[0-9a-f]+, called from 0x[0-9a-f]+";
    EXPECT_DEATH(granules.heap.deallocate(at, Layout(size, alignment)), line);
    EXPECT_DEATH(static_cast<void>(granules.heap.resize(at, Layout(size, alignment), 1)), line);
  }
};

TEST_F(HoleListDeathTest, every_bad_free_that_can_be_told_stops_with_its_sentence) {
  const char* const never_lent = "freed an address that this heap has not lent";
  const char* const twice = "freed a block that is free already";
  const char* const wrong = "freed a block with another size or alignment than it was asked with";
  expect_stop(granules.start() + 32, 32, 16, twice);
  expect_stop(granules.start() + 48, 16, 16, twice);
  expect_stop(granules.start() + 96, 16, 16, twice);
  expect_stop(granules.start() - 16, 16, 16, never_lent);
  expect_stop(granules.start() + 128, 16, 16, never_lent);
  expect_stop(granules.start() + 8, 8, 8, never_lent);
  expect_stop(granules.start(), 33, 16, wrong);
  expect_stop(granules.start() + 64, 80, 16, wrong);
  expect_stop(granules.start() + 16, 16, 32, wrong);
  expect_stop(granules.start(), size_limit, 1, wrong);
}

// The words of the second hole, and of the object: start and size of the region, the first hole, the other regions.
TEST(HoleListCheck, names_the_invariant_that_does_not_hold) {
  Granules granules(8);
  for (long at = 0; at < 8; ++at) EXPECT_EQ(granules.alloc(1), at);
  granules.free(0, 1);
  granules.free(4, 1);
  EXPECT_EQ(granules.heap.check(), Fault::none);
  const auto torn = [&](std::byte* word, std::size_t value) {
    std::size_t saved = 0;
    std::memcpy(&saved, word, sizeof saved);
    std::memcpy(word, &value, sizeof value);
    const Fault fault = granules.heap.check();
    std::memcpy(word, &saved, sizeof saved);
    return fault;
  };
  auto* const object = reinterpret_cast<std::byte*>(&granules.heap);
  EXPECT_EQ(torn(object + sizeof(void*), 127), Fault::invariant_1) << "half a granule";
  EXPECT_EQ(torn(object + sizeof(void*), size_limit - 15), Fault::invariant_1) << "beyond the last address";
  std::byte* const second = granules.start() + 64;
  EXPECT_EQ(torn(second, 0), Fault::invariant_2) << "a hole of nothing";
  EXPECT_EQ(torn(second, 24), Fault::invariant_2) << "half a granule";
  EXPECT_EQ(torn(second, 80), Fault::invariant_2) << "beyond the end";
  EXPECT_EQ(torn(second + sizeof(void*), address_of(granules.start())), Fault::invariant_2) << "a ring";
  EXPECT_EQ(torn(second + sizeof(void*), 16), Fault::invariant_2) << "outside";
  const std::size_t hole_off_its_granule[] = {16, 0};  // in lent memory, right but for its address
  std::memcpy(granules.start() + 88, hole_off_its_granule, sizeof hole_off_its_granule);
  EXPECT_EQ(torn(second + sizeof(void*), address_of(granules.start()) + 88), Fault::invariant_2) << "no granule";
  EXPECT_EQ(torn(granules.start(), 64), Fault::invariant_3) << "the first reaches to the second";
  EXPECT_EQ(granules.heap.check(), Fault::none);
}

// The header of a region that was added: its size, and the next one.
TEST_F(GrowingHoleList, check_does_not_follow_torn_headers_in_a_ring) {
  ASSERT_TRUE(heap.add(part(0, 4)));
  ASSERT_TRUE(heap.add(part(20, 4)));
  EXPECT_EQ(heap.check(), Fault::none);
  std::byte* const header = memory.start() + 20 * 16;
  for (const std::size_t next : {address_of(header), address_of(memory.start()), address_of(header) + 8}) {
    std::memcpy(header + sizeof(void*), &next, sizeof next);
    EXPECT_EQ(heap.check(), Fault::invariant_1);
  }
}

}  // namespace
}  // namespace bareheap
