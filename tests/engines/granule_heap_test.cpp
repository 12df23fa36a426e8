// SPDX-License-Identifier: MIT
// The stock of a GranuleHeap: how it is filled, when it is given back, and that what lies in it is not lent.
#include "bareheap/engines/granule_heap.hpp"

#include "bareheap/core/operations.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "engines/roomy_heap.hpp"
#include "engines/stops.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace bareheap {
namespace {

using test::Roomy;
using test::stop_of;

/// SmallGranuleHeap has a smaller stock, by the same rules.
using Heaps = testing::Types<GranuleHeap, BasicGranuleHeap<std::uint16_t, 256>>;
template <class Heap>
class Stock : public testing::Test {};
TYPED_TEST_SUITE(Stock, Heaps);

TYPED_TEST(Stock, is_filled_by_carving_twice_as_many_neighbours_each_time) {
  Roomy<TypeParam> heap;
  EXPECT_EQ(heap.take(3), 0);
  EXPECT_EQ(heap.drawing(24), "###.....................");
  EXPECT_EQ(heap.take(3), 3);
  EXPECT_EQ(heap.drawing(24), "######ccc...............");
  EXPECT_EQ(heap.take(3), 6);
  EXPECT_EQ(heap.take(3), 9);
  EXPECT_EQ(heap.drawing(24), "############ccccccccc...");
  for (long place = 12; place < 300; place += 3) EXPECT_EQ(heap.take(3), place);
}

TYPED_TEST(Stock, never_carves_more_than_4_KiB_at_once) {
  for (const std::size_t bytes : {8u, 48u, 256u, 1024u}) {
    Roomy<TypeParam> heap;
    std::size_t most = 0;
    for (int count = 0; count < 80; ++count) {
      static_cast<void>(heap.take_bytes(bytes));
      most = std::max(most, (heap.cached() * TypeParam::granule) + bytes);
    }
    EXPECT_LE(most, 4096u) << bytes;
    EXPECT_GE(most, 16 * TypeParam::granule) << bytes;
  }
}

TYPED_TEST(Stock, has_nothing_to_give_before_there_is_memory) {
  TypeParam heap;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, size_limit - 3, size_limit}) {
    EXPECT_EQ(heap.allocate(Layout(size, 1)).at, nullptr) << size;
  }
  heap.trim();
  heap.reset();
  EXPECT_EQ(heap.check(), Fault::none);
}

TYPED_TEST(Stock, is_nothing_but_zeros_before_there_is_memory_so_that_no_file_holds_it) {
  static constinit TypeParam heap;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&heap);
  EXPECT_EQ(std::count(bytes, bytes + sizeof heap, 0), static_cast<long>(sizeof heap));
}

TYPED_TEST(Stock, holds_every_size_up_to_a_256th_of_the_memory) {
  Roomy<TypeParam> heap;
  for (std::size_t size = 1; size <= heap.granules() / 256; ++size) {
    heap.free(heap.take(size), size);
    EXPECT_EQ(heap.cached(), size);
    heap.heap.trim();
  }
}

TEST(LargeStock, holds_every_size_up_to_8_KiB) {
  test::HostRegion memory(std::size_t{4} << 20);
  GranuleHeap heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const auto is_stocked = [&](std::size_t bytes) {
    const Layout layout(bytes, 1);
    std::byte* const at = heap.allocate(layout).at;
    heap.deallocate(at, layout);
    bool stocked = false;
    heap.walk([&](const Extent& tile) {
      stocked |= tile.at == at && tile.kind == ExtentKind::cached && tile.size == bytes;
    });
    return stocked;
  };
  for (std::size_t bytes = 1024; bytes <= 8192; bytes += 512) EXPECT_TRUE(is_stocked(bytes)) << bytes;
  EXPECT_FALSE(is_stocked(8192 + 16));
  heap.trim();
  EXPECT_EQ(test::drawing_of(heap, 256).find('c'), std::string::npos);
  EXPECT_EQ(heap.check(), Fault::none);
}

