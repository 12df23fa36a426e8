// SPDX-License-Identifier: MIT
// The laws over every wrapper, in stacks that are little alike; in `./test long` on every engine, and over the stacks
// that programs use.
#include "laws/fixed.hpp"
#include "wrappers/stacks.hpp"

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

template <class Heap>
class StackLaws : public testing::Test {};
template <class... Heaps>
testing::Types<Heaps...> types_of(HeapList<Heaps...>);
TYPED_TEST_SUITE(StackLaws, decltype(types_of(BAREHEAP_STACKS{})));

TYPED_TEST(StackLaws, keep_the_laws) {
  static_assert(Allocator<TypeParam>);
  // Regions of every size and every eighth are those of the engines alone; here an odd step meets every remainder.
  const Verdict verdict = keep_the_laws<TypeParam>(host_region(), merges<TypeParam>, 33);
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
