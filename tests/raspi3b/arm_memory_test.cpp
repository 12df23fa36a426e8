// SPDX-License-Identifier: MIT
#include "ports/raspi3b/arm_memory.hpp"

#include "bareheap/core/bits.hpp"
#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace bareheap::raspi3b {
namespace {

using Message = std::array<std::uint32_t, 8>;
using Stretches = std::vector<std::pair<std::size_t, std::size_t>>;

class ArmMemoryTest : public testing::Test {
 protected:
  void SetUp() override { FakePlatform::reset(); }

  std::optional<Region> ask(std::uint32_t start, std::uint32_t size, std::uint32_t code = 0x80000000) {
    FakePlatform::gpu = [=, this] {
      seen_ = message_;
      message_[1] = code;
      message_[5] = start;
      message_[6] = size;
    };
    return arm_memory<FakePlatform>(message_);
  }

  alignas(cache_line_size) Message message_{};
  Message seen_{};
};

TEST_F(ArmMemoryTest, Request_word_for_word) {
  EXPECT_TRUE(ask(0, 0x3c000000));
  EXPECT_EQ(seen_, (Message{32, 0, 0x10005, 8, 0, 0, 0, 0}));
}

TEST_F(ArmMemoryTest, The_answer_ends_where_the_caches_end) {
  EXPECT_EQ(ask(0, 0x3c000000)->size, 0x3c000000U);
  EXPECT_EQ(ask(0, 0x3b400000)->size, 0x3b400000U);
  EXPECT_EQ(ask(0, 0x3f000000)->size, 0x3c000000U);
  EXPECT_EQ(ask(0x1000, 0xffffffff)->end(), reinterpret_cast<std::byte*>(0x3c000000));
}

TEST_F(ArmMemoryTest, No_answer_no_memory) {
  EXPECT_FALSE(ask(0, 0x3c000000, 0x80000001));
  EXPECT_FALSE(ask(0, 0));
  EXPECT_FALSE(ask(0x3c000000, 0x1000));
}

Region region(std::size_t first, std::size_t end) {
  return Region::between(reinterpret_cast<void*>(first), reinterpret_cast<void*>(end));
}

Stretches stretches(std::size_t first, Region memory, Region hole) {
  Stretches seen;
  show_memory_from(reinterpret_cast<std::byte*>(first), memory, hole,
                   [&](Region stretch) { seen.emplace_back(address_of(stretch.start), address_of(stretch.end())); });
  return seen;
}

TEST(ShowMemoryFrom, Leaves_out_the_hole_wherever_it_lies) {
  const Region ram = region(0, 1000);
  EXPECT_EQ(stretches(100, ram, {}), (Stretches{{100, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(50, 90)), (Stretches{{100, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(50, 150)), (Stretches{{150, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(100, 150)), (Stretches{{150, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(400, 500)), (Stretches{{100, 400}, {500, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(900, 1000)), (Stretches{{100, 900}}));
  EXPECT_EQ(stretches(100, ram, region(900, 1100)), (Stretches{{100, 900}}));
  EXPECT_EQ(stretches(100, ram, region(1100, 1200)), (Stretches{{100, 1000}}));
  EXPECT_EQ(stretches(100, ram, region(50, 1100)), Stretches{});
}

TEST(ShowMemoryFrom, Nothing_where_all_memory_lies_before) {
  EXPECT_EQ(stretches(1000, region(0, 1000), {}), Stretches{});
  EXPECT_EQ(stretches(2000, region(0, 1000), region(10, 3000)), Stretches{});
  EXPECT_EQ(stretches(100, region(500, 1000), {}), (Stretches{{500, 1000}}));
}

}  // namespace
}  // namespace bareheap::raspi3b