TYPED_TEST(Stock, holds_larger_blocks_that_are_not_carved_beforehand) {
  Roomy<TypeParam> heap;
  constexpr std::size_t large = 1500 / TypeParam::granule;
  ASSERT_EQ(heap.take(large), 0);
  ASSERT_EQ(heap.take(large), static_cast<long>(large));
  heap.free(0, large);
  heap.free(static_cast<long>(large), large);
  EXPECT_EQ(heap.cached(), 2 * large);
  EXPECT_EQ(heap.fault_of(0, large), Fault::freed_twice);
  EXPECT_EQ(heap.take(large), static_cast<long>(large)) << "the last one first";
  EXPECT_EQ(heap.take(large), 0);
  heap.free(0, large);
  std::size_t freed = large;
  for (std::size_t size = large + 1; size <= heap.granules() / 256; ++size) {
    heap.free(heap.take(size), size);
    freed += size;
    ASSERT_EQ(heap.heap.check(), Fault::none) << size;
  }
  EXPECT_EQ(heap.cached(), freed);
}

// Five bytes for each 256 granules, or with short indexes three.
TYPED_TEST(Stock, has_no_more_lists_than_the_region_has_use_for) {
  using WithoutStock = BasicRealTimeHeap<typename TypeParam::Number>;
  for (const std::size_t size : {8u, 64u, 500u}) {
    test::HostRegion memory(size << 10);
    const auto state_of = [&](auto heap) {
      EXPECT_TRUE(heap.init(memory.region()));
      return memory.region().size - statistics_of(heap).free_bytes;
    };
    const std::size_t lists = memory.region().size / TypeParam::granule / 256;
    const std::size_t most = lists * (TypeParam::granule / 4 + 1) + 4 * TypeParam::granule;  // rounded up
    EXPECT_LE(state_of(TypeParam()), state_of(WithoutStock()) + most) << size;
  }
}

TYPED_TEST(Stock, has_lists_for_the_span_whatever_is_added_elsewhere) {
  constexpr std::size_t size = std::size_t{64} << 10;
  test::HostRegion memory(3 * size);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start(), size}));
  ASSERT_TRUE(heap.add({memory.start() + size + 4096, 2 * size - 4096}));
  for (std::size_t bytes = 16; bytes <= 3 * size / 256; bytes += 16) {
    const Layout layout(bytes, 1);
    std::byte* const at = heap.allocate(layout).at;
    heap.deallocate(at, layout);
    bool stocked = false;
    heap.walk([&](const Extent& tile) { stocked |= tile.at == at && tile.kind == ExtentKind::cached; });
    EXPECT_EQ(stocked, bytes <= size / 256) << bytes;
  }
  EXPECT_EQ(heap.check(), Fault::none);
}

TYPED_TEST(Stock, holds_no_block_that_is_a_large_part_of_the_memory) {
  Roomy<TypeParam> heap;
  const std::size_t large = heap.granules() / 50;
  heap.free(heap.take(large), large);
  EXPECT_EQ(heap.cached(), 0u);
}

TYPED_TEST(Stock, lends_the_largest_block_that_it_holds) {
  Roomy<TypeParam> heap;
  const std::size_t largest = heap.granules() / 256;
  heap.free(heap.take(largest), largest);
  EXPECT_EQ(heap.cached(), largest);
  EXPECT_EQ(heap.take(largest), 0);
  EXPECT_EQ(heap.cached(), 0u);
}

TEST(SmallStock, holds_blocks_up_to_a_512th_of_the_memory) {
  Roomy<SmallGranuleHeap> heap;
  const std::size_t largest = heap.granules() / 512;
  heap.free(heap.take(largest + 1), largest + 1);
  EXPECT_EQ(heap.cached(), 0u);
  heap.free(heap.take(largest), largest);
  EXPECT_EQ(heap.cached(), largest);
}

TYPED_TEST(Stock, lends_what_was_given_back_last_and_to_its_own_size_only) {
  Roomy<TypeParam> heap;
  for (const long place : {0, 2, 4, 6}) ASSERT_EQ(heap.take(2), place);
  heap.free(2, 2);
  heap.free(4, 2);
  EXPECT_EQ(heap.drawing(8), "##cccc##") << "neighbours that are not merged";
  EXPECT_EQ(heap.take(4), 8 + 6) << "behind what was carved";
  EXPECT_EQ(heap.take(2), 4);
  EXPECT_EQ(heap.take(2), 2);
}

