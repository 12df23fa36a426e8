// SPDX-License-Identifier: MIT
// Each call of the C interface and each of its refusals, on every engine that the flags choose.
#include "bareheap/bareheap.h"
#include "c_abi/choices.hpp"
#include "c_abi/every_call.h"
#include "c_abi/pictures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

void bareheap_panic(const char* sentence, const void* address) {
  std::fprintf(stderr, "%s%s\n", sentence, address == nullptr ? "" : ": an address");
  std::abort();
}

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t region_size = 16 * page;
alignas(page) unsigned char memory[2 * region_size];

class CAbi : public testing::TestWithParam<Choice> {
 protected:
  void SetUp() override {
    std::memset(memory, 0xA5, sizeof memory);
    heap = bareheap_init(memory, region_size, GetParam().flags);
    ASSERT_NE(heap, nullptr);
  }

  void TearDown() override { EXPECT_EQ(bareheap_check(heap), 0u); }

  unsigned char* allocate(std::size_t size, std::size_t alignment = 0) {
    return static_cast<unsigned char*>(bareheap_allocate(heap, size, alignment));
  }

  std::size_t used() {
    bareheap_trim(heap);
    return statistics_of(heap).used_bytes;
  }

  bareheap* heap = nullptr;
};

std::string name_of(const testing::TestParamInfo<Choice>& choice) { return choice.param.name; }
INSTANTIATE_TEST_SUITE_P(Flags, CAbi, testing::ValuesIn(choices), name_of);

TEST_P(CAbi, blocks_are_aligned_as_asked_and_go_back_in_every_way) {
  const bareheap_statistics fresh = statistics_of(heap);
  for (std::size_t alignment = 0; alignment <= page; alignment = alignment == 0 ? 1 : 2 * alignment) {
    for (const std::size_t size : {0u, 1u, 17u, 300u, 5000u}) {
      SetUp();  // StoryPages uses up its runs
      unsigned char* const known = allocate(size, alignment);
      unsigned char* const unknown = allocate(size, alignment);
      ASSERT_TRUE(known != nullptr && unknown != nullptr && known != unknown);
      const std::size_t least = alignment == 0 ? alignof(std::max_align_t) : alignment;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(known) % least, 0u);
      EXPECT_GE(bareheap_usable_size(heap, known), size);
      EXPECT_TRUE(bareheap_owns(heap, known));
      std::memset(known, 1, bareheap_usable_size(heap, known));
      std::memset(unknown, 2, bareheap_usable_size(heap, unknown));
      EXPECT_TRUE(size == 0 || (known[0] == 1 && known[size - 1] == 1));
      bareheap_deallocate(heap, known, size, alignment);
      bareheap_free(heap, unknown);
      bareheap_trim(heap);
    }
  }
  EXPECT_EQ(used(), 0u);
  EXPECT_TRUE(GetParam().flags == BAREHEAP_STORY_PAGES || statistics_of(heap) == fresh);
}

TEST_P(CAbi, a_null_block_is_nothing_to_free_and_nothing_to_resize) {
  const bareheap_statistics fresh = statistics_of(heap);
  bareheap_deallocate(heap, nullptr, 5, 8);
  bareheap_free(heap, nullptr);
  EXPECT_FALSE(bareheap_resize(heap, nullptr, 5, 8, 5));
  EXPECT_EQ(bareheap_usable_size(heap, nullptr), 0u);
  EXPECT_TRUE(statistics_of(heap) == fresh);
}

TEST_P(CAbi, what_cannot_be_granted_is_null_and_changes_nothing) {
  unsigned char* const block = allocate(100);
  std::memset(block, 7, 100);
  const bareheap_statistics before = statistics_of(heap);
  const auto expect_refused = [&](std::size_t size, std::size_t alignment) {
    EXPECT_EQ(bareheap_allocate(heap, size, alignment), nullptr) << size << " " << alignment;
    EXPECT_EQ(bareheap_allocate_zeroed(heap, size, alignment), nullptr) << size << " " << alignment;
  };
  for (std::size_t below = 0; below < 300; ++below) {
    for (const std::size_t alignment : {std::size_t{0}, std::size_t{1}, page, SIZE_MAX / 2 + 1}) {
      expect_refused(SIZE_MAX - below, alignment);
    }
    EXPECT_EQ(bareheap_reallocate(heap, block, 100, 0, SIZE_MAX - below), nullptr);
    EXPECT_FALSE(bareheap_resize(heap, block, 100, 0, SIZE_MAX - below));
  }
  for (const std::size_t odd : {std::size_t{3}, std::size_t{24}, SIZE_MAX, SIZE_MAX - 1}) {
    expect_refused(8, odd);
    EXPECT_EQ(bareheap_reallocate(heap, block, 100, odd, 8), nullptr);
    EXPECT_EQ(bareheap_reallocate(heap, nullptr, 100, odd, 8), nullptr);
    EXPECT_FALSE(bareheap_resize(heap, block, 100, odd, 8));
  }
  expect_refused(1, SIZE_MAX / 2 + 1);
  expect_refused(region_size, 1);
  EXPECT_EQ(bareheap_reallocate(heap, block, 100, 0, region_size), nullptr);
  EXPECT_TRUE(statistics_of(heap) == before);
  EXPECT_EQ(block[0], 7);
  EXPECT_EQ(block[99], 7);
  bareheap_deallocate(heap, block, 100, 0);
  EXPECT_EQ(used(), 0u);
}

