// SPDX-License-Identifier: MIT
#include "bareheap/bindings/std_allocator.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "bareheap/wrappers/reserve.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_handler.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bareheap {
namespace {

template <class T, class Heap>
using VectorIn = std::vector<T, StdAllocator<T, Heap>>;
template <class Heap>
using StringIn = std::basic_string<char, std::char_traits<char>, StdAllocator<char, Heap>>;
template <class K, class V, class Heap>
using MapIn = std::map<K, V, std::less<K>, StdAllocator<std::pair<const K, V>, Heap>>;
template <class T, class Heap>
using ListIn = std::list<T, StdAllocator<T, Heap>>;
template <class T, class Heap>
using DequeIn = std::deque<T, StdAllocator<T, Heap>>;

constexpr int thousand = 1000;

template <class Heap>
class StdAllocatorOn : public testing::Test {
 protected:
  StdAllocatorOn() { EXPECT_TRUE(heap.init(memory.region())); }
  ~StdAllocatorOn() override {
    EXPECT_TRUE(is_pristine(heap));
    EXPECT_EQ(heap.check(), Fault::none);
  }

  test::HostRegion memory{std::size_t{4} << 20};
  Heap heap;
};
using Engines = testing::Types<Bump, HoleList, StoryPages>;
TYPED_TEST_SUITE(StdAllocatorOn, Engines);

TYPED_TEST(StdAllocatorOn, S2_10_S3_11_vector_deque_list_and_queue) {
  VectorIn<int, TypeParam> vector(this->heap);
  DequeIn<int, TypeParam> deque(this->heap);
  ListIn<int, TypeParam> list(this->heap);
  std::priority_queue<int, VectorIn<int, TypeParam>> queue(std::less<int>(), VectorIn<int, TypeParam>(this->heap));
  for (int number = 0; number < thousand; ++number) {
    vector.push_back(number);
    deque.push_front(number);
    list.push_back(number);
    queue.push(number);
  }
  EXPECT_TRUE(this->heap.owns(reinterpret_cast<std::byte*>(vector.data())));
  EXPECT_TRUE(this->heap.owns(reinterpret_cast<std::byte*>(&list.front())));
  EXPECT_EQ(vector[371], 371);
  EXPECT_EQ(deque[371], thousand - 1 - 371);
  EXPECT_EQ(queue.top(), thousand - 1);
  list.remove_if([](int number) { return number % 2 == 0; });
  EXPECT_EQ(list.size(), std::size_t{thousand} / 2);
  vector.erase(vector.begin(), vector.begin() + 500);
  vector.shrink_to_fit();
  EXPECT_EQ(vector.front(), 500);
}

TYPED_TEST(StdAllocatorOn, S2_10_S3_11_map_set_hash_map_string_and_shared_pointer) {
  MapIn<int, StringIn<TypeParam>, TypeParam> names(this->heap);
  std::set<int, std::less<int>, StdAllocator<int, TypeParam>> set(this->heap);
  using Pair = std::pair<const int, int>;
  std::unordered_map<int, int, std::hash<int>, std::equal_to<int>, StdAllocator<Pair, TypeParam>> hashed(this->heap);
  for (int number = 0; number < thousand; ++number) {
    names.emplace(number, StringIn<TypeParam>(static_cast<std::size_t>(number % 90), 'x', this->heap));
    set.insert(number);
    hashed[number] = number * number;
  }
  EXPECT_EQ(names.at(70).size(), 70u);
  EXPECT_TRUE(set.contains(371));
  EXPECT_EQ(hashed.at(30), 900);
  for (int number = 0; number < thousand; number += 2) names.erase(number);
  EXPECT_FALSE(names.contains(70));
  EXPECT_TRUE(names.contains(71));
  const auto shared = std::allocate_shared<int>(StdAllocator<int, TypeParam>(this->heap), 371);
  EXPECT_TRUE(this->heap.owns(reinterpret_cast<const std::byte*>(shared.get())));
}

TYPED_TEST(StdAllocatorOn, S2_10_allocate_at_least_gives_all_that_was_granted) {
  StdAllocator<std::uint32_t, TypeParam> allocator(this->heap);
  for (const std::size_t count : {1u, 3u, 5u, 100u, 2000u}) {
    const AllocationResult<std::uint32_t> result = allocator.allocate_at_least(count);
    EXPECT_GE(result.count, count);
    std::fill_n(result.ptr, result.count, 0xFFFFFFFFu);
    EXPECT_EQ(this->heap.check(), Fault::none);
    allocator.deallocate(result.ptr, (count + result.count) / 2);
  }
  if constexpr (std::same_as<TypeParam, StoryPages>) {
    const auto result = allocator.allocate_at_least(5);
    EXPECT_EQ(result.count, 64u);
    allocator.deallocate(result.ptr, result.count);
  }
}

/// What a standard library calls std::allocation_result, where it has it.
template <class Pointer>
struct StandardResult {
  Pointer ptr;
  std::size_t count;
};

TEST(StdAllocator, S2_10_the_result_of_allocate_at_least_becomes_the_standard_librarys) {
  int number = 0;
  const StandardResult<int*> result = AllocationResult<int>{&number, 7};
  EXPECT_EQ(result.ptr, &number);
  EXPECT_EQ(result.count, 7u);
  static_assert(!std::is_convertible_v<AllocationResult<int>, std::pair<int*, std::size_t>>);
}

struct TwoHeaps {
  TwoHeaps() {
    EXPECT_TRUE(left.init(left_memory.region()));
    EXPECT_TRUE(right.init(right_memory.region()));
  }
  test::HostRegion left_memory{65536};
  test::HostRegion right_memory{65536};
  HoleList left;
  HoleList right;
};

TEST(StdAllocator, S2_10_a_container_takes_its_heap_along_when_moved_or_swapped_not_when_copied) {
  TwoHeaps heaps;
  {
    VectorIn<int, HoleList> one(100, 1, heaps.left);
    VectorIn<int, HoleList> other(100, 2, heaps.right);
    EXPECT_NE(one.get_allocator(), other.get_allocator());
    const int* const data = one.data();
    swap(one, other);
    EXPECT_EQ(other.data(), data);
    one = std::move(other);
    EXPECT_EQ(one.data(), data);
    EXPECT_EQ(one.get_allocator(), (StdAllocator<int, HoleList>(heaps.left)));
    VectorIn<int, HoleList> copy(100, 3, heaps.right);
    copy = one;
    EXPECT_TRUE(heaps.right.owns(copy.data()));
    EXPECT_EQ(copy, one);
  }
  EXPECT_TRUE(is_pristine(heaps.left) && is_pristine(heaps.right));
}

TEST(StdAllocator, S2_10_over_a_reference_that_hides_the_heap) {
  TwoHeaps heaps;
  {
    std::vector<int, StdAllocator<int>> one(AllocatorRef(heaps.left));
    std::map<int, int, std::less<int>, StdAllocator<std::pair<const int, int>>> map(AllocatorRef(heaps.right));
    for (int number = 0; number < thousand; ++number) one.push_back(number);
    map[3] = 4;
    EXPECT_TRUE(heaps.left.owns(one.data()));
    EXPECT_TRUE(heaps.right.owns(&map[3]));
  }
  EXPECT_TRUE(is_pristine(heaps.left) && is_pristine(heaps.right));
  static_assert(sizeof(StdAllocator<int, HoleList>) == sizeof(void*));
  static_assert(sizeof(StdAllocator<int>) == 2 * sizeof(void*));
}

TEST(StdAllocator, S3_13_the_handler_can_help_by_giving_up_a_reserve) {
  test::HostRegion memory(4096);
  Reserve<HoleList> heap(Layout(1024, 16));
  ASSERT_TRUE(heap.init(memory.region()));
  test::WithHandler handler(
      [&](Layout) { return heap.release() ? OutOfMemory::try_again : OutOfMemory::give_up; });
  StdAllocator<std::byte, Reserve<HoleList>> allocator(heap);
  std::byte* const most = allocator.allocate(3072);
  std::byte* const saved = allocator.allocate(512);
  EXPECT_TRUE(heap.owns(saved));
  EXPECT_EQ(handler.calls, 1);
  EXPECT_EQ(handler.last, Layout(512, 1));
  allocator.deallocate(saved, 512);
  allocator.deallocate(most, 3072);
  EXPECT_TRUE(is_pristine(heap));
}

TEST(StdAllocatorDeathTest, S3_13_without_help_it_stops_and_the_handler_can_explain_why) {
  TwoHeaps heaps;
  StdAllocator<int, HoleList> allocator(heaps.left);
  const auto explain = [&](Layout) {
    print_text(statistics_of(heaps.left), [](const char* text, std::size_t size) { fwrite(text, 1, size, stderr); });
    return OutOfMemory::give_up;
  };
  test::WithHandler handler(explain);
  EXPECT_DEATH(static_cast<void>(allocator.allocate(20000)),
               "used 0 of 65536 bytes, in 0 tiles\nfree 65536 bytes in 1 hole, the largest 65536\n(.|\n)*"
               "bareheap: out of memory, and the program gave no way to go on: 80000 bytes aligned to 4, called from");
  EXPECT_DEATH(static_cast<void>(allocator.allocate_at_least(20000)), "80000 bytes aligned to 4");
  EXPECT_DEATH(static_cast<void>(allocator.allocate(size_limit / 2)), "18446744073709551615 bytes aligned to 4");
}

TEST(StdAllocatorDeathTest, S3_13_a_handler_that_runs_out_itself_stops) {
  TwoHeaps heaps;
  StdAllocator<int, HoleList> allocator(heaps.left);
  test::WithHandler handler([&](Layout) {
    static_cast<void>(allocator.allocate(30000));
    return OutOfMemory::give_up;
  });
  EXPECT_DEATH(static_cast<void>(allocator.allocate(20000)),
               "bareheap: out of memory inside the out-of-memory handler: 120000 bytes aligned to 4");
}

using Failing = test::FailNth<HoleList>;

/// Each point stops with the one sentence for it, and the run without a refusal is clean.
template <class Program>
void expect_a_stop_at_every_point(Program program, std::size_t least_points) {
  const test::Sweep sweep = test::sweep_out_of_memory(program);
  EXPECT_TRUE(sweep.complete);
  EXPECT_GE(sweep.points(), least_points);
  EXPECT_EQ(sweep.that(test::RunEnd::stopped).size(), sweep.points()) << sweep.report();
  EXPECT_EQ(sweep.that(test::RunEnd::fine).size(), 1u) << sweep.report();
  for (const test::Run& run : sweep.runs) {
    if (run.end != test::RunEnd::stopped) continue;
    EXPECT_TRUE(run.said.starts_with("bareheap: out of memory, and the program gave no way to go on: ")) << run.said;
  }
}

/// The handler helps, as it would by giving up a reserve: then every point must be survived.
template <class Program>
void expect_survival_with_help(Program program) {
  test::WithHandler handler([](Layout) { return OutOfMemory::try_again; });
  const test::Sweep sweep = test::sweep_out_of_memory(program);
  EXPECT_TRUE(sweep.clean()) << sweep.report();
}

template <class Program>
void sweep_container(Program program, std::size_t least_points) {
  expect_a_stop_at_every_point(program, least_points);
  expect_survival_with_help(program);
}

TEST(StdAllocatorSweep, S2_10_S3_13_vector_at_every_request) {
  sweep_container([](Failing& heap) {
    VectorIn<int, Failing> numbers(heap);
    for (int number = 0; number < 100; ++number) numbers.push_back(number);
    return numbers.size() == 100;
  }, 7);
}

TEST(StdAllocatorSweep, S2_10_S3_13_map_at_every_request) {
  sweep_container([](Failing& heap) {
    MapIn<int, StringIn<Failing>, Failing> names(heap);
    for (int number = 0; number < 6; ++number) names.emplace(number, StringIn<Failing>(40, 'x', heap));
    return names.size() == 6;
  }, 12);
}

TEST(StdAllocatorSweep, S2_10_S3_13_string_at_every_request) {
  sweep_container([](Failing& heap) {
    StringIn<Failing> text(heap);
    for (int number = 0; number < 200; ++number) text += 'x';
    return text.size() == 200;
  }, 3);
}

TEST(StdAllocatorSweep, S2_10_S3_13_list_at_every_request) {
  sweep_container([](Failing& heap) {
    ListIn<int, Failing> numbers(heap);
    for (int number = 0; number < 10; ++number) numbers.push_back(number);
    return numbers.size() == 10;
  }, 10);
}

TEST(StdAllocatorSweep, S2_10_S3_13_deque_at_every_request) {
  sweep_container([](Failing& heap) {
    DequeIn<int, Failing> numbers(heap);
    for (int number = 0; number < 600; ++number) numbers.push_back(number);
    return numbers.size() == 600;
  }, 6);
}

}  // namespace
}  // namespace bareheap