TYPED_TEST(Stock, has_no_list_for_no_bytes_nor_for_more_than_there_can_be) {
  Roomy<TypeParam> heap;
  std::byte* const block = heap.take_bytes(0);
  std::byte* const other = heap.take_bytes(0);
  ASSERT_NE(block, nullptr);
  ASSERT_EQ(other, block + TypeParam::granule);
  const auto freed = [&](std::byte* at, std::size_t bytes) {
    return stop_of([&] { heap.heap.deallocate(at, Layout(bytes, 1)); }).fault;
  };
  EXPECT_EQ(freed(block, 0), Fault::none);
  EXPECT_EQ(freed(block, 0), Fault::freed_twice);
  for (std::size_t short_of_all = 0; short_of_all < 2 * TypeParam::granule; ++short_of_all) {
    EXPECT_EQ(heap.take_bytes(~std::size_t{0} - short_of_all), nullptr);
    EXPECT_EQ(freed(other, ~std::size_t{0} - short_of_all), Fault::wrong_layout);
  }
  EXPECT_EQ(heap.heap.check(), Fault::none);
}

TYPED_TEST(Stock, takes_aligned_blocks_back_and_lends_nothing_that_is_not_aligned) {
  Roomy<TypeParam> heap;
  const std::size_t alignment = 16 * TypeParam::granule;
  std::byte* const plain[] = {heap.take_bytes(48), heap.take_bytes(48)};
  const bool first_is_aligned = is_aligned(address_of(plain[0]), alignment);
  std::byte* const aligned = heap.take_bytes(48, alignment);
  const std::size_t cached = heap.cached();
  heap.heap.deallocate(aligned, Layout(48, alignment));
  EXPECT_EQ(heap.cached(), cached + 48 / TypeParam::granule);
  heap.heap.deallocate(plain[first_is_aligned ? 1 : 0], Layout(48, 1));
  EXPECT_TRUE(is_aligned(address_of(heap.take_bytes(48, alignment)), alignment)) << "the last one is not";
  EXPECT_EQ(heap.take_bytes(48), plain[first_is_aligned ? 1 : 0]);
}

TYPED_TEST(Stock, is_not_lent_and_every_free_of_it_is_caught) {
  Roomy<TypeParam> heap;
  for (const long place : {0, 4, 8, 12}) ASSERT_EQ(heap.take(4), place);
  heap.free(4, 4);
  ASSERT_EQ(heap.drawing(20), "####cccc########cccc");
  EXPECT_EQ(heap.fault_of(4, 4), Fault::freed_twice);
  EXPECT_EQ(heap.fault_of(4, 2), Fault::freed_twice);
  EXPECT_EQ(heap.fault_of(5, 3), Fault::never_lent) << "inside a block that lies in the stock";
  EXPECT_EQ(heap.fault_of(16, 4), Fault::freed_twice) << "carved, and never lent";
  EXPECT_EQ(heap.fault_of(17, 1), Fault::never_lent);
  EXPECT_EQ(heap.fault_of(0, 8), Fault::wrong_layout);
  EXPECT_EQ(stop_of([&] { static_cast<void>(heap.heap.size_of(heap.at(4))); }).fault, Fault::freed_twice);
  EXPECT_EQ(stop_of([&] { static_cast<void>(heap.heap.resize(heap.at(4), Layout(1, 1), 1)); }).fault,
            Fault::freed_twice);
  EXPECT_EQ(heap.drawing(20), "####cccc########cccc");
}

TYPED_TEST(Stock, trim_merges_all_of_it) {
  Roomy<TypeParam> heap;
  const std::string fresh = heap.drawing(heap.granules());
  std::vector<std::pair<long, std::size_t>> blocks;
  for (std::size_t size = 1; size <= 1500 / TypeParam::granule; size += 7) blocks.emplace_back(heap.take(size), size);
  for (const auto& [place, size] : blocks) heap.free(place, size);
  EXPECT_GT(heap.cached(), 300u);
  heap.heap.trim();
  EXPECT_EQ(heap.drawing(heap.granules()), fresh);
}