TEST_P(CAbi, zeroed_blocks_are_zero_wherever_they_lie) {
  for (unsigned round = 0; round < 20; ++round) {
    auto* const block = static_cast<unsigned char*>(bareheap_allocate_zeroed(heap, 700, 32));
    ASSERT_NE(block, nullptr);
    for (std::size_t index = 0; index < bareheap_usable_size(heap, block); ++index) ASSERT_EQ(block[index], 0);
    std::memset(block, 0xFF, 700);
    bareheap_free(heap, block);
  }
}

TEST_P(CAbi, all_memory_is_lent_refused_and_lent_again) {
  std::vector<void*> blocks;
  std::size_t fitted = 0;
  for (unsigned round = 0; round < 2; ++round) {
    while (void* const block = allocate(500)) blocks.push_back(block);
    if (round == 0) fitted = blocks.size();
    EXPECT_GE(blocks.size(), 12u);
    EXPECT_EQ(blocks.size(), fitted);
    for (void* const block : blocks) bareheap_free(heap, block);
    blocks.clear();
    EXPECT_EQ(used(), 0u);
  }
}

TEST_P(CAbi, reallocate_keeps_the_bytes_and_the_alignment) {
  auto* block = static_cast<unsigned char*>(bareheap_reallocate(heap, nullptr, 0, 128, 10));
  ASSERT_NE(block, nullptr);
  unsigned char* const in_the_way = allocate(10);
  for (unsigned char index = 0; index < 10; ++index) block[index] = index;
  std::size_t size = 10;
  for (const std::size_t next : {50u, 3000u, 9000u, 20u, 0u, 10u}) {
    const std::size_t least = size < next ? size : next;
    auto* const moved = static_cast<unsigned char*>(bareheap_reallocate(heap, block, size, 128, next));
    ASSERT_NE(moved, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(moved) % 128, 0u);
    EXPECT_GE(bareheap_usable_size(heap, moved), next);
    for (std::size_t index = 0; index < least && index < 10; ++index) EXPECT_EQ(moved[index], index);
    block = moved;
    size = next;
  }
  bareheap_free(heap, block);
  bareheap_deallocate(heap, in_the_way, 10, 0);
  EXPECT_EQ(used(), 0u);
}

TEST_P(CAbi, a_usable_size_is_a_right_size_to_go_on_with) {
  unsigned char* const block = allocate(33);
  const std::size_t usable = bareheap_usable_size(heap, block);
  EXPECT_TRUE(bareheap_resize(heap, block, usable, 0, usable));
  void* const moved = bareheap_reallocate(heap, block, usable, 0, 2000);
  ASSERT_NE(moved, nullptr);
  bareheap_deallocate(heap, moved, bareheap_usable_size(heap, moved), 0);
  EXPECT_EQ(used(), 0u);
}

TEST_P(CAbi, resize_shrinks_where_the_block_stands) {
  unsigned char* const block = allocate(100);
  ASSERT_TRUE(bareheap_resize(heap, block, 100, 0, 90));
  bareheap_deallocate(heap, block, 90, 0);
  EXPECT_EQ(used(), 0u);
}

