// SPDX-License-Identifier: MIT
// What the map of a granule heap tells of long blocks, wherever they lie in its words, and what check() finds where the
// heap's state or a free block was written over.
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "engines/stops.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

namespace bareheap {
namespace {

using test::stop_of;

using Heaps = testing::Types<RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap>;
template <class Heap>
class Map : public testing::Test {};
TYPED_TEST_SUITE(Map, Heaps);

template <class Heap>
Layout granules(std::size_t count) {
  return Layout(count * Heap::granule, 1);
}

template <class Heap>
std::string fresh_drawing(Heap& heap) {
  if constexpr (Stocked<Heap>) heap.trim();
  EXPECT_EQ(heap.check(), Fault::none);
  return test::drawing_of(heap, Heap::granule);
}

template <class Heap>
Fault fault_of_free(Heap& heap, std::byte* at, std::size_t size) {
  return stop_of([&] { heap.deallocate(at, granules<Heap>(size)); }).fault;
}

/// Those who look without a lock see the size, and do not take the block for one of those that end in sight.
void expect_in_view(const auto& view, std::byte* at, std::size_t size) {
  const std::size_t number = view.number_of(at);
  EXPECT_EQ(view.lent_length(number), size);
  for (std::size_t wrong = 1; wrong <= view.most_granules; ++wrong) {
    EXPECT_FALSE(view.lends(number, wrong)) << wrong << " of " << size << " at " << number;
  }
}

/// A block that is followed by a lent one, freed in wrong ways and in the right one.
template <class Heap>
void try_long_block(Heap& heap, std::size_t size) {
  const Layout layout = granules<Heap>(size);
  const auto [at, next] = std::minmax({heap.allocate(layout).at, heap.allocate(layout).at});  // large ones go downwards
  ASSERT_EQ(next, at + size * Heap::granule);
  ASSERT_EQ(heap.size_of(at), size * Heap::granule);
  ASSERT_EQ(heap.size_of(next), size * Heap::granule);
  if constexpr (requires { heap.view(); }) expect_in_view(heap.view(), at, size);
  for (const std::size_t wrong : {size - 1, size + 1, size - 32, size + 32, size - 64, size + 64, 2 * size, size / 2}) {
    ASSERT_EQ(fault_of_free(heap, at, wrong), Fault::wrong_layout) << wrong;
  }
  for (const std::size_t inside : {1u, 2u, 31u, 32u, 33u, 34u, 62u, 63u, 64u, 65u}) {
    ASSERT_EQ(fault_of_free(heap, at + inside * Heap::granule, size - inside), Fault::never_lent) << inside;
  }
  const std::size_t cut = size / 3;
  ASSERT_TRUE(heap.resize(at, granules<Heap>(size), cut * Heap::granule));
  ASSERT_EQ(heap.size_of(at), cut * Heap::granule);
  ASSERT_EQ(heap.check(), Fault::none);
  ASSERT_EQ(fault_of_free(heap, at, size), Fault::wrong_layout);
  ASSERT_TRUE(heap.resize(at, granules<Heap>(cut), size * Heap::granule));
  ASSERT_EQ(heap.size_of(at), size * Heap::granule);
  heap.deallocate(at, granules<Heap>(size));
  ASSERT_EQ(fault_of_free(heap, at, size), Fault::freed_twice);
  ASSERT_EQ(heap.check(), Fault::none);
  heap.deallocate(next, granules<Heap>(size));
}

TYPED_TEST(Map, tells_the_size_of_a_long_block_at_every_place_in_a_word) {
  const test::HostRegion memory(std::size_t{256} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const std::string fresh = fresh_drawing(heap);
  for (std::size_t before = 1; before <= 65; before += before < 4 || before > 28 ? 1 : 5) {
    std::byte* const first = heap.allocate(granules<TypeParam>(before)).at;
    for (const std::size_t size : {66u, 95u, 96u, 97u, 127u, 128u, 129u, 191u, 192u, 193u, 1000u, 5000u}) {
      ASSERT_NO_FATAL_FAILURE(try_long_block(heap, size)) << before << " and " << size;
    }
    heap.deallocate(first, granules<TypeParam>(before));
    ASSERT_EQ(fresh_drawing(heap), fresh);
  }
}

TYPED_TEST(Map, tells_two_long_neighbours_from_one_block_of_the_sum) {
  const test::HostRegion memory(std::size_t{128} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::byte* const first = heap.allocate(granules<TypeParam>(300)).at;
  std::byte* const second = heap.allocate(granules<TypeParam>(400)).at;
  ASSERT_EQ(second, first + 300 * TypeParam::granule);
  EXPECT_EQ(fault_of_free(heap, first, 700), Fault::wrong_layout);
  heap.deallocate(second, granules<TypeParam>(400));
  EXPECT_EQ(fault_of_free(heap, first, 700), Fault::wrong_layout);
  heap.deallocate(first, granules<TypeParam>(300));
  EXPECT_EQ(heap.check(), Fault::none);
}

// What tests/house/needs.py prints for a microcontroller.
template <class Heap>
void expect_little_state_beside_the_map() {
  test::HostRegion memory(65536);
  Heap heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::size_t state = sizeof heap - GranuleMap<std::uint32_t>::bytes_for(0, 65536 / Heap::granule + 1);
  heap.walk([&](const Extent& tile) { state += tile.kind == ExtentKind::meta ? tile.size : 0; });
  EXPECT_LE(state, 512u);
}

TEST(RealTimeHeaps, have_half_a_KiB_of_state_beside_the_map_of_64_KiB) {
  expect_little_state_beside_the_map<SmallRealTimeHeap>();
  if constexpr (sizeof(void*) == 4) expect_little_state_beside_the_map<RealTimeHeap>();
}

template <class Heap, Load load>
concept Answers = requires { typename std::integral_constant<std::size_t, Heap::bytes_needed(load)>; };

// Each block takes a granule: all addresses of 32 bits together are too few for so many.
TEST(RealTimeHeaps, say_how_large_a_region_must_be_only_where_there_may_be_such_a_region) {
  constexpr Load too_much{.bytes = 0x10000000, .largest = 1, .blocks = 0x10000000};
  constexpr Load much{.bytes = 0xF000000, .largest = 1, .blocks = 0xF000000};
  EXPECT_EQ((Answers<RealTimeHeap, too_much>), sizeof(std::size_t) == 8);
  EXPECT_EQ((Answers<GranuleHeap, too_much>), sizeof(std::size_t) == 8);
  EXPECT_GT(RealTimeHeap::bytes_needed(much), much.blocks * 16);
  EXPECT_GT(GranuleHeap::bytes_needed(much), much.blocks * 16);
}

/// What check() says while `size` bytes at `at` are `value`.
template <class Heap>
Fault fault_with(Heap& heap, std::byte* at, std::size_t value, std::size_t size) {
  std::byte kept[sizeof value];
  std::memcpy(kept, at, size);
  std::memcpy(at, &value, size);
  const Fault fault = heap.check();
  std::memcpy(at, kept, size);
  return fault;
}

/// The number of granules in front of the first region's record.
template <class Heap>
std::size_t heads_for(std::size_t bytes) {
  using Index = std::conditional_t<Heap::granule == 8, std::uint16_t, std::uint32_t>;
  return SegregatedBins<Index>::heads_for(bytes / Heap::granule);
}

// A record: map, start, first, end, next. A further region begins with it.
TYPED_TEST(Map, check_finds_invariant_1_broken) {
  const test::HostRegion memory(std::size_t{16} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init({memory.start(), 8192}, memory.region()));
  ASSERT_TRUE(heap.add({memory.start() + 12288, 4096}));
  constexpr std::size_t word = sizeof(std::size_t);
  const auto fault_of_word = [&](std::byte* record, std::size_t number, std::size_t value) {
    return fault_with(heap, record + number * word, value, word);
  };
  std::byte* const first = memory.start() + heads_for<TypeParam>(memory.region().size) * TypeParam::granule;
  std::byte* const second = memory.start() + 12288;
  constexpr std::size_t start = 12288 / TypeParam::granule;
  EXPECT_EQ(fault_of_word(first, 1, 1), Fault::invariant_1) << "starts elsewhere";
  EXPECT_EQ(fault_of_word(second, 1, start + 1), Fault::invariant_1);
  EXPECT_EQ(fault_of_word(first, 2, 0), Fault::invariant_1) << "no room for its record";
  EXPECT_EQ(fault_of_word(second, 2, start), Fault::invariant_1);
  EXPECT_EQ(fault_of_word(second, 3, start + 1), Fault::invariant_1) << "ends before its first granule";
  EXPECT_EQ(fault_of_word(first, 3, start + 1), Fault::invariant_1) << "reaches into the next one";
  EXPECT_EQ(fault_of_word(second, 4, address_of(first)), Fault::invariant_1) << "a circle";
  EXPECT_EQ(heap.check(), Fault::none);
}

// Two kind bits at the beginning of a word of the map without a start are how a length looks. One of them is right
// where the first free block of a region begins there, and the other one is flipped.
TYPED_TEST(Map, check_finds_a_flipped_bit_that_makes_the_map_look_as_if_a_length_stood_there) {
  constexpr std::size_t word_bytes = Stocked<TypeParam> ? sizeof(std::size_t) : sizeof(std::uint32_t);
  constexpr std::size_t region = std::size_t{16} << 10;
  const test::HostRegion memory(region);
  std::set<std::pair<std::size_t, Fault>> found;  // by the place of the first granule in its word
  for (std::size_t span = region; span < 4 * region; span += 64) {
    for (const std::size_t largest : {span, 4 * span / 3, 2 * span}) {
      TypeParam heap;
      ASSERT_TRUE(heap.init({memory.start(), region}, {memory.start(), span}, largest));
      std::size_t first = 0;
      heap.walk([&](const Extent& tile) { first += tile.kind == ExtentKind::meta ? tile.size : 0; });
      first /= TypeParam::granule;
      const std::size_t place = first % (8 * word_bytes);
      if (place > 1) continue;
      std::size_t map = 0;
      std::memcpy(&map, memory.start() + heads_for<TypeParam>(largest) * TypeParam::granule, sizeof map);
      auto* const kind = reinterpret_cast<std::byte*>(map + (first - place) / 4 + word_bytes);
      *kind ^= std::byte{2} >> place;
      found.emplace(place, heap.check());
    }
  }
  const std::set<std::pair<std::size_t, Fault>> wanted{{0, Fault::invariant_3}, {1, Fault::invariant_2}};
  EXPECT_EQ(found, wanted);
}

// A free block: next, previous, size, and its size once more in its last granule, each as large as an index.
TYPED_TEST(Map, check_finds_invariant_4_broken_in_a_free_block) {
  const test::HostRegion memory(std::size_t{16} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  constexpr std::size_t large = 100;
  std::byte* blocks[5];
  for (std::byte*& block : blocks) block = heap.allocate(granules<TypeParam>(large)).at;
  heap.deallocate(blocks[1], granules<TypeParam>(large));
  heap.deallocate(blocks[3], granules<TypeParam>(large));
  if constexpr (Stocked<TypeParam>) heap.trim();
  constexpr std::size_t index = TypeParam::granule / 4;
  for (std::byte* const block : {blocks[1], blocks[3]}) {
    const std::size_t own = (address_of(block) - address_of(memory.start())) / TypeParam::granule;
    for (const std::size_t field : {0u, 1u, 2u}) {
      for (const std::size_t value : {std::size_t{1}, own, own + 1, own - large, large - 1, large + 1, size_limit}) {
        if (value == large) continue;  // it is no damage
        EXPECT_EQ(fault_with(heap, block + field * index, value, index), Fault::invariant_4) << field << " " << value;
      }
    }
    std::byte* const last = block + large * TypeParam::granule - index;
    EXPECT_EQ(fault_with(heap, last, large - 1, index), Fault::invariant_4);
    EXPECT_EQ(fault_with(heap, last, 0, index), Fault::invariant_4);
  }
  EXPECT_EQ(heap.check(), Fault::none);
}

template <class Heap>
void expect_the_size_that_is_shown(const Heap& heap, const std::byte* at) {
  heap.walk([&](const Extent& tile) {
    const bool is_lent = tile.at == at && tile.kind == ExtentKind::used;
    EXPECT_EQ(is_lent ? heap.size_of(at) : 0, is_lent ? tile.size : 0);
  });
}

// All but the record of the region, which the heap believes. What check() does not find is in the walk.
TYPED_TEST(Map, check_survives_every_flipped_bit_of_the_state_and_finds_each_invariant_broken) {
  const test::HostRegion memory(std::size_t{8} << 10);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::byte* first = nullptr;
  for (const std::size_t size : {1500u, 32u, 2000u, 32u, 2000u}) {
    const Block block = heap.allocate(Layout(size, 1));
    if (first == nullptr) first = block.at;
    if (size == 2000) heap.deallocate(block.at, Layout(size, 1));
  }
  heap.deallocate(heap.allocate(Layout(48, 1)).at, Layout(48, 1));
  std::set<Fault> found;
  const Region record{memory.start() + heads_for<TypeParam>(memory.region().size) * TypeParam::granule,
                      5 * sizeof(void*)};
  for (std::byte* byte = memory.start(); byte != first; ++byte) {
    if (record.contains(byte)) continue;
    for (unsigned bit = 0; bit != 8; ++bit) {
      *byte ^= std::byte{1} << bit;
      found.insert(heap.check());
      if (heap.check() == Fault::none) expect_the_size_that_is_shown(heap, first);
      *byte ^= std::byte{1} << bit;
    }
  }
  std::set<Fault> wanted{Fault::none, Fault::invariant_2, Fault::invariant_3, Fault::invariant_4, Fault::invariant_5};
  if constexpr (Stocked<TypeParam>) wanted.insert(Fault::invariant_6);
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(heap.check(), Fault::none);
}

template <class Word>
void expect_exact_quick_frees() {
  using Stocked = GranuleMap<Word>;
  constexpr unsigned most = Stocked::most_in_word;
  alignas(8) std::byte words[Stocked::bytes_for(0, 6 * Stocked::word_bits)];
  for (std::size_t first = 1; first <= Stocked::word_bits; ++first) {
    for (unsigned size = 1; size <= most + 2; ++size) {
      Stocked map(words, 0, 6 * Stocked::word_bits);
      map.set_start(first);
      size % 2 == 0 ? map.set_start(first + size) : map.set_kind(first + size);  // lent or free
      map.begin_cached(first + size + 5);
      for (unsigned wrong = 1; wrong <= most; ++wrong) {
        ASSERT_FALSE(wrong != size && map.try_lent_to_cached(first, wrong)) << wrong << ", " << size << " at " << first;
        ASSERT_FALSE(map.try_lent_to_cached(first + 1, wrong) && size != 1) << "inside";
        ASSERT_FALSE(map.try_lent_to_cached(first + size + 5, wrong)) << "cached already";
      }
      if (size > most) continue;
      const bool is_seen = size > Stocked::word_bits / 8 || first % Stocked::word_bits + size < Stocked::word_bits;
      ASSERT_EQ(map.try_lent_to_cached(first, size), is_seen) << size << " at " << first;
      ASSERT_EQ(map.is_cached(first), is_seen);
    }
  }
}

TEST(StockedMap, a_quick_free_takes_a_block_of_exactly_its_size_wherever_that_lies) {
  expect_exact_quick_frees<std::uint64_t>();
  expect_exact_quick_frees<std::uint32_t>();
}

// Words in which another CPU comes between, right before a bit is set.
struct OvertakenWords : ContestedWords {
  static inline std::function<void()> between;

  static void come() {
    if (between) std::exchange(between, {})();
  }
  template <class Word>
  static void set(Word& word, Word bits) {
    come();
    ContestedWords::set(word, bits);
  }
  template <class Word>
  static bool try_set(Word& word, Word seen, Word bits) {
    come();
    return ContestedWords::try_set(word, seen, bits);
  }
};

TEST(ContestedMap, of_two_that_free_a_block_at_once_one_is_told) {
  using Contested = GranuleMap<std::uint64_t, OvertakenWords>;
  for (const unsigned size : {1u, 8u, 9u, 62u}) {
    for (const std::size_t first : {std::size_t{1}, std::size_t{60}}) {
      alignas(8) std::byte words[Contested::bytes_for(0, 192)] = {};
      Contested map(words, 0, 192);
      map.set_start(first);
      map.set_start(first + size);
      int winners = 0;
      OvertakenWords::between = [&] { winners += map.try_lent_to_cached(first, size); };
      winners += map.try_lent_to_cached(first, size);
      if (std::exchange(OvertakenWords::between, {})) continue;  // its end is in another word, and it is short
      EXPECT_EQ(winners, 1) << size << " at " << first;
    }
  }
}

}  // namespace
}  // namespace bareheap
