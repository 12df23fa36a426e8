// SPDX-License-Identifier: MIT
// What bareheap_init() takes and what it refuses: flags and regions, and what is left of one.
#include "bareheap/bareheap.h"
#include "c_abi/choices.hpp"
#include "c_abi/pictures.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t region_size = 16 * page;
alignas(page) unsigned char memory[region_size];

TEST(CAbiInit, flags_are_a_choice_that_there_is_or_refused) {
  std::map<unsigned, unsigned> good{{BAREHEAP_NULL, BAREHEAP_NULL}};
  for (const Choice& choice : choices) {
    good[choice.flags] = choice.flags;
    for (const unsigned flags : choice.same) good[flags] = choice.flags;
  }
  for (unsigned flags = 0; flags < 1u << 14; ++flags) {
    const bareheap* const heap = bareheap_init(memory, region_size, flags);
    ASSERT_EQ(heap != nullptr, good.contains(flags)) << flags;
    if (heap == nullptr) continue;
    const bareheap_statistics figures = statistics_of(heap);
    EXPECT_TRUE(statistics_of(bareheap_init(memory, region_size, good[flags])) == figures) << flags;
  }
}

TEST(CAbiInit, a_region_is_refused_that_is_null_or_wraps) {
  for (const Choice& choice : choices) {
    EXPECT_EQ(bareheap_init(nullptr, region_size, choice.flags), nullptr);
    EXPECT_EQ(bareheap_init(nullptr, 0, choice.flags), nullptr);
    EXPECT_EQ(bareheap_init(memory, SIZE_MAX, choice.flags), nullptr);
    EXPECT_EQ(bareheap_init(memory, 0, choice.flags), nullptr);
  }
  EXPECT_EQ(bareheap_init(nullptr, region_size, BAREHEAP_NULL), nullptr);
  EXPECT_EQ(bareheap_init(memory, 8, BAREHEAP_NULL), nullptr);
}

// Wherever it starts: refused up to a size, taken from there on, and nothing is written beyond.
TEST(CAbiInit, a_region_is_refused_until_it_is_large_enough) {
  for (const Choice& choice : choices) {
    for (std::size_t offset = 0; offset < 40; offset += 3) {
      bool fits = false;
      for (std::size_t size = 0; size < 5 * page; size += 8) {
        const bareheap* const heap = bareheap_init(memory + page + offset, size, choice.flags);
        EXPECT_FALSE(fits && heap == nullptr) << choice.name << " " << offset << " " << size;
        fits = heap != nullptr;
        if (!fits) continue;
        EXPECT_EQ(bareheap_check(heap), 0u);
        ASSERT_GE(reinterpret_cast<const unsigned char*>(heap), memory + page + offset);
        ASSERT_LE(end_of(extents_of(heap).back()), memory + page + offset + size);
      }
      EXPECT_TRUE(fits);
    }
  }
}

// docs/c-interface.md tells the figures, for 64-bit machines.
TEST(CAbiInit, the_state_of_a_heap_is_small) {
  const auto state_of = [](unsigned flags) {
    return statistics_of(bareheap_init(memory, region_size, flags)).meta_bytes;
  };
  EXPECT_LE(state_of(BAREHEAP_HOLE_LIST), 10 * sizeof(void*));
  EXPECT_LE(state_of(BAREHEAP_DEFAULT), region_size / 64 + 1280);
  EXPECT_LE(state_of(BAREHEAP_REAL_TIME), region_size / 64 + 640);
  EXPECT_LE(state_of(BAREHEAP_SMALL), region_size / 32 + 1024);
  EXPECT_LE(state_of(BAREHEAP_REAL_TIME | BAREHEAP_SMALL), region_size / 32 + 512);
}

// 16 bits count granules of 8 bytes.
TEST(CAbiInit, a_small_heap_takes_512_KiB_of_a_larger_region) {
  static unsigned char large[std::size_t{1} << 20];
  for (const unsigned flags : {unsigned{BAREHEAP_SMALL}, BAREHEAP_SMALL | unsigned{BAREHEAP_REAL_TIME}}) {
    const bareheap_statistics figures = statistics_of(bareheap_init(large, sizeof large, flags));
    const std::size_t whole = figures.free_bytes + figures.meta_bytes;
    EXPECT_TRUE(whole > (std::size_t{511} << 10) && whole <= (std::size_t{513} << 10)) << whole;
  }
}

TEST(CAbiNull, it_refuses_every_request) {
  bareheap* const heap = bareheap_init(memory, region_size, BAREHEAP_NULL);
  ASSERT_NE(heap, nullptr);
  EXPECT_EQ(bareheap_allocate(heap, 0, 1), nullptr);
  EXPECT_EQ(bareheap_reallocate(heap, nullptr, 0, 1, 0), nullptr);
  EXPECT_FALSE(bareheap_add(heap, memory + region_size, region_size));
  bareheap_free(heap, nullptr);
  bareheap_trim(heap);
  EXPECT_EQ(extents_of(heap).size(), 1u);
  EXPECT_EQ(statistics_of(heap).free_bytes, 0u);
  EXPECT_EQ(bareheap_check(heap), 0u);
  EXPECT_FALSE(bareheap_owns(heap, memory));
}

}  // namespace
