// SPDX-License-Identifier: MIT
#include "bareheap/bindings/unique_ptr.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_handler.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace bareheap {
namespace {

using Failing = test::FailNth<HoleList>;

struct Counted {
  explicit Counted(int number) : value(number) { ++live; }
  Counted() : Counted(0) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --live; }

  int value;
  inline static int live = 0;
};

template <class Heap>
class UniquePtr : public testing::Test {
 protected:
  UniquePtr() { EXPECT_TRUE(heap.init(memory.region())); }
  ~UniquePtr() override { EXPECT_TRUE(is_pristine(heap)); }

  test::HostRegion memory{64 * 1024};
  Heap heap;
};
using Engines = testing::Types<Bump, HoleList, StoryPages>;
TYPED_TEST_SUITE(UniquePtr, Engines);

TYPED_TEST(UniquePtr, S2_10_S3_11_owns_an_object_of_the_heap) {
  UniqueIn<Counted, TypeParam> first = make_unique_in<Counted>(this->heap, 64);
  EXPECT_TRUE(this->heap.owns(reinterpret_cast<std::byte*>(first.get())));
  EXPECT_EQ(first->value, 64);
  UniqueIn<Counted, TypeParam> second = try_make_unique_in<Counted>(this->heap, 65);
  ASSERT_NE(second, nullptr);
  first = std::move(second);
  EXPECT_EQ(Counted::live, 1);
  EXPECT_EQ(first->value, 65);
  const UniqueIn<const Counted, TypeParam> constant = std::move(first);
  EXPECT_EQ(constant->value, 65);
}

TYPED_TEST(UniquePtr, S2_10_frees_with_the_layout_that_was_asked) {
  struct alignas(64) Wide {
    std::byte bytes[320];
  };
  auto wide = make_unique_in<Wide>(this->heap);
  EXPECT_TRUE(is_aligned(address_of(wide.get()), 64));
  wide = try_make_unique_in<Wide>(this->heap);
  EXPECT_NE(wide, nullptr);
}

TYPED_TEST(UniquePtr, S2_10_S3_11_owns_an_array) {
  {
    const UniqueIn<Counted[], TypeParam> objects = make_unique_in<Counted[]>(this->heap, 10);
    EXPECT_EQ(Counted::live, 10);
    EXPECT_EQ(objects.get_deleter().count(), 10u);
    const auto numbers = try_make_unique_in<int[]>(this->heap, 300);
    ASSERT_NE(numbers, nullptr);
    for (std::size_t index = 0; index < 300; ++index) ASSERT_EQ(numbers[index], 0);
  }
  EXPECT_EQ(Counted::live, 0);
}

TYPED_TEST(UniquePtr, S3_13_the_try_forms_answer_null_where_there_is_no_room) {
  struct Large {
    std::byte bytes[128 * 1024];
  };
  EXPECT_EQ(try_make_unique_in<Large>(this->heap), nullptr);
  EXPECT_EQ(try_make_unique_in<int[]>(this->heap, 64 * 1024), nullptr);
  EXPECT_EQ(try_make_unique_in<int[]>(this->heap, size_limit / 2), nullptr);
}

TYPED_TEST(UniquePtr, S3_13_the_others_stop) {
  EXPECT_DEATH(static_cast<void>(make_unique_in<int[]>(this->heap, 64 * 1024)),
               "bareheap: out of memory, and the program gave no way to go on: 262144 bytes aligned to 4, called from");
}

TEST(UniquePtrIn, S3_13_a_refused_object_leaves_its_arguments) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Failing failing(heap);
  using Inner = std::unique_ptr<int>;
  Inner inner = std::make_unique<int>(3);
  failing.refuse(1);
  EXPECT_EQ(try_make_unique_in<Inner>(failing, std::move(inner)), nullptr);
  ASSERT_NE(inner, nullptr);
  failing.refuse(1);
  test::WithHandler handler([](Layout) { return OutOfMemory::try_again; });
  const auto owned = make_unique_in<Inner>(failing, std::move(inner));
  EXPECT_EQ(**owned, 3);
  EXPECT_EQ(handler.calls, 1);
}

TEST(UniquePtrIn, S2_10_over_a_reference_that_hides_the_heap) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const auto make = [&] {
    const AllocatorRef ref = heap;
    return make_unique_in<int>(ref, 371);
  };
  {
    const auto outlives_the_reference = make();
    EXPECT_EQ(*outlives_the_reference, 371);
  }
  EXPECT_TRUE(is_pristine(heap));
}

struct Base {
  virtual ~Base() = default;
};
struct Derived : Base {
  int more = 0;
};
// A base would be freed with the wrong layout, and const does not go away.
static_assert(!std::is_convertible_v<UniqueIn<Derived, HoleList>, UniqueIn<Base, HoleList>>);
static_assert(!std::is_constructible_v<UniqueIn<Base, HoleList>, UniqueIn<Derived, HoleList>>);
static_assert(!std::is_convertible_v<UniqueIn<const int, HoleList>, UniqueIn<int, HoleList>>);
static_assert(sizeof(UniqueIn<int, HoleList>) == 2 * sizeof(void*));

TEST(UniquePtrIn, S3_13_the_try_forms_at_every_request) {
  const test::Sweep sweep = test::sweep_out_of_memory([](Failing& heap) {
    const auto first = try_make_unique_in<int>(heap, 1);
    const auto array = try_make_unique_in<int[]>(heap, 100);
    const auto last = try_make_unique_in<Counted>(heap, 2);
    return first != nullptr && array != nullptr && last != nullptr;
  });
  EXPECT_TRUE(sweep.clean()) << sweep.report();
  EXPECT_EQ(sweep.points(), 3u);
}

}  // namespace
}  // namespace bareheap
