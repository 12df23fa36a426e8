// SPDX-License-Identifier: MIT
#include "bareheap/bindings/memory_resource.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_handler.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace bareheap {
namespace {

constexpr int thousand = 1000;

template <class Heap>
class MemoryResourceOn : public testing::Test {
 protected:
  MemoryResourceOn() { EXPECT_TRUE(heap.init(memory.region())); }
  ~MemoryResourceOn() override {
    EXPECT_TRUE(is_pristine(heap));
    EXPECT_EQ(heap.check(), Fault::none);
  }

  test::HostRegion memory{std::size_t{4} << 20};
  Heap heap;
};
using Engines = testing::Types<Bump, HoleList, StoryPages>;
TYPED_TEST_SUITE(MemoryResourceOn, Engines);

TYPED_TEST(MemoryResourceOn, S2_10_S3_11_every_pmr_container) {
  MemoryResource resource(this->heap);
  std::pmr::vector<std::pmr::string> lines(&resource);
  std::pmr::map<int, int> map(&resource);
  std::pmr::unordered_map<int, int> hashed(&resource);
  std::pmr::list<int> list(&resource);
  std::pmr::deque<int> deque(&resource);
  for (int number = 0; number < thousand; ++number) {
    lines.emplace_back(static_cast<std::size_t>(number % 90), 'x');
    map[number] = hashed[number] = number * number;
    list.push_back(number);
    deque.push_front(number);
  }
  EXPECT_TRUE(this->heap.owns(reinterpret_cast<std::byte*>(lines[89].data()))) << "elements get the resource too";
  EXPECT_EQ(lines[89].size(), 89u);
  EXPECT_EQ(map[30] + hashed[30], 1800);
  EXPECT_EQ(deque[0], thousand - 1);
  map.erase(map.begin(), map.find(500));
  EXPECT_EQ(map.size(), 500u);
}

TYPED_TEST(MemoryResourceOn, S2_10_brings_size_and_alignment_and_takes_them_back) {
  MemoryResource resource(this->heap);
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    void* const at = resource.allocate(100, alignment);
    EXPECT_TRUE(is_aligned(address_of(at), alignment));
    resource.deallocate(at, 100, alignment);
  }
  MemoryResource other(this->heap);
  EXPECT_TRUE(resource.is_equal(resource));
  EXPECT_FALSE(resource.is_equal(other));
}

TYPED_TEST(MemoryResourceOn, S3_13_no_room_asks_the_handler_and_stops) {
  MemoryResource resource(this->heap);
  EXPECT_DEATH(static_cast<void>(resource.allocate(std::size_t{5} << 20, 64)),
               "bareheap: out of memory, and the program gave no way to go on: 5242880 bytes aligned to 64, called");
}

TEST(MemoryResourceSweep, S2_10_S3_13_a_program_at_every_request) {
  const auto program = [](test::FailNth<HoleList>& heap) {
    MemoryResource resource(heap);
    std::pmr::map<int, std::pmr::string> names(&resource);
    for (int number = 0; number < 5; ++number) names[number] = "a text that does not fit into the object itself";
    return names.size() == 5;
  };
  const test::Sweep alone = test::sweep_out_of_memory(program);
  EXPECT_TRUE(alone.complete);
  EXPECT_GE(alone.points(), 10u);
  EXPECT_EQ(alone.that(test::RunEnd::stopped).size(), alone.points()) << alone.report();
  test::WithHandler handler([](Layout) { return OutOfMemory::try_again; });
  const test::Sweep helped = test::sweep_out_of_memory(program);
  EXPECT_TRUE(helped.clean()) << helped.report();
}

}  // namespace
}  // namespace bareheap
