// SPDX-License-Identifier: MIT
// Rows of blocks, which go between the heap of a program and the stocks of its threads.
#include "drop_in/growing_heap.hpp"
#include "drop_in/linux_system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace bareheap::drop_in {
namespace {

class RowTest : public testing::Test {
 protected:
  static constexpr std::size_t granule = GrowingHeap<LinuxSystem>::granule;
  static constexpr std::size_t size = 3;
  const Layout layout{size * granule, granule};

  RowTest() {
    EXPECT_TRUE(heap.init({memory.data(), memory.size()}));
    free = heap.free_granules();
  }

  std::vector<Fault> blocks(std::byte* first, std::size_t count) {
    std::vector<Fault> faults;
    for (; count != 0; --count, first += size * granule) faults.push_back(heap.fault_in(first, layout));
    return faults;
  }

  alignas(16) std::array<std::byte, 65536> memory{};
  GrowingHeap<LinuxSystem> heap;
  std::size_t free = 0;
  std::byte* first = nullptr;
};

TEST_F(RowTest, IsOfBlocksThatAreFreedAsOthersAre) {
  ASSERT_EQ(heap.allocate_row(size, 40, first), 40U);
  EXPECT_EQ(heap.free_granules(), free - 40 * size);
  EXPECT_EQ(blocks(first, 41), [] {
    std::vector<Fault> faults(40, Fault::none);
    faults.push_back(Fault::freed_twice);
    return faults;
  }());
  EXPECT_EQ(heap.check(), Fault::none);
  for (std::size_t index = 0; index < 40; index += 2) heap.deallocate(first + index * size * granule, layout);
  EXPECT_EQ(heap.check(), Fault::none);
  for (std::size_t index = 1; index < 40; index += 2) heap.deallocate(first + index * size * granule, layout);
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(heap.free_granules(), free);
  EXPECT_NE(heap.allocate({free * granule, granule}).at, nullptr);
}

TEST_F(RowTest, IsFreedAsAWholeWhereverItsBlocksCameFrom) {
  std::vector<std::byte*> one_by_one;
  for (std::size_t index = 0; index < 40; ++index) one_by_one.push_back(heap.allocate(layout).at);
  for (std::size_t index = 1; index < 40; ++index) {
    ASSERT_EQ(one_by_one[index], one_by_one[index - 1] + size * granule);
  }
  heap.deallocate_row(one_by_one[5], size, 30);
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(heap.free_granules(), free - 10 * size);
  EXPECT_EQ(blocks(one_by_one[4], 2), (std::vector{Fault::none, Fault::freed_twice}));
  EXPECT_EQ(blocks(one_by_one[34], 2), (std::vector{Fault::freed_twice, Fault::none}));
  heap.deallocate_row(one_by_one[35], size, 5);
  heap.deallocate_row(one_by_one[0], size, 5);
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(heap.free_granules(), free);
}

TEST_F(RowTest, IsAsLongAsTheFreeBlockThatFitsBest) {
  std::vector<std::byte*> one_by_one;
  for (std::size_t index = 0; index < 8; ++index) one_by_one.push_back(heap.allocate(layout).at);
  heap.deallocate_row(one_by_one[2], size, 4);
  ASSERT_EQ(heap.allocate_row(size, 40, first), 4U);
  EXPECT_EQ(first, one_by_one[2]);
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_EQ(heap.allocate_row(free + 1, 2, first), 0U);
}

TEST_F(RowTest, BlocksAreTakenBackOnlyAsTheyWereLent) {
  std::byte* const at = heap.allocate(layout).at;
  const std::size_t left = heap.free_granules();
  EXPECT_FALSE(heap.try_deallocate(at, {(size + 1) * granule, granule}));
  EXPECT_FALSE(heap.try_deallocate(at + granule, {(size - 1) * granule, granule}));
  EXPECT_FALSE(heap.try_deallocate(nullptr, layout));
  EXPECT_EQ(heap.free_granules(), left);
  EXPECT_EQ(heap.fault_in(at, layout), Fault::none);
  EXPECT_TRUE(heap.try_deallocate(at, layout));
  EXPECT_EQ(heap.free_granules(), free);
  EXPECT_FALSE(heap.try_deallocate(at, layout));
  EXPECT_EQ(heap.check(), Fault::none);
  EXPECT_DEATH(heap.deallocate(at, layout), "freed");
}

TEST_F(RowTest, BlocksOfAllSizesAreLentUntilNothingIsLeft) {
  std::vector<std::byte> larger(std::size_t{1} << 20);
  GrowingHeap<LinuxSystem> growing;
  ASSERT_TRUE(growing.init({larger.data(), larger.size()}));
  const std::size_t all = growing.free_granules();
  std::vector<Block> blocks;
  for (const std::size_t bytes : {0, 1, 16, 17, 1008, 1009, 4096, 4097, 65536, 65537, 200000, 100}) {
    const Block block = growing.allocate({bytes, granule});
    ASSERT_TRUE(block) << bytes;
    EXPECT_EQ(block.size, (bytes - (bytes != 0)) / granule * granule + granule);
    EXPECT_EQ(growing.fault_in(block.at, {block.size, granule}), Fault::none);
    blocks.push_back(block);
  }
  while (const Block block = growing.allocate({5000, granule})) blocks.push_back(block);
  EXPECT_LT(growing.free_granules() * granule, 5008U);
  EXPECT_EQ(growing.check(), Fault::none);
  for (const Block& block : blocks) growing.deallocate(block.at, {block.size, granule});
  EXPECT_EQ(growing.check(), Fault::none);
  EXPECT_EQ(growing.free_granules(), all);
}

TEST_F(RowTest, NoBlockIsSeenWhereNoneIsLent) {
  GrowingHeap<LinuxSystem> growing;
  alignas(16) static std::array<std::byte, 65536> span{};
  const Admission admission = growing.init({span.data(), span.size() / 2}, {span.data(), span.size()});
  ASSERT_TRUE(admission);
  const auto view = growing.view();
  const auto seen = [&](const std::byte* at) { return view.lent_length(view.number_of(at)); };
  std::byte* const at = growing.allocate(layout).at;
  EXPECT_EQ(seen(at), size);
  EXPECT_EQ(seen(at + granule), 0U);
  EXPECT_EQ(seen(at + size * granule), 0U);            // the first granule of a free block
  EXPECT_EQ(seen(span.data() + span.size() / 2), 0U);  // behind the last one of the region
  EXPECT_EQ(seen(at + 1), 0U);
  growing.deallocate(at, layout);
  EXPECT_EQ(seen(at), 0U);
}

TEST_F(RowTest, NothingIsFreedByASizeThatNoBlockCanHave) {
  std::byte* const at = heap.allocate(layout).at;
  std::byte* const freed = heap.allocate(layout).at;
  heap.deallocate(freed, layout);
  for (const std::size_t none : {size_limit, size_limit - 14, size_limit - 15}) {
    EXPECT_DEATH(heap.deallocate(at, {none, granule}), "size|layout");
    EXPECT_DEATH(heap.deallocate(at + granule, {none, granule}), "lent");
    EXPECT_DEATH(heap.deallocate(freed, {none, granule}), "freed");
  }
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST_F(RowTest, StopsWhereOneOfItsBlocksIsNotLent) {
  ASSERT_EQ(heap.allocate_row(size, 4, first), 4U);
  heap.deallocate(first + 2 * size * granule, layout);
  EXPECT_DEATH(heap.deallocate_row(first, size, 4), "freed");
}

}  // namespace
}  // namespace bareheap::drop_in