TYPED_TEST(Stock, is_merged_little_by_little_when_less_than_half_is_free) {
  Roomy<TypeParam> heap;
  for (long place = 0; place < 80; place += 2) ASSERT_EQ(heap.take(2), place);
  for (long place = 0; place < 80; place += 2) heap.free(place, 2);
  ASSERT_NE(heap.take(heap.granules() * 45 / 100), -1);
  ASSERT_NE(heap.take(3), -1);
  EXPECT_EQ(heap.drawing(80), std::string(80, 'c')) << "more than half is free";
  ASSERT_NE(heap.take(heap.granules() * 8 / 100), -1);
  ASSERT_NE(heap.take(5), -1) << "less is, which is noticed now";
  EXPECT_TRUE(heap.merges_all_in_the_first(80));
  const long block = heap.take(7);
  heap.free(block, 7);
  EXPECT_EQ(heap.drawing(heap.granules())[static_cast<std::size_t>(block)], 'c')
      << "more than a third is: there is a stock still";
}

TYPED_TEST(Stock, holds_nothing_from_a_third_down_until_half_is_free_again) {
  Roomy<TypeParam> heap;
  const std::size_t half = heap.granules() / 2 + 10;
  const std::size_t fifth = heap.granules() / 5;
  const long large = heap.take(half);
  heap.free(heap.take(4), 4);
  EXPECT_EQ(heap.cached(), 4u) << "nearly half is free";
  const long medium = heap.take(fifth);
  const long block = heap.take(3);
  EXPECT_TRUE(heap.merges_all_in_the_first(heap.granules())) << "less than a third is";
  heap.free(block, 3);
  EXPECT_EQ(heap.cached(), 0u);
  heap.free(medium, fifth);
  heap.free(heap.take(3), 3);
  EXPECT_EQ(heap.cached(), 0u) << "nearly half is again";
  heap.free(large, half);
  heap.free(heap.take(3), 3);
  EXPECT_GT(heap.cached(), 0u);
}

TYPED_TEST(Stock, is_given_back_before_a_request_is_refused) {
  Roomy<TypeParam> heap;
  std::vector<long> blocks;
  for (int count = 0; count < 20; ++count) blocks.push_back(heap.take(2));
  for (const long block : blocks) heap.free(block, 2);
  EXPECT_GT(heap.cached(), 0u);
  EXPECT_EQ(heap.take(heap.granules()), 0) << "all of it in one piece";
  EXPECT_EQ(heap.take(1), -1);
}

TYPED_TEST(Stock, is_given_back_no_further_than_a_request_needs) {
  Roomy<TypeParam> heap;
  constexpr long carved = 1 + 2 + 4 + 8 + 16 + 32;
  for (long block = 0; block < carved; ++block) ASSERT_EQ(heap.take(2), 2 * block);
  ASSERT_EQ(heap.take(heap.granules() - 2 * carved), 2 * carved) << "nothing is free";
  for (long block = 0; block < carved; ++block) heap.free(2 * block, 2);
  EXPECT_EQ(heap.take(5), 2 * (carved - 8));
  EXPECT_EQ(heap.cached(), std::size_t{2 * (carved - 8)}) << "eight of them have been merged";
}

TYPED_TEST(Stock, is_given_back_for_an_aligned_request_too) {
  Roomy<TypeParam> heap;
  std::vector<long> blocks;
  for (int count = 0; count < 20; ++count) blocks.push_back(heap.take(2));
  for (const long block : blocks) heap.free(block, 2);
  const std::size_t alignment = 4 * TypeParam::granule;
  const std::size_t slack = (alignment - address_of(heap.at(0)) % alignment) % alignment;
  EXPECT_EQ(heap.take_bytes(heap.granules() * TypeParam::granule - slack, alignment), heap.at(0) + slack);
}

TYPED_TEST(Stock, changes_nothing_where_a_request_is_refused_all_the_same) {
  Roomy<TypeParam> heap;
  ASSERT_EQ(heap.take(2), 0);
  ASSERT_EQ(heap.take(2), 2);
  heap.free(2, 2);
  EXPECT_EQ(heap.take(heap.granules()), -1);
  EXPECT_EQ(heap.take(heap.granules() - 2), 2) << "all but the lent one is still there, merged";
  heap.free(2, heap.granules() - 2);
  heap.free(heap.take(2), 2);
  EXPECT_GT(heap.cached(), 0u) << "and there is a stock again";
}

