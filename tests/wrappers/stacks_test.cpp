// SPDX-License-Identifier: MIT
// The laws over every wrapper on every engine, and over the stacks that programs use.
#include "bareheap/bareheap.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "bareheap/wrappers/fallback.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "laws/fixed.hpp"
#include "wrappers/host_processor.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

namespace bareheap::laws {
namespace {

constexpr std::size_t region_size = std::size_t{4} << 20;

Region host_region() {
  static const std::unique_ptr<std::byte[], decltype(&std::free)> memory(
      static_cast<std::byte*>(std::aligned_alloc(std::size_t{1} << 20, region_size)), &std::free);
  return {memory.get(), region_size};
}

/// The laws give one region; each of the two heaps gets half of it.
template <class First, class Second>
struct Halves : Fallback<First, Second> {
  Admission init(Region region) noexcept {
    using Both = Fallback<First, Second>;
    if (region.wraps()) return Both::init(region);
    const std::size_t middle = align_down(address_of(region.start) + region.size / 2, 4096);
    const bool splits = middle > address_of(region.start) && middle < address_of(region.end());
    if (!splits) return Both::init(region);
    const std::size_t half = middle - address_of(region.start);
    const Admission low = Both::init({region.start, half});
    const Admission high = Both::add({region.start + half, region.size - half});
    if (!low || !high) return low ? low : high;
    return {.taken = Region::between(low.taken.start, high.taken.end()), .lost = low.lost + high.lost};
  }
};

/// Whether the picture of all freed is that of the fresh heap.
template <class Heap>
constexpr bool merges = true;
template <>
constexpr bool merges<StoryPages> = false;
template <class Heap, class Policy>
constexpr bool merges<Locked<Heap, Policy>> = merges<Heap>;
template <class Heap>
constexpr bool merges<Counted<Heap>> = merges<Heap>;
template <class Heap>
constexpr bool merges<Headered<Heap>> = merges<Heap>;
template <class Heap, std::size_t Quarantine>
constexpr bool merges<Checked<Heap, Quarantine>> = merges<Heap>;
template <class First, class Second>
constexpr bool merges<Halves<First, Second>> = merges<First> && merges<Second>;

using Spin = SpinWithInterruptsSaved<test::ThreadProcessor>;
using Masked = InterruptsSaved<test::ThreadProcessor>;

template <class Heap>
class Stacks : public testing::Test {};
using AllStacks = testing::Types<
    Locked<Bump, NoLock>, Locked<HoleList, SpinLock<test::ThreadProcessor>>, Locked<StoryPages, Spin>,
    Locked<HoleList, Masked>,
    Counted<Bump>, Counted<HoleList>, Counted<StoryPages>,
    Headered<Bump>, Headered<HoleList>, Headered<StoryPages>,
    Halves<Bump, Bump>, Halves<HoleList, HoleList>, Halves<Bump, HoleList>, Halves<HoleList, StoryPages>,
    Checked<Bump, 0>, Checked<HoleList>, Checked<HoleList, 0>, Checked<HoleList, 1>, Checked<StoryPages>,
    Locked<Counted<HoleList>, Spin>, Locked<Counted<Headered<HoleList>>, Spin>, Locked<Checked<HoleList>, Spin>,
    Locked<Counted<Checked<HoleList>>, Spin>, Headered<Checked<HoleList>>, Checked<Headered<HoleList>, 0>,
    Checked<Locked<HoleList, Spin>>, Locked<Halves<Headered<Bump>, Counted<HoleList>>, Spin>,
    Halves<Checked<HoleList>, Checked<HoleList>>, Counted<NullHeap>, Headered<NullHeap>, Checked<NullHeap>>;
TYPED_TEST_SUITE(Stacks, AllStacks);

TYPED_TEST(Stacks, keep_the_laws) {
  static_assert(Allocator<TypeParam>);
  const Verdict verdict = keep_the_laws<TypeParam>(host_region(), merges<TypeParam>, 8);
  EXPECT_TRUE(verdict.kept()) << name_of(verdict.law) << ": " << verdict.part << " " << verdict.first << ", "
                              << verdict.second;
}

// A wrapper that adds nothing to a block adds nothing to its picture: the addresses are those of the heap inside.
template <class Heap>
std::uint64_t trail_of() {
  std::uint64_t trail = 0;
  const Verdict verdict =
      walk_on<Heap>({host_region().start, 65536}, merges<Heap>, 7, 500, memory_at_power_on, trail);
  EXPECT_TRUE(verdict.kept());
  return trail;
}

TEST(Transparent, Locked_and_Counted_lend_what_the_heap_inside_would) {
  EXPECT_EQ((trail_of<Locked<HoleList, Spin>>()), trail_of<HoleList>());
  EXPECT_EQ((trail_of<Counted<StoryPages>>()), trail_of<StoryPages>());
  EXPECT_EQ((trail_of<Locked<Counted<Bump>, NoLock>>()), trail_of<Bump>());
  EXPECT_NE((trail_of<Headered<HoleList>>()), trail_of<HoleList>());
}

// What a wrapper forwards it has only where the heap inside has it.
static_assert(Growable<Locked<Counted<Headered<Checked<HoleList>>>, Spin>>);
static_assert(SelfSizing<Locked<Counted<Checked<HoleList>>, Spin>>);
static_assert(Stocked<Locked<Counted<Checked<HoleList>>, Spin>>);
static_assert(!Growable<Locked<Counted<Headered<Bump>>, Spin>> && !Stocked<Counted<HoleList>>);
static_assert(!SelfSizing<Locked<Counted<HoleList>, Spin>> && !SelfSizing<Fallback<HoleList, Headered<HoleList>>>);
static_assert(requires(Locked<Counted<Checked<HoleList>>, Spin>& heap, const void* caller) {
  heap.allocate(Layout(1, 1), caller);
});

}  // namespace
}  // namespace bareheap::laws
