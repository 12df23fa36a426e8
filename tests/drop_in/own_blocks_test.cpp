// SPDX-License-Identifier: MIT
// Blocks that are mappings of their own, and the system that they come from.
#include "drop_in/linux_system.hpp"
#include "drop_in/own_blocks.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace bareheap::drop_in {
namespace {

TEST(OwnBlocksTest, TheTableCanBeFullAndIsNotAfterwards) {
  OwnBlocks<LinuxSystem, 4> blocks;
  for (int round = 0; round != 20; ++round) {
    std::vector<std::byte*> made;
    for (;;) {
      const Block block = blocks.allocate({100, std::size_t{4096} << made.size() % 4});
      if (!block) break;
      EXPECT_EQ(address_of(block.at) % (std::size_t{4096} << made.size() % 4), 0u);
      std::memset(block.at, 1, block.size);
      made.push_back(block.at);
    }
    EXPECT_EQ(made.size(), 16u);
    EXPECT_EQ(blocks.size_of(made[0] + 8), 0u);
    for (std::byte* const at : made) EXPECT_TRUE(blocks.deallocate(at));
    for (std::byte* const at : made) EXPECT_FALSE(blocks.deallocate(at));
    EXPECT_EQ(blocks.bytes(), 0u);
  }
  EXPECT_FALSE(blocks.allocate({size_limit, 16}));
  EXPECT_FALSE(blocks.allocate({size_limit / 2, 4096}));
  EXPECT_FALSE(blocks.allocate({4096, size_limit / 2 + 1}));
}

TEST(LinuxSystemTest, RefusalsLeaveErrno) {
  errno = 77;
  EXPECT_EQ(LinuxSystem::map(size_limit / 4 * 4096), nullptr);
  EXPECT_EQ(LinuxSystem::reserve(std::size_t{1} << 60), nullptr);
  EXPECT_FALSE(LinuxSystem::commit(reinterpret_cast<std::byte*>(4096), 4096));
  EXPECT_EQ(errno, 77);
}

}  // namespace
}  // namespace bareheap::drop_in
