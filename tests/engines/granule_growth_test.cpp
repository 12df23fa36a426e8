// SPDX-License-Identifier: MIT
// How the heaps of granules grow: inside the span that was named, outside it, and where it is refused.
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "engines/stops.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace bareheap {
namespace {

constexpr std::size_t kibi = 1024;

/// Memory in which places and sizes are counted in KiB.
template <class Heap>
class Land {
 public:
  explicit Land(std::size_t size = 64) : memory_(size * kibi) {}

  Region region(std::size_t start, std::size_t size) const { return {memory_.start() + start * kibi, size * kibi}; }

  std::size_t free_bytes() const {
    std::size_t sum = 0;
    heap.walk([&](const Extent& tile) { sum += tile.kind == ExtentKind::free ? tile.size : 0; });
    return sum;
  }

  /// The free tiles, lowest first.
  std::vector<Region> holes() const {
    std::vector<Region> found;
    heap.walk([&](const Extent& tile) {
      if (tile.kind == ExtentKind::free) found.push_back({const_cast<std::byte*>(tile.at), tile.size});
    });
    return found;
  }

  /// Fills all holes with blocks, each of which lies in one of them. Then gives all back.
  void expect_that_holes_fill_and_come_back() {
    const std::vector<Region> before = holes();
    std::vector<Block> blocks;
    for (const std::size_t size : {3000u, 400u, 8u}) {
      while (const Block block = heap.allocate(Layout(size, 1))) {
        EXPECT_TRUE(lies_in_one_of(before, block));
        blocks.push_back(block);
      }
      ASSERT_EQ(heap.check(), Fault::none);
    }
    EXPECT_EQ(free_bytes(), 0u);
    for (const Block& block : blocks) heap.deallocate(block.at, Layout(block.size, 1));
    if constexpr (Stocked<Heap>) heap.trim();
    EXPECT_EQ(heap.check(), Fault::none);
    ASSERT_EQ(holes().size(), before.size());
    for (std::size_t index = 0; index != before.size(); ++index) EXPECT_EQ(holes()[index].start, before[index].start);
  }

  static bool lies_in_one_of(const std::vector<Region>& holes, Block block) {
    for (const Region& hole : holes) {
      if (hole.contains(block.at) && block.size <= address_of(hole.end()) - address_of(block.at)) return true;
    }
    return false;
  }

  void expect_refused(Region region, Fault fault) {
    const std::string before = test::drawing_of(heap, Heap::granule);
    const Admission admission = heap.add(region);
    EXPECT_EQ(admission.fault, fault);
    EXPECT_EQ(admission.taken.size, 0u);
    EXPECT_EQ(admission.lost, region.size);
    EXPECT_EQ(test::drawing_of(heap, Heap::granule), before);
    EXPECT_EQ(heap.check(), Fault::none);
  }

  Heap heap;

 private:
  test::HostRegion memory_;
};

using Heaps = testing::Types<RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap>;
template <class Heap>
class Growth : public testing::Test {};
TYPED_TEST_SUITE(Growth, Heaps);

/// What a further region inside the span begins with.
template <class Heap>
constexpr std::size_t record = CheckedSize(5 * sizeof(void*)).aligned_up(Heap::granule).value();

TYPED_TEST(Growth, inside_the_span_a_region_joins_the_one_that_it_touches_from_above_and_costs_nothing) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 64)));
  const std::size_t before = land.free_bytes();
  const Admission admission = land.heap.add(land.region(8, 8));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.start, land.region(8, 8).start);
  EXPECT_EQ(admission.taken.size, 8 * kibi);
  EXPECT_EQ(admission.lost, 0u);
  EXPECT_EQ(land.free_bytes(), before + 8 * kibi);
  EXPECT_EQ(land.holes().size(), 1u);
  land.expect_that_holes_fill_and_come_back();
}

TYPED_TEST(Growth, it_joins_a_lent_block_at_the_seam_as_a_block_of_its_own) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 64)));
  const Layout all(land.free_bytes(), 1);
  std::byte* const first = land.heap.allocate(all).at;
  ASSERT_TRUE(land.heap.add(land.region(8, 8)));
  EXPECT_EQ(land.free_bytes(), 8 * kibi);
  EXPECT_TRUE(land.heap.resize(first, all, all.size() + 100)) << "which grows over the seam";
  land.heap.deallocate(first, all.with_size(all.size() + 100));
  EXPECT_EQ(land.holes().size(), 1u);
  EXPECT_EQ(land.heap.check(), Fault::none);
}