TYPED_TEST(Stock, is_planned_anew_when_memory_is_added) {
  test::HostRegion memory(std::size_t{256} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start(), memory.region().size / 2}, memory.region()));
  static_cast<void>(heap.allocate(Layout(100'000, 1)));
  const Layout small(32, 1);
  const auto cached_after_a_free = [&] {
    heap.deallocate(heap.allocate(small).at, small);
    return test::drawing_of(heap, 8).find('c') != std::string::npos;
  };
  EXPECT_FALSE(cached_after_a_free()) << "scarce";
  ASSERT_TRUE(heap.add({memory.start() + memory.region().size / 2, memory.region().size / 2}));
  EXPECT_TRUE(cached_after_a_free());
}

TYPED_TEST(Stock, is_forgotten_by_reset) {
  Roomy<TypeParam> heap;
  const std::string fresh = heap.drawing(heap.granules());
  for (int count = 0; count < 9; ++count) static_cast<void>(heap.take(3));
  heap.free(0, 3);
  heap.heap.reset();
  EXPECT_EQ(heap.drawing(heap.granules()), fresh);
  EXPECT_EQ(heap.take(3), 0);
  EXPECT_EQ(heap.cached(), 0u) << "the first batch is one block";
  for (int times = 0; times < 3; ++times) heap.heap.reset();
  heap.free(heap.take(2), 2);
  EXPECT_EQ(heap.cached(), 2u) << "what is plenty is the same as before";
}

TYPED_TEST(Stock, shrinks_and_grows_lent_blocks_beside_what_it_holds) {
  Roomy<TypeParam> heap;
  for (const long place : {0, 4, 8}) ASSERT_EQ(heap.take(4), place);
  heap.free(4, 4);
  const auto resize = [&](long place, std::size_t before, std::size_t after) {
    return heap.heap.resize(heap.at(place), Layout(before * TypeParam::granule, 1), after * TypeParam::granule);
  };
  EXPECT_FALSE(resize(0, 4, 5)) << "a cached block is not room to grow into";
  EXPECT_TRUE(resize(0, 4, 1));
  EXPECT_EQ(heap.drawing(8), "#...cccc");
  EXPECT_TRUE(resize(0, 1, 4));
  EXPECT_EQ(heap.drawing(8), "####cccc");
}

// Invariant 6, broken by writes into a block that lies in the stock: its first bytes are its place in the list.
TYPED_TEST(Stock, check_finds_a_damaged_list) {
  Roomy<TypeParam> heap;
  for (const long place : {0, 2, 4, 6}) ASSERT_EQ(heap.take(2), place);
  heap.free(0, 2);
  heap.free(4, 2);
  const auto fault_with_link = [&](std::size_t link) {
    std::byte kept[4];
    std::memcpy(kept, heap.at(4), sizeof kept);
    std::memcpy(heap.at(4), &link, TypeParam::granule / 4);
    const Fault fault = heap.heap.check();
    std::memcpy(heap.at(4), kept, sizeof kept);
    return fault;
  };
  const std::size_t number_of_0 = (address_of(heap.at(0)) - address_of(heap.region_start())) / TypeParam::granule;
  EXPECT_EQ(fault_with_link(0), Fault::invariant_6) << "the others are in no list";
  EXPECT_EQ(fault_with_link(number_of_0 + 4), Fault::invariant_6) << "a circle";
  EXPECT_EQ(fault_with_link(number_of_0 + 2), Fault::invariant_6) << "a lent block";
  EXPECT_EQ(fault_with_link(number_of_0 + 1), Fault::invariant_6) << "no block";
  EXPECT_EQ(fault_with_link(1), Fault::invariant_6) << "the state";
  EXPECT_EQ(fault_with_link(size_limit), Fault::invariant_6) << "no memory at all";
  EXPECT_EQ(fault_with_link(number_of_0), Fault::none) << "as it was";
}

}  // namespace
}  // namespace bareheap
