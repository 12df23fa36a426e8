// SPDX-License-Identifier: MIT
#include "bareheap/core/allocator_ref.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "laws/fixed.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

namespace bareheap {
namespace {

/// Every call goes through a reference; the laws must not notice.
template <class Engine>
class ThroughRef {
 public:
  Admission init(Region region) noexcept { return engine_.init(region); }
  Block allocate(Layout asked) noexcept { return ref().allocate(asked); }
  void deallocate(std::byte* at, Layout asked) noexcept { ref().deallocate(at, asked); }
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept { return ref().resize(at, asked, size); }
  bool owns(const std::byte* at) const noexcept { return const_cast<ThroughRef*>(this)->ref().owns(at); }
  void walk(ExtentSink sink) const noexcept { const_cast<ThroughRef*>(this)->ref().walk(sink); }
  [[nodiscard]] Fault check() const noexcept { return const_cast<ThroughRef*>(this)->ref().check(); }

 private:
  AllocatorRef ref() noexcept { return engine_; }

  Engine engine_;
};

template <class Engine>
void expect_laws(bool merges) {
  const test::HostRegion memory(256 * 1024);
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const laws::Verdict walk = laws::walk_twice<ThroughRef<Engine>>(memory.region(), merges, seed, 300);
    EXPECT_TRUE(walk.kept()) << laws::name_of(walk.law) << ": " << walk.part << " " << walk.first;
  }
  const laws::Verdict full = laws::exhaust<ThroughRef<Engine>>({memory.start(), 12 * 4096}, merges, 100);
  EXPECT_TRUE(full.kept()) << laws::name_of(full.law);
}

TEST(AllocatorRef, keeps_the_laws_of_what_it_refers_to) {
  expect_laws<NullHeap>(true);
  expect_laws<Bump>(true);
  expect_laws<HoleList>(true);
  expect_laws<StoryPages>(false);
}

/// Has every refinement, and counts.
struct Everything : NullHeap {
  std::size_t size_of(const std::byte*) const noexcept { return 48; }
  Admission add(Region region) noexcept { return {.taken = region}; }
  void trim() noexcept { ++trims; }
  int trims = 0;
};
static_assert(SelfSizing<Everything> && Growable<Everything> && Stocked<Everything>);

TEST(AllocatorRef, forwards_what_the_heap_can_do_beyond_the_concept) {
  Everything heap;
  const AllocatorRef ref = heap;
  EXPECT_TRUE(ref.can_size() && ref.can_grow() && ref.can_trim());
  EXPECT_EQ(ref.size_if_known(nullptr), 48u);
  EXPECT_EQ(ref.add({nullptr, 16}).taken.size, 16u);
  ref.trim();
  EXPECT_EQ(heap.trims, 1);
}

TEST(AllocatorRef, says_what_the_heap_cannot_do) {
  const test::HostRegion memory(4096);
  Bump heap;
  const AllocatorRef ref = heap;
  ASSERT_TRUE(heap.init(memory.region()));
  EXPECT_FALSE(ref.can_size() || ref.can_grow() || ref.can_trim());
  EXPECT_EQ(ref.size_if_known(memory.start()), 0u);
  EXPECT_EQ(ref.add({nullptr, 16}).fault, Fault::initialised_twice);
  EXPECT_EQ(ref.add({nullptr, 16}).lost, 16u);
  ref.trim();
}

TEST(AllocatorRef, is_a_value_that_the_operations_work_on) {
  const test::HostRegion memory(4096);
  HoleList heap;
  HoleList other;
  ASSERT_TRUE(heap.init(memory.region()));
  const AllocatorRef ref = heap;
  const AllocatorRef copy = ref;
  EXPECT_EQ(ref, copy);
  EXPECT_NE(ref, AllocatorRef(other));
  const Block block = allocate_zeroed(ref, Layout(40, 8));
  ASSERT_TRUE(block);
  EXPECT_TRUE(copy.owns(block.at));
  EXPECT_FALSE(is_pristine(copy));
  EXPECT_EQ(statistics_of(ref), statistics_of(heap));
  const Block larger = reallocate(copy, block.at, Layout(40, 8), 80);
  ref.deallocate(larger.at, Layout(80, 8));
  EXPECT_TRUE(is_pristine(heap));
}

// A reference is made of a heap that lives on, not of a temporary one or of one that may not change.
static_assert(!std::is_constructible_v<AllocatorRef, HoleList>);
static_assert(!std::is_constructible_v<AllocatorRef, const HoleList&>);
static_assert(!std::is_constructible_v<AllocatorRef, int&>);

}  // namespace
}  // namespace bareheap