TYPED_TEST(Growth, inside_the_span_but_apart_it_costs_its_record) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 64)));
  ASSERT_TRUE(land.heap.add(land.region(32, 8)));
  ASSERT_EQ(land.holes().size(), 2u);
  EXPECT_EQ(land.holes()[1].size, 8 * kibi - record<TypeParam>);
  EXPECT_EQ(land.holes()[1].end(), land.region(40, 0).start);
  land.expect_that_holes_fill_and_come_back();
  EXPECT_TRUE(land.heap.owns(land.region(32, 0).start));
  EXPECT_FALSE(land.heap.owns(land.region(31, 0).start)) << "the gap";
  EXPECT_FALSE(land.heap.owns(land.region(40, 0).start));
}

TYPED_TEST(Growth, the_gap_between_two_regions_joins_the_lower_one) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 64)));
  ASSERT_TRUE(land.heap.add(land.region(32, 8)));
  ASSERT_TRUE(land.heap.add(land.region(8, 24)));
  ASSERT_EQ(land.holes().size(), 2u);
  EXPECT_EQ(land.holes()[0].end(), land.region(32, 0).start) << "up to the record of the one above";
  EXPECT_EQ(land.holes()[1].size, 8 * kibi - record<TypeParam>);
  land.expect_that_holes_fill_and_come_back();
}

TYPED_TEST(Growth, without_a_span_a_region_has_a_map_of_its_own_and_blocks_never_cross) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8)));
  ASSERT_TRUE(land.heap.add(land.region(8, 8)));
  ASSERT_TRUE(land.heap.add(land.region(40, 8)));
  ASSERT_EQ(land.holes().size(), 3u);
  for (const Region& hole : land.holes()) EXPECT_LT(hole.size, 8 * kibi - 8 * kibi / 64);
  EXPECT_EQ(land.holes()[0].end(), land.region(8, 0).start);
  EXPECT_FALSE(land.heap.allocate(Layout(8 * kibi, 1)));
  land.expect_that_holes_fill_and_come_back();
}

// The map has a start there, so that every block has an end. What is before it may be free, or lent.
TYPED_TEST(Growth, what_stands_behind_a_region_cannot_be_freed) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 16), land.region(0, 48)));
  ASSERT_TRUE(land.heap.add(land.region(32, 8)));
  ASSERT_TRUE(land.heap.add(land.region(50, 8)));
  for (const bool is_full : {false, true}) {
    while (is_full && land.heap.allocate(Layout(1, 1))) {
    }
    for (const std::size_t end : {16u, 40u, 58u}) {
      std::byte* const at = land.region(end, 0).start;
      for (std::size_t size = 1; size < 24 * kibi; size += TypeParam::granule) {
        ASSERT_EQ(test::stop_of([&] { land.heap.deallocate(at, Layout(size, 1)); }).fault, Fault::never_lent);
      }
    }
    EXPECT_EQ(land.heap.check(), Fault::none);
  }
}

TYPED_TEST(Growth, regions_come_in_any_order) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 4), land.region(0, 32)));
  for (const std::size_t start : {56u, 24u, 40u, 12u, 48u, 8u, 16u, 4u}) {
    ASSERT_TRUE(land.heap.add(land.region(start, 4))) << start;
    ASSERT_EQ(land.heap.check(), Fault::none);
  }
  std::string picture;
  const std::byte* end = nullptr;
  land.heap.walk([&](const Extent& tile) {
    EXPECT_GE(address_of(tile.at), address_of(end)) << "the walk ascends";
    picture += tile.at == end || end == nullptr ? "" : " ";
    picture += ".#mc"[static_cast<unsigned>(tile.kind)];
    end = tile.end();
  });
  EXPECT_EQ(picture, "m.m.m. m. m. m. m.") << "what came before what it touches opened with a record";
  land.expect_that_holes_fill_and_come_back();
}

TYPED_TEST(Growth, a_region_that_is_larger_than_the_span_is_cut_into_pieces) {
  Land<TypeParam> land(256);
  ASSERT_TRUE(land.heap.init(land.region(0, 8)));
  const Block before = land.heap.allocate(Layout(400, 1));
  const Admission admission = land.heap.add({land.region(100, 0).start, 88 * kibi + 16});
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.size, 88 * kibi);
  EXPECT_EQ(admission.lost, 16u) << "too little for another piece";
  EXPECT_EQ(land.holes().size(), 1 + 88u / 8);
  for (const Region& hole : land.holes()) EXPECT_LT(hole.size, 8 * kibi);
  EXPECT_FALSE(land.heap.allocate(Layout(8 * kibi, 1)));
  land.heap.deallocate(before.at, Layout(400, 1));
  if constexpr (Stocked<TypeParam>) land.heap.trim();
  land.expect_that_holes_fill_and_come_back();
}

