// SPDX-License-Identifier: MIT
// In a region of bytes_needed() nothing is refused, whoever plays; and much less would not do.
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "engines/sizing_adversaries.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <type_traits>
#include <utility>
#include <vector>

namespace bareheap {
namespace {

using test::Aligner;
using test::Anything;
using test::Fullest;
using test::HolePuncher;
using test::Pins;
using test::Player;
using test::Robson;

constexpr Load any_order{.bytes = 4096, .largest = 240, .smallest = 16};
constexpr Load large_blocks{.bytes = 24000, .largest = 1008, .smallest = 60};
constexpr Load few_blocks{.bytes = 6000, .largest = 900, .blocks = 25};
constexpr Load many_blocks{.bytes = 3000, .largest = 64};
constexpr Load many_aligned{.bytes = 2000, .largest = 80, .alignment = 64};
constexpr Load aligned{.bytes = 6000, .largest = 208, .smallest = 16, .alignment = 64};
constexpr Load aligned_to_much{.bytes = 3000, .largest = 100, .smallest = 30, .alignment = 512};
constexpr Load one_size{.bytes = 9000, .largest = 300, .smallest = 300};
constexpr Load one_granule{.bytes = 300, .largest = 8};
constexpr Load last_first{.bytes = 5000, .largest = 700, .smallest = 19, .last_first = true};
constexpr Load last_first_aligned{.bytes = 2000, .largest = 700, .smallest = 8, .alignment = 128, .last_first = true};

/// False: a request was refused.
template <class Heap, class Adversary>
bool plays_on(Adversary adversary, Load load, Region region) {
  try {
    Player<Heap> player(load, region);
    adversary(player);
    EXPECT_EQ(player.heap.check(), Fault::none);
    return true;
  } catch (const test::Refused&) {
    return false;
  }
}

/// A load, and the bytes that a heap says it needs for it. What a load cannot change is not compiled for each.
struct Sized {
  Load load;
  std::size_t needed;
};

template <class Heap, Load load>
constexpr Sized sized{load, Heap::bytes_needed(load)};

/// Wherever the region starts, and where it is larger.
template <class Heap, class Adversary>
void never_refuses(Sized sized, Adversary adversary) {
  const auto [load, needed] = sized;
  const test::HostRegion memory(needed + 1016);
  constexpr std::pair<std::size_t, std::size_t> cases[] = {{0, 0}, {1, 0}, {Heap::granule - 1, 77}, {0, 1000}};
  for (const auto& [start, more] : cases) {
    const bool played = plays_on<Heap>(adversary, load, {memory.start() + start, needed + more});
    EXPECT_TRUE(played) << needed << " and " << more << " bytes from " << start;
  }
}

template <class Heap>
void nobody_is_refused_of(Sized sized) {
  if (!sized.load.last_first) {
    never_refuses<Heap>(sized, Pins{});
    never_refuses<Heap>(sized, HolePuncher{});
    never_refuses<Heap>(sized, Robson{});
  }
  never_refuses<Heap>(sized, Aligner{});
  for (unsigned seed = 0; seed < 2; ++seed) never_refuses<Heap>(sized, Anything{seed});
}

template <class Heap, Load load>
void nobody_is_refused() {
  nobody_is_refused_of<Heap>(sized<Heap, load>);
}

/// The smallest region at a multiple of a page in which the adversary is not refused.
template <class Heap, class Adversary>
std::size_t smallest_region(Sized sized, Adversary adversary) {
  const test::HostRegion memory(sized.needed);
  std::size_t refused = 0;
  std::size_t enough = memory.region().size;
  while (enough - refused > 1) {
    const std::size_t middle = (refused + enough) / 2;
    (plays_on<Heap>(adversary, sized.load, {memory.start(), middle}) ? enough : refused) = middle;
  }
  return enough;
}

template <class Heap>
double share_needed(Sized sized, const char* heap, const char* name) {
  const double needed = static_cast<double>(sized.needed);
  const auto share = [&](std::size_t region) { return 100 * static_cast<double>(region) / needed; };
  const double pins = share(smallest_region<Heap>(sized, Pins{}));
  std::printf("%-18s %-16s %9.0f %9.1f %9.1f %9.1f %9.1f\n", heap, name, needed, share(sized.load.bytes), pins,
              share(smallest_region<Heap>(sized, HolePuncher{})), share(smallest_region<Heap>(sized, Robson{})));
  return pins;
}

template <class Heap, Load load>
double share_needed(const char* heap, const char* name) {
  return share_needed<Heap>(sized<Heap, load>, heap, name);
}

template <class Heap>
class Sizing : public testing::Test {};
using Heaps = testing::Types<RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap>;
TYPED_TEST_SUITE(Sizing, Heaps);

template <class Heap>
class RealTimeSizing : public testing::Test {};
using RealTimeHeaps = testing::Types<RealTimeHeap, SmallRealTimeHeap>;
TYPED_TEST_SUITE(RealTimeSizing, RealTimeHeaps);

TYPED_TEST(Sizing, no_request_of_the_load_is_refused) {
  nobody_is_refused<TypeParam, any_order>();
  nobody_is_refused<TypeParam, many_blocks>();
  nobody_is_refused<TypeParam, large_blocks>();
  nobody_is_refused<TypeParam, few_blocks>();
}

TYPED_TEST(Sizing, no_aligned_request_of_the_load_is_refused) {
  nobody_is_refused<TypeParam, many_aligned>();
  nobody_is_refused<TypeParam, aligned>();
  nobody_is_refused<TypeParam, aligned_to_much>();
}

TYPED_TEST(Sizing, no_request_is_refused_where_all_have_one_size_or_the_last_go_first) {
  nobody_is_refused<TypeParam, one_size>();
  nobody_is_refused<TypeParam, one_granule>();
  nobody_is_refused<TypeParam, last_first>();
  nobody_is_refused<TypeParam, last_first_aligned>();
}

/// One block: it has place in every region of the size that is told, and not in one a granule smaller.
template <class Heap>
void one_block_fits_exactly(std::size_t bytes, std::size_t needed) {
  const test::HostRegion memory(needed + 70 * Heap::granule);
  const auto has_place = [&](std::size_t size) {
    Heap heap;
    return heap.init({memory.start(), size}) && heap.allocate(Layout(bytes, 1));
  };
  EXPECT_FALSE(has_place(needed - 2 * Heap::granule + 1)) << bytes;
  for (std::size_t more = 0; more < 70; ++more) EXPECT_TRUE(has_place(needed + more * Heap::granule)) << bytes;
}

template <class Heap, std::size_t bytes>
constexpr std::size_t needed_by_one = Heap::bytes_needed({.bytes = bytes, .largest = bytes, .blocks = 1});

TYPED_TEST(Sizing, the_state_of_the_heap_is_counted_exactly) {
  constexpr std::size_t granule = TypeParam::granule;
  []<std::size_t... index>(std::index_sequence<index...>) {
    for (const auto& [bytes, needed] :
         {std::pair{granule * (1 + index), needed_by_one<TypeParam, granule*(1 + index)>}...}) {
      one_block_fits_exactly<TypeParam>(bytes, needed);
    }
  }(std::make_index_sequence<64>());
  one_block_fits_exactly<TypeParam>(100'000, needed_by_one<TypeParam, 100'000>);
  one_block_fits_exactly<TypeParam>(499'999, needed_by_one<TypeParam, 499'999>);
}

/// What is told is the smallest region for the fullest heap, but for what the start of a region may lose.
template <class Heap, Load load>
void needs_exactly() {
  constexpr std::size_t needed = Heap::bytes_needed(load);
  EXPECT_EQ(smallest_region<Heap>({load, needed}, Fullest(load, Heap::granule)), needed - Heap::granule + 1);
}

TYPED_TEST(Sizing, the_answer_for_one_size_is_exact) {
  needs_exactly<TypeParam, Load{.bytes = 3000, .largest = 300, .smallest = 300}>();
  needs_exactly<TypeParam, Load{.bytes = 300, .largest = 8}>();
  needs_exactly<TypeParam, Load{.bytes = 300, .largest = 8, .blocks = 20}>();
}

TYPED_TEST(RealTimeSizing, the_answer_for_blocks_that_go_in_reverse_order_is_exact) {
  needs_exactly<TypeParam, Load{.bytes = 700, .largest = 250, .smallest = 17, .last_first = true}>();
  needs_exactly<TypeParam, Load{.bytes = 700, .largest = 250, .smallest = 20, .last_first = true}>();
  needs_exactly<TypeParam, Load{.bytes = 690, .largest = 250, .smallest = 30, .last_first = true}>();
  needs_exactly<TypeParam, Load{.bytes = 700, .largest = 40, .smallest = 30, .last_first = true}>();
  needs_exactly<TypeParam, Load{.bytes = 700, .largest = 600, .blocks = 9, .last_first = true}>();
}

using Bins = SegregatedBins<std::uint32_t>;
using BinsSizing = GranuleSizing<GranuleSpace<GranuleMoves<GranuleMap<std::size_t>, Bins>>>;

/// A heap that refuses 33 granules while most of its holes are larger, in the same bin but behind a few of 32; between
/// the holes are blocks of a byte. It is built without regard to the load, for which the region must be larger than all
/// that.
TYPED_TEST(RealTimeSizing, a_heap_that_refuses_what_it_has_is_smaller) {
  constexpr std::size_t granule = TypeParam::granule;
  constexpr std::size_t pins = 100;
  constexpr std::size_t larger = BinsSizing::most_in_bin(33);
  constexpr std::size_t needed =
      TypeParam::bytes_needed({.bytes = 32 * granule + 1 + pins, .largest = 33 * granule, .blocks = pins + 1});
  const test::HostRegion memory(needed);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::size_t left = 0;
  heap.walk([&](const Extent& extent) { left += extent.kind == ExtentKind::free ? extent.size : 0; });
  std::vector<Block> holes;
  for (std::size_t hole = 0; hole <= pins; ++hole) {
    holes.push_back(heap.allocate(Layout((hole < 8 ? 32 : larger) * granule, 1)));
    const Block pin = hole < pins ? heap.allocate(Layout(1, 1)) : Block{};
    ASSERT_TRUE(holes.back()) << hole;
    left -= holes.back().size + pin.size;
  }
  ASSERT_GT(left, 0u);
  ASSERT_TRUE(heap.allocate(Layout(left, 1)));
  for (std::size_t hole = holes.size(); hole-- != 0;) heap.deallocate(holes[hole].at, Layout(holes[hole].size, 1));
  EXPECT_FALSE(heap.allocate(Layout(33 * granule, 1)));
  EXPECT_TRUE(heap.allocate(Layout(32 * granule, 1)));
}

TEST(SizingShare, pins_need_nearly_all_of_it) {
  std::printf("%-18s %-16s %9s %9s %9s %9s %9s\n", "heap", "load", "bytes", "live %", "pins %", "holes %", "Robson %");
  EXPECT_GT((share_needed<RealTimeHeap, any_order>("RealTimeHeap", "any order")), 85);
  EXPECT_GT((share_needed<RealTimeHeap, large_blocks>("RealTimeHeap", "large blocks")), 85);
  EXPECT_GT((share_needed<RealTimeHeap, few_blocks>("RealTimeHeap", "few blocks")), 70);
  EXPECT_GT((share_needed<RealTimeHeap, many_blocks>("RealTimeHeap", "many blocks")), 95);
  EXPECT_GT((share_needed<RealTimeHeap, many_aligned>("RealTimeHeap", "many aligned")), 90);
  EXPECT_GT((share_needed<SmallRealTimeHeap, any_order>("SmallRealTimeHeap", "any order")), 80);
  share_needed<GranuleHeap, any_order>("GranuleHeap", "any order");
}

template <class Heap, Load load>
concept Answers = requires { typename std::integral_constant<std::size_t, Heap::bytes_needed(load)>; };

TEST(SizingShare, the_example_of_the_page_is_as_large_as_it_says) {
  constexpr Load load{.bytes = 8000, .largest = 512, .smallest = 32, .blocks = 60};
  constexpr Load last{.bytes = 8000, .largest = 512, .smallest = 32, .blocks = 60, .last_first = true};
  EXPECT_EQ(RealTimeHeap::bytes_needed(load) / 1000, 39u);
  EXPECT_EQ(RealTimeHeap::bytes_needed(last) / 100, 94u);
}

TYPED_TEST(Sizing, a_load_that_cannot_be_does_not_compile) {
  EXPECT_TRUE((Answers<TypeParam, Load{.bytes = 8, .largest = 8}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 9}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 8, .smallest = 9}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 8, .smallest = 0}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 8, .blocks = 0}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 8, .alignment = 24}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = size_limit, .largest = 8}>));
  EXPECT_FALSE((Answers<TypeParam, Load{.bytes = 8, .largest = 8, .alignment = size_limit / 2 + 1}>));
}

