// SPDX-License-Identifier: MIT
#include "bareheap/bindings/pool_resource.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "laws/fixed.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_handler.hpp"
#include "support/out_of_memory_sweep.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bareheap {
namespace {

using Failing = test::FailNth<HoleList>;

class PoolResourceTest : public testing::Test {
 protected:
  PoolResourceTest() { EXPECT_TRUE(heap.init(memory.region())); }
  ~PoolResourceTest() override {
    EXPECT_TRUE(is_pristine(heap));
    EXPECT_EQ(heap.check(), Fault::none);
  }

  test::HostRegion memory{std::size_t{1} << 20};
  HoleList heap;
};

struct Live {
  void* at = nullptr;
  std::size_t size = 0;
  std::size_t alignment = 1;
  unsigned char fill = 0;

  bool intact() const {
    for (std::size_t index = 0; index < size; ++index) {
      if (static_cast<unsigned char*>(at)[index] != fill) return false;
    }
    return true;
  }
};

TEST_F(PoolResourceTest, S2_10_lends_aligned_blocks_that_lie_apart) {
  PoolResource pools(heap);
  laws::Dice dice(5);
  std::vector<Live> live(60);
  for (unsigned step = 0; step < 5000; ++step) {
    Live& one = live[dice.below(live.size())];
    if (one.at != nullptr) {
      ASSERT_TRUE(one.intact()) << step;
      pools.deallocate(one.at, one.size, one.alignment);
      one = {};
      continue;
    }
    one = {nullptr, dice.below(step % 7 == 0 ? 6000 : 200), std::size_t{1} << dice.below(step % 11 == 0 ? 13 : 5),
           static_cast<unsigned char>(step)};
    one.at = pools.allocate(one.size, one.alignment);
    ASSERT_TRUE(is_aligned(address_of(one.at), one.alignment)) << step;
    std::memset(one.at, one.fill, one.size);
  }
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_FALSE(is_pristine(heap));
  pools.release();
  EXPECT_TRUE(is_pristine(heap)) << "release gives all back, whatever is still lent";
  void* const again = pools.allocate(64, 8);
  EXPECT_NE(again, nullptr);
  EXPECT_FALSE(is_pristine(heap)) << "and it begins anew";
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST_F(PoolResourceTest, S2_10_a_block_of_no_bytes_is_no_others) {
  PoolResource pools(heap);
  EXPECT_NE(pools.allocate(0, 1), pools.allocate(0, 1));
}

TEST_F(PoolResourceTest, S2_10_takes_a_freed_block_again_and_asks_the_heap_seldom) {
  Failing counting(heap);
  PoolResource pools(counting);
  counting.refuse(0);
  void* const first = pools.allocate(40, 8);
  pools.deallocate(first, 40, 8);
  EXPECT_EQ(pools.allocate(64, 64), first) << "the same class";
  for (int block = 0; block < 1000; ++block) static_cast<void>(pools.allocate(64, 8));
  EXPECT_LE(counting.requests(), 20u);
}

TEST_F(PoolResourceTest, S2_10_gives_large_blocks_back_at_once_in_any_order) {
  PoolResource pools(heap);
  void* blocks[5];
  for (void*& block : blocks) block = pools.allocate(3001, 8);
  const std::size_t all = statistics_of(heap).used_bytes;
  for (const int index : {2, 0, 4, 1}) pools.deallocate(blocks[index], 3001, 8);
  EXPECT_LT(statistics_of(heap).used_bytes, all / 4);
  pools.deallocate(blocks[3], 3001, 8);
  EXPECT_TRUE(is_pristine(heap));
}

TEST_F(PoolResourceTest, S2_10_S3_11_pmr_containers_over_pools) {
  PoolResource pools(heap);
  std::pmr::map<int, std::pmr::string> names(&pools);
  std::pmr::list<int> list(&pools);
  std::pmr::set<int> set(&pools);
  for (int number = 0; number < 1000; ++number) {
    names[number] = std::pmr::string(static_cast<std::size_t>(number % 90), 'x', &pools);
    list.push_back(number);
    set.insert(number);
  }
  for (int number = 0; number < 1000; number += 2) names.erase(number);
  EXPECT_EQ(names.at(71).size(), 71u);
  EXPECT_TRUE(set.contains(371));
  EXPECT_TRUE(heap.owns(&list.front()));
}

TEST_F(PoolResourceTest, S3_13_uses_a_heap_to_its_end) {
  test::HostRegion small(4096);
  HoleList tight;
  ASSERT_TRUE(tight.init(small.region()));
  PoolResource pools(tight);
  std::set<void*> blocks;
  while (void* const at = pools.try_allocate(256, 8)) EXPECT_TRUE(blocks.insert(at).second);
  EXPECT_GE(blocks.size(), 12u) << "chunks become smaller, down to one block";
  EXPECT_EQ(pools.try_allocate(size_limit, 8), nullptr);
  EXPECT_EQ(pools.try_allocate(size_limit - 40, 1), nullptr);
  EXPECT_EQ(pools.try_allocate(5000, 8), nullptr);
  EXPECT_EQ(tight.check(), Fault::none);
}

TEST_F(PoolResourceTest, S3_13_no_room_stops_with_the_layout) {
  PoolResource pools(heap);
  EXPECT_DEATH(static_cast<void>(pools.allocate(std::size_t{2} << 20, 32)),
               "bareheap: out of memory, and the program gave no way to go on: 2097152 bytes aligned to 32, called");
}

bool try_some(Failing& heap) {
  PoolResource pools(heap);
  bool all = true;
  for (const std::size_t size : {20u, 20u, 600u, 600u, 5000u, 5000u}) {
    void* const at = pools.try_allocate(size, 8);
    if (at != nullptr) std::memset(at, 0x55, size);
    all = all && at != nullptr;
  }
  return all;
}

TEST(PoolResourceSweep, S2_10_S3_13_at_every_request) {
  for (const test::Refusal refusal : {test::Refusal::once, test::Refusal::from_then_on}) {
    const test::Sweep sweep = test::sweep_out_of_memory(try_some, refusal);
    EXPECT_TRUE(sweep.clean()) << sweep.report();
    EXPECT_GE(sweep.points(), 4u);
  }
}

TEST(PoolResourceSweep, S3_13_the_handler_can_help) {
  const auto program = [](Failing& heap) {
    PoolResource pools(heap);
    std::pmr::list<int> list(&pools);
    for (int number = 0; number < 200; ++number) list.push_back(number);
    return list.size() == 200 && heap.owns(static_cast<std::byte*>(pools.allocate(9000, 8)));
  };
  test::WithHandler handler([](Layout) { return OutOfMemory::try_again; });
  const test::Sweep sweep = test::sweep_out_of_memory(program);
  EXPECT_TRUE(sweep.clean()) << sweep.report();
  const test::Sweep all_gone = test::sweep_out_of_memory(try_some, test::Refusal::from_then_on);
  EXPECT_TRUE(all_gone.clean()) << all_gone.report();
}

}  // namespace
}  // namespace bareheap