TYPED_TEST(Growth, overlaps_are_refused) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 16), land.region(0, 32)));
  ASSERT_TRUE(land.heap.add(land.region(24, 4)));
  ASSERT_TRUE(land.heap.add(land.region(40, 8)));
  constexpr std::array<std::size_t, 2> wrong[] = {{0, 16}, {9, 1},  {0, 1},   {15, 4},  {0, 32}, {20, 5},
                                                  {27, 1}, {40, 1}, {47, 10}, {39, 24}, {47, 1}, {36, 5}};
  for (const auto& [start, size] : wrong) land.expect_refused(land.region(start, size), Fault::region_overlaps);
}

TYPED_TEST(Growth, what_is_below_the_first_region_is_refused) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(8, 8)));
  land.expect_refused(land.region(0, 4), Fault::region_apart);
  land.expect_refused({land.region(8, 0).start - 64, 64}, Fault::region_apart);
}

TYPED_TEST(Growth, what_no_index_reaches_is_refused) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8)));
  const std::size_t granules = TypeParam::granule == 8 ? 0xFFFF : 0xFFFFFFFF;  // and maybe less
  const CheckedSize beyond =
      CheckedSize(address_of(land.region(0, 0).start)) + CheckedSize(granules) * CheckedSize(TypeParam::granule);
  const bool reaches_every_address = !(beyond + 4096).fits();  // 32 bits of them, with 32-bit indexes
  if (reaches_every_address) return;
  land.expect_refused({reinterpret_cast<std::byte*>(beyond.value()), 4096}, Fault::region_apart);
}

TYPED_TEST(Growth, what_is_too_small_for_its_state_is_refused) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 32)));
  for (std::size_t size = 0; size < record<TypeParam> + TypeParam::granule; ++size) {
    land.expect_refused({land.region(16, 0).start, size}, Fault::region_too_small);
    land.expect_refused({land.region(40, 0).start, size}, Fault::region_too_small);
  }
  ASSERT_TRUE(land.heap.add({land.region(16, 0).start, record<TypeParam> + TypeParam::granule}));
  EXPECT_EQ(land.holes().at(1).size, TypeParam::granule);
  land.expect_refused({land.region(8, 0).start, TypeParam::granule - 1}, Fault::region_too_small);
  ASSERT_TRUE(land.heap.add({land.region(8, 0).start, TypeParam::granule})) << "what joins needs a granule only";
}

TYPED_TEST(Growth, odd_ends_are_lost_and_told) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8)));
  const Admission admission = land.heap.add({land.region(16, 0).start + 1, 8 * kibi - 4});
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.start, land.region(16, 0).start + TypeParam::granule);
  EXPECT_EQ(admission.taken.size, 8 * kibi - 2 * TypeParam::granule);
  EXPECT_EQ(admission.lost, 2 * TypeParam::granule - 4);
}

TYPED_TEST(Growth, a_region_that_leaves_the_span_is_cut_there_and_the_loss_told) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 32)));
  const Admission admission = land.heap.add(land.region(24, 16));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission.taken.size, 8 * kibi);
  EXPECT_EQ(admission.lost, 8 * kibi);
  EXPECT_FALSE(land.heap.owns(land.region(32, 0).start));
  ASSERT_TRUE(land.heap.add(land.region(32, 8))) << "the rest, outside";
  land.expect_that_holes_fill_and_come_back();
}

TYPED_TEST(Growth, a_region_outside_its_span_and_a_span_that_is_none_are_refused_at_init) {
  Land<TypeParam> land;
  const auto fault_of = [&](Region region, Region span) {
    const Admission admission = land.heap.init(region, span);
    EXPECT_EQ(admission.lost, admission ? 0 : region.size);
    return admission.fault;
  };
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(9, 20)), Fault::region_apart);
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(0, 15)), Fault::region_apart);
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(20, 20)), Fault::region_apart);
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(8, 7)), Fault::region_apart);
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(7, 9)), Fault::region_apart) << "it must start there";
  EXPECT_EQ(fault_of(land.region(8, 8), {land.region(8, 0).start, 0}), Fault::region_too_small);
  EXPECT_EQ(fault_of(land.region(8, 8), {land.region(8, 0).start, size_limit}), Fault::region_wraps);
  EXPECT_EQ(fault_of(land.region(8, 1), {land.region(8, 0).start, std::size_t{256} * kibi}), Fault::region_too_small)
      << "no room for the map of so large a span";
  EXPECT_EQ(test::drawing_of(land.heap, 1), "");
  EXPECT_EQ(fault_of(land.region(8, 8), land.region(8, 8)), Fault::none);
}