TEST_P(CAbi, the_walk_tiles_the_region_and_agrees_with_the_statistics) {
  unsigned char* const small = allocate(10);
  unsigned char* const gap = allocate(10);
  unsigned char* const block = allocate(1000);
  unsigned char* const large = allocate(5000);
  bareheap_free(heap, gap);
  const std::vector<bareheap_extent> extents = extents_of(heap);
  ASSERT_GE(extents.size(), 2u);
  EXPECT_EQ(extents.front().at, heap);  // the heap's own state comes first
  EXPECT_EQ(extents.front().kind, unsigned{BAREHEAP_KIND_META});
  EXPECT_GE(reinterpret_cast<unsigned char*>(heap), memory);
  EXPECT_GT(end_of(extents.back()), memory + region_size - page);
  EXPECT_LE(end_of(extents.back()), memory + region_size);
  std::size_t sums[4] = {};
  std::size_t counts[4] = {};
  std::size_t holes = 0;
  std::size_t hole = 0;  // bytes up to here
  std::size_t largest = 0;
  for (std::size_t index = 0; index < extents.size(); ++index) {
    const bareheap_extent& extent = extents[index];
    ASSERT_LT(extent.kind, 4u);
    sums[extent.kind] += extent.size;
    ++counts[extent.kind];
    const bool is_free = extent.kind == BAREHEAP_KIND_FREE || extent.kind == BAREHEAP_KIND_CACHED;
    holes += is_free && hole == 0;
    hole = is_free ? hole + extent.size : 0;
    largest = std::max(largest, hole);
    EXPECT_TRUE(index == 0 || extent.at == end_of(extents[index - 1]));
    const bool has_block = block >= extent.at && block < end_of(extent);
    EXPECT_TRUE(!has_block || extent.kind == BAREHEAP_KIND_USED);
  }
  const bareheap_statistics statistics = statistics_of(heap);
  EXPECT_GE(statistics.used_bytes, 1010u);
  EXPECT_EQ(statistics.used_bytes, sums[BAREHEAP_KIND_USED]);
  EXPECT_EQ(statistics.meta_bytes, sums[BAREHEAP_KIND_META]);
  EXPECT_EQ(statistics.free_bytes, sums[BAREHEAP_KIND_FREE] + sums[BAREHEAP_KIND_CACHED]);
  EXPECT_EQ(statistics.used_extents, counts[BAREHEAP_KIND_USED]);
  EXPECT_EQ(statistics.free_extents, counts[BAREHEAP_KIND_FREE] + counts[BAREHEAP_KIND_CACHED]);
  EXPECT_EQ(statistics.holes, holes);
  EXPECT_EQ(statistics.largest_free, largest);
  EXPECT_FALSE(bareheap_owns(heap, memory + region_size));
  EXPECT_FALSE(bareheap_owns(heap, heap));
  for (unsigned char* const lent : {small, block, large}) bareheap_free(heap, lent);
}

TEST_P(CAbi, further_memory_is_taken_where_the_engine_can_and_it_is_memory_of_its_own) {
  const bareheap_statistics before = statistics_of(heap);
  const auto expect_refused = [&](void* start, std::size_t size) {
    EXPECT_FALSE(bareheap_add(heap, start, size));
    EXPECT_TRUE(statistics_of(heap) == before);
  };
  expect_refused(nullptr, region_size);
  expect_refused(memory + region_size, 0);
  expect_refused(memory + region_size, 1);
  expect_refused(memory, region_size);
  expect_refused(heap, extents_of(heap).front().size);  // the heap's own state
  expect_refused(heap, sizeof(void*));
  expect_refused(memory + region_size / 2, page * 4);   // in the middle
  expect_refused(memory + page, 2 * region_size - page);
  expect_refused(memory + region_size, SIZE_MAX);       // wraps
  const bool grows = GetParam().flags != BAREHEAP_BUMP;
  EXPECT_EQ(bareheap_add(heap, memory + region_size, region_size), grows);
  EXPECT_EQ(statistics_of(heap).free_bytes > before.free_bytes + region_size / 2, grows);
  EXPECT_EQ(bareheap_owns(heap, memory + 2 * region_size - page), grows);
  void* const large = allocate(region_size - 4 * page);
  void* const larger = allocate(region_size - 4 * page);
  EXPECT_NE(large, nullptr);
  EXPECT_EQ(larger != nullptr, grows);
  bareheap_free(heap, large);
  bareheap_free(heap, larger);
  EXPECT_EQ(used(), 0u);
}

TEST(CAbiAdd, memory_below_the_first_region_stands_before_the_heap_in_the_walk) {
  for (const unsigned flags : {unsigned{BAREHEAP_HOLE_LIST}, unsigned{BAREHEAP_PAGES}}) {
    bareheap* const heap = bareheap_init(memory + region_size, region_size, flags);
    ASSERT_NE(heap, nullptr);
    ASSERT_TRUE(bareheap_add(heap, memory, region_size));
    bool own_was_shown = false;
    const std::vector<bareheap_extent> extents = extents_of(heap);
    for (std::size_t index = 0; index < extents.size(); ++index) {
      own_was_shown = own_was_shown || extents[index].at == heap;
      EXPECT_TRUE(index == 0 || extents[index].at >= end_of(extents[index - 1]));
    }
    EXPECT_TRUE(own_was_shown);
  }
}