TEST(SizingLimits, the_largest_load_is_the_one_that_the_index_reaches) {
  EXPECT_TRUE((Answers<SmallRealTimeHeap, Load{.bytes = 507'000, .largest = 507'000, .blocks = 1}>));
  EXPECT_FALSE((Answers<SmallRealTimeHeap, Load{.bytes = 508'000, .largest = 508'000, .blocks = 1}>));
  EXPECT_TRUE((Answers<RealTimeHeap, Load{.bytes = 7uz << 30, .largest = 7uz << 30, .blocks = 1}>));
  EXPECT_FALSE((Answers<RealTimeHeap, Load{.bytes = 8uz << 30, .largest = 8uz << 30, .blocks = 1}>));
  EXPECT_TRUE((Answers<GranuleHeap, Load{.bytes = 62uz << 30, .largest = 62uz << 30, .blocks = 1}>));
  EXPECT_FALSE((Answers<GranuleHeap, Load{.bytes = 64uz << 30, .largest = 64uz << 30, .blocks = 1}>));
}

TEST(SizingLimits, the_least_and_the_largest_of_a_bin_are_in_it_and_what_is_beside_them_is_not) {
  for (std::size_t size = 2; size < 5000; ++size) {
    const std::size_t largest = BinsSizing::most_in_bin(size);
    ASSERT_EQ(Bins::bin_of(largest), Bins::bin_of(size)) << size;
    ASSERT_NE(Bins::bin_of(largest + 1), Bins::bin_of(size)) << size;
    ASSERT_EQ(BinsSizing::is_least_in_bin(size), BinsSizing::most_in_bin(size - 1) == size - 1) << size;
  }
}

}  // namespace
}  // namespace bareheap