// Nothing is at these addresses: to touch them is a crash.
TYPED_TEST(Growth, the_map_of_all_addresses_does_not_fit_behind_the_last_one) {
  const auto at = [](std::size_t address) { return reinterpret_cast<std::byte*>(address); };
  constexpr std::size_t all = size_limit - 63;
  for (const std::size_t size : {std::size_t{256}, std::size_t{4096}, std::size_t{1} << 20}) {
    TypeParam heap;
    EXPECT_FALSE(heap.init({at(16 + all - size), size}, {at(16), all})) << size;
  }
}

// 16-bit indexes reach 65535 granules.
template <class Heap>
void expect_that_the_index_limit_is_told() {
  constexpr std::size_t reach = 65535 * 8;
  const test::HostRegion memory(std::size_t{1} << 20);
  Heap whole;
  const Admission first = whole.init(memory.region());
  ASSERT_TRUE(first);
  EXPECT_EQ(first.taken.size, reach);
  EXPECT_EQ(first.lost, (std::size_t{1} << 20) - reach);
  EXPECT_FALSE(whole.owns(memory.start() + reach));
  EXPECT_EQ(whole.add({memory.start() + reach, 4096}).fault, Fault::region_apart);

  Heap parts;
  ASSERT_TRUE(parts.init({memory.start(), 8192}));
  const Admission second = parts.add({memory.start() + 8192, (std::size_t{1} << 20) - 8192});
  ASSERT_TRUE(second);
  EXPECT_EQ(second.taken.size, reach - 8192) << "in pieces";
  EXPECT_EQ(second.lost, (std::size_t{1} << 20) - reach);
  EXPECT_EQ(parts.check(), Fault::none);
}

TEST(SmallHeaps, what_lies_beyond_the_index_is_lost_and_told) {
  expect_that_the_index_limit_is_told<SmallRealTimeHeap>();
  expect_that_the_index_limit_is_told<SmallGranuleHeap>();
}

TYPED_TEST(Growth, all_freed_is_the_fresh_picture_with_regions_of_every_kind) {
  Land<TypeParam> land;
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 32)));
  for (const std::size_t start : {8u, 16u, 24u, 32u, 48u}) ASSERT_TRUE(land.heap.add(land.region(start, 5)));
  const std::string fresh = test::drawing_of(land.heap, 8);
  std::vector<std::pair<std::byte*, Layout>> blocks;
  for (std::size_t size = 1; size < 3000; size += 37) {
    const Layout asked(size % 700, std::size_t{1} << size % 7);
    if (const Block block = land.heap.allocate(asked)) blocks.emplace_back(block.at, asked);
  }
  ASSERT_GT(blocks.size(), 60u);
  for (const std::size_t offset : {1u, 0u}) {
    for (std::size_t index = offset; index < blocks.size(); index += 2) {
      land.heap.deallocate(blocks[index].first, blocks[index].second);
    }
    ASSERT_EQ(land.heap.check(), Fault::none);
  }
  if constexpr (Stocked<TypeParam>) land.heap.trim();
  EXPECT_EQ(test::drawing_of(land.heap, 8), fresh);
}

TYPED_TEST(Growth, reset_forgets_every_block_in_every_region) {
  Land<TypeParam> land(256);
  ASSERT_TRUE(land.heap.init(land.region(0, 8), land.region(0, 32)));
  for (const std::size_t start : {8u, 16u, 24u, 32u, 48u}) ASSERT_TRUE(land.heap.add(land.region(start, 5)));
  ASSERT_TRUE(land.heap.add(land.region(64, 128)));
  const std::string fresh = test::drawing_of(land.heap, 8);
  for (std::size_t size = 1; size < 3000; size += 37) static_cast<void>(land.heap.allocate(Layout(size, 8)));
  const Block freed = land.heap.allocate(Layout(24, 8));
  land.heap.deallocate(freed.at, Layout(24, 8));
  land.heap.reset();
  EXPECT_EQ(land.heap.check(), Fault::none);
  EXPECT_EQ(test::drawing_of(land.heap, 8), fresh);
  land.expect_that_holes_fill_and_come_back();
}

}  // namespace
}  // namespace bareheap