TEST(CAbiCheck, damage_has_a_number_and_the_number_a_sentence) {
  std::memset(memory, 0xA5, sizeof memory);
  const auto damaged = [](unsigned flags) {
    const bareheap* const heap = bareheap_init(memory, region_size, flags);
    std::memset(const_cast<void*>(extents_of(heap).back().at), 0x11, sizeof(std::size_t));  // the node of the hole
    return bareheap_fault_sentence(bareheap_check(heap));
  };
  EXPECT_STREQ(damaged(BAREHEAP_DEFAULT), "invariant 4 of this heap does not hold");
  EXPECT_STREQ(damaged(BAREHEAP_HOLE_LIST), "invariant 2 of this heap does not hold");

  bareheap* const checked = bareheap_init(memory, region_size, BAREHEAP_CHECKED);
  auto* const block = static_cast<unsigned char*>(bareheap_allocate(checked, 100, 0));
  block[100] = 1;
  EXPECT_STREQ(bareheap_fault_sentence(bareheap_check(checked)), "the bytes behind a block were overwritten");
}

TEST(CAbiCheck, every_number_has_a_sentence) {
  EXPECT_STREQ(bareheap_fault_sentence(0), "nothing is wrong");
  for (const unsigned number : {255u, 256u, 257u, UINT32_MAX}) {
    EXPECT_STREQ(bareheap_fault_sentence(number), "the number of a fault is out of range");
  }
}

TEST(CAbiTrim, what_a_heap_holds_back_is_shown_as_cached_until_then) {
  const std::map<unsigned, bool> holds_back{{BAREHEAP_CHECKED, true},
                                            {BAREHEAP_DEFAULT, true},
                                            {BAREHEAP_SMALL, true},
                                            {BAREHEAP_REAL_TIME, false},
                                            {BAREHEAP_REAL_TIME | BAREHEAP_SMALL, false}};
  for (const auto& [flags, holds] : holds_back) {
    bareheap* const heap = bareheap_init(memory, region_size, flags);
    const bareheap_statistics fresh = statistics_of(heap);
    bareheap_free(heap, bareheap_allocate(heap, 100, 8));
    std::size_t cached = 0;
    for (const bareheap_extent& extent : extents_of(heap)) cached += extent.kind == BAREHEAP_KIND_CACHED;
    EXPECT_EQ(cached != 0, holds) << flags;
    EXPECT_EQ(statistics_of(heap) == fresh, !holds) << flags;
    bareheap_trim(heap);
    EXPECT_TRUE(statistics_of(heap) == fresh) << flags;
  }
}

TEST(CAbi, every_call_from_C) { EXPECT_EQ(every_call(memory, sizeof memory), 0); }
TEST(CAbi, the_version_is_the_librarys) { EXPECT_STREQ(bareheap_version(), "0.1.0"); }

using CAbiDeathTest = CAbi;
INSTANTIATE_TEST_SUITE_P(Flags, CAbiDeathTest, testing::ValuesIn(choices), name_of);

TEST_P(CAbiDeathTest, a_broken_promise_stops_by_its_sentence) {
  unsigned char* const block = allocate(600);
  EXPECT_DEATH(bareheap_deallocate(heap, block, 9000, 0), "freed a block with another size or alignment.*: an address");
  EXPECT_DEATH(bareheap_deallocate(heap, block, 600, 3), "^an alignment must be a power of two\n");
  EXPECT_DEATH(bareheap_free(heap, block + 32), "freed an address that this heap has not lent");
  EXPECT_DEATH(static_cast<void>(bareheap_usable_size(heap, memory + 2 * region_size - 64)), "has not lent");
  bareheap_free(heap, block);
  EXPECT_DEATH(bareheap_free(heap, block), "(is free already|has not lent): an address");
}

TEST(CAbiNullDeathTest, a_null_heap_stops_every_call) {
  const char* const sentence = "the heap has no region yet";
  bareheap_statistics statistics;
  EXPECT_DEATH(static_cast<void>(bareheap_allocate(nullptr, 1, 1)), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_allocate_zeroed(nullptr, 1, 3)), sentence);
  EXPECT_DEATH(bareheap_free(nullptr, nullptr), sentence);
  EXPECT_DEATH(bareheap_deallocate(nullptr, nullptr, 1, 1), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_resize(nullptr, nullptr, 1, 1, 1)), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_reallocate(nullptr, nullptr, 1, 3, 1)), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_add(nullptr, nullptr, 1)), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_owns(nullptr, memory)), sentence);
  EXPECT_DEATH(static_cast<void>(bareheap_check(nullptr)), sentence);
  EXPECT_DEATH(bareheap_stats(nullptr, &statistics), sentence);
  EXPECT_DEATH(static_cast<void>(extents_of(nullptr)), sentence);
  EXPECT_DEATH(bareheap_trim(nullptr), sentence);
}

}  // namespace
