// SPDX-License-Identifier: MIT
#include "bareheap/bindings/try.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace bareheap {
namespace {

using Failing = test::FailNth<HoleList>;

template <class T, class Heap>
using VectorIn = std::vector<T, TryAllocator<T, Heap>>;

struct Pair {
  int left;
  std::unique_ptr<int> right;
};

TEST(TryNew, S3_13_makes_an_object_or_answers_null) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Failing failing(heap);
  auto right = std::make_unique<int>(2);
  failing.refuse(1);
  EXPECT_EQ((try_new<Pair>(failing, 1, std::move(right))), nullptr);
  ASSERT_NE(right, nullptr) << "an argument of a refused object is not moved from";
  Pair* const pair = try_new<Pair>(failing, 1, std::move(right));
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(*pair->right, 2);
  delete_in(failing, pair);
  delete_in(failing, static_cast<Pair*>(nullptr));
  EXPECT_TRUE(is_pristine(heap));
}

TEST(TryPushBack, S2_10_S3_13_goes_on_until_there_is_no_room_and_then_says_so) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  {
    VectorIn<int, HoleList> numbers(heap);
    int count = 0;
    while (try_push_back(numbers, count)) ++count;
    EXPECT_GE(count, 300) << "of 1024 at most";
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number) ASSERT_EQ(numbers[static_cast<std::size_t>(number)], number);
    EXPECT_FALSE(try_push_back(numbers, count));
    EXPECT_EQ(heap.check(), Fault::none);
    // What the vector keeps is an allocator of the usual kind.
    numbers.clear();
    numbers.shrink_to_fit();
    numbers.assign(100, 7);
    const VectorIn<int, HoleList> copy = numbers;
    EXPECT_EQ(copy, numbers);
  }
  EXPECT_TRUE(is_pristine(heap));
}

TEST(TryPushBack, S2_10_asks_for_one_more_where_twice_as_many_are_refused) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Failing failing(heap);
  VectorIn<int, Failing> numbers(failing);
  ASSERT_TRUE(try_reserve(numbers, 10));
  numbers.assign(10, 1);
  failing.refuse(1);
  EXPECT_TRUE(try_push_back(numbers, 2));
  EXPECT_EQ(numbers.capacity(), 11u);
}

TEST(TryPushBack, S2_10_a_full_vector_takes_its_own_element) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  VectorIn<std::shared_ptr<int>, HoleList> pointers(heap);
  EXPECT_TRUE(try_push_back(pointers, std::make_shared<int>(371)));
  while (pointers.size() != pointers.capacity()) pointers.push_back(nullptr);
  EXPECT_TRUE(try_push_back(pointers, pointers.front()));
  ASSERT_NE(pointers.back(), nullptr);
  EXPECT_EQ(pointers.back(), pointers.front());
}

TEST(TryReserve, S3_13_refuses_what_no_vector_can_hold) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  VectorIn<int, HoleList> numbers(heap);
  EXPECT_FALSE(try_reserve(numbers, size_limit));
  EXPECT_FALSE(try_reserve(numbers, numbers.max_size()));
  EXPECT_FALSE(try_reserve(numbers, 1025));
  EXPECT_TRUE(try_reserve(numbers, 1024));
  EXPECT_TRUE(try_reserve(numbers, 0));
  EXPECT_GE(numbers.capacity(), 1024u);
}

bool fill(Failing& heap) {
  VectorIn<std::unique_ptr<int>, Failing> pointers(heap);
  for (int number = 0; number < 100; ++number) {
    auto pointer = std::make_unique<int>(number);
    if (try_push_back(pointers, std::move(pointer))) continue;
    return pointer == nullptr;
  }
  for (int number = 0; number < 100; ++number) {
    if (*pointers[static_cast<std::size_t>(number)] != number) return false;
  }
  return true;
}

TEST(TrySweep, S2_10_S3_13_a_vector_survives_every_refusal) {
  for (const test::Refusal refusal : {test::Refusal::once, test::Refusal::from_then_on}) {
    const test::Sweep sweep = test::sweep_out_of_memory(fill, refusal);
    EXPECT_TRUE(sweep.clean()) << sweep.report();
    EXPECT_EQ(sweep.points(), 6u) << "4, 8, 16, 32, 64 and 128 elements";
  }
}

TEST(TryPushBack, S2_10_works_over_a_reference_that_hides_the_heap) {
  const test::HostRegion memory(4096);
  Bump heap;
  ASSERT_TRUE(heap.init(memory.region()));
  {
    std::vector<int, TryAllocator<int>> numbers{AllocatorRef(heap)};
    int count = 0;
    while (try_push_back(numbers, count)) ++count;
    EXPECT_GE(count, 200);
  }
  EXPECT_TRUE(is_pristine(heap));
}

}  // namespace
}  // namespace bareheap
