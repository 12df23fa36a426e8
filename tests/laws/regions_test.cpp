// SPDX-License-Identifier: MIT
// Two million heaps with regions of every kind, good and bad, at first and later: no byte is written outside
// of what a heap said that it took, and whatever was refused changed nothing.
#include "laws/fixed.hpp"
#include "wrappers/stacks.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace bareheap::laws {
namespace {

constexpr std::size_t largest_arena = 4096;
alignas(64) std::byte arena[largest_arena];

/// Most regions in it are a little smaller or larger than the smallest that the heap takes.
template <class Heap>
constexpr std::size_t arena_for = 1024;
template <class Index>
constexpr std::size_t arena_for<BasicGranuleHeap<Index>> = 3072;  // it has a list for each size in the region
template <class Index>
constexpr std::size_t arena_for<BasicRealTimeHeap<Index>> = 1536;

/// Whether init() can be told the addresses at which memory is added later.
template <class Heap>
constexpr bool has_span = false;
template <class Index>
constexpr bool has_span<BasicGranuleHeap<Index>> = true;
template <class Index>
constexpr bool has_span<BasicRealTimeHeap<Index>> = true;

/// Mostly somewhere in the arena; now and then reversed, wrapping, or nothing at all.
Region any_region(Dice& dice, std::size_t arena_size) {
  std::byte* const start = arena + dice.below(arena_size);
  const std::size_t room = static_cast<std::size_t>(arena + arena_size - start);
  switch (dice.below(16)) {
    case 0: return Region::between(start, arena + dice.below(arena_size));
    case 1: return {start, size_limit - dice.below(64)};
    case 2: return {start, dice.below(room < 8 ? room + 1 : 8)};
    case 3: return {nullptr, 0};
    default: return {start, dice.below(room + 1)};
  }
}

template <class Heap>
class AnyRegions {
 public:
  explicit AnyRegions(std::uint32_t seed) : dice_(seed) {}

  /// One heap's life; false where a byte outside was written.
  bool play() {
    std::memset(arena, memory_at_power_on, arena_size);
    taken_.clear();
    Heap heap;
    begin(heap);
    use(heap);
    if constexpr (Growable<Heap>) {
      for (int times = 0; times < 3; ++times) {
        offer(heap.add(some_region()));
        use(heap);
      }
    }
    return heap.check() == Fault::none && outside_is_untouched();
  }

 private:
  static constexpr std::size_t arena_size = arena_for<Heap>;

  // Half the time with a span: all that follows, or any.
  void begin(Heap& heap) {
    const Region first = some_region();
    if constexpr (has_span<Heap>) {
      const Region span = dice_.below(4) == 0 ? some_region() : Region::between(first.start, arena + arena_size);
      if (dice_.below(2) == 0) return offer(heap.init(first, span));
    }
    offer(heap.init(first));
  }

  // A reversed region that wraps must be refused; one that does not is another region, maybe larger than the arena.
  Region some_region() {
    const Region region = any_region(dice_, arena_size);
    const bool beyond = !region.wraps() && region.size > arena_size;
    return beyond ? Region{region.start, 0} : region;
  }

  void offer(const Admission& admission) {
    if (admission) taken_.push_back(admission.taken);
  }

  void use(Heap& heap) {
    for (int times = 0; times < 4; ++times) {
      const Layout asked(dice_.below(100), std::size_t{1} << dice_.below(6));
      const Block block = heap.allocate(asked);
      if (!block) continue;
      std::memset(block.at, 0x11, block.size);
      if (dice_.below(2) == 0) heap.deallocate(block.at, asked);
    }
  }

  bool outside_is_untouched() const {
    for (const std::byte& byte : std::span(arena).first(arena_size)) {
      if (byte == std::byte{memory_at_power_on}) continue;
      bool inside = false;
      for (const Region& region : taken_) inside = inside || region.contains(&byte);
      if (!inside) return false;
    }
    return true;
  }

  Dice dice_;
  std::vector<Region> taken_;
};

template <class Heap>
class Regions : public testing::Test {};
using Heaps = testing::Types<Bump, HoleList, BasicStoryPages<16, 32, 64>, BasicPageHeap<16, 32, 64>,
                             RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap,
                             Locked<Counted<Headered<HoleList>>, Spin>, Fallback<HoleList, Checked<HoleList, 2>>>;
TYPED_TEST_SUITE(Regions, Heaps);

TYPED_TEST(Regions, of_every_kind_are_taken_or_refused_and_nothing_outside_is_written) {
  AnyRegions<TypeParam> regions(7);
  const int lives = static_cast<int>(256'000'000 / arena_for<TypeParam>);
  for (int life = 0; life < lives; ++life) ASSERT_TRUE(regions.play()) << "life " << life;
}

}  // namespace
}  // namespace bareheap::laws
