// SPDX-License-Identifier: MIT
// S1-11: the message of nine words that sets the clock of the serial line.
#include "ports/raspi3b/clock.hpp"

#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace bareheap::raspi3b {
namespace {

using Message = std::array<std::uint32_t, 9>;

class ClockTest : public testing::Test {
 protected:
  void SetUp() override {
    FakePlatform::reset();
    FakePlatform::gpu = [this] {
      seen_ = message_;
      message_[1] = code_;
      message_[6] = rate_;
    };
  }

  alignas(cache_line_size) Message message_{};
  Message seen_{};
  std::uint32_t code_ = 0x80000000;
  std::uint32_t rate_ = 4'000'000;
};

TEST_F(ClockTest, S1_11_request_word_for_word) {
  EXPECT_TRUE(set_uart_clock<FakePlatform>(message_));
  EXPECT_EQ(seen_, (Message{36, 0, 0x38002, 12, 0, 2, 4000000, 0, 0}));
}

TEST_F(ClockTest, The_line_follows_the_clock_that_the_firmware_set) {
  EXPECT_TRUE(set_uart_clock<FakePlatform>(message_));
  EXPECT_EQ(FakePlatform::registers[pl011::integer_divisor], 2U);
  rate_ = 3'000'000;
  EXPECT_TRUE(set_uart_clock<FakePlatform>(message_));
  EXPECT_EQ(FakePlatform::registers[pl011::integer_divisor], 1U);
}

TEST_F(ClockTest, A_refusal_leaves_the_line_as_it_was) {
  FakePlatform::registers[pl011::integer_divisor] = 26;
  code_ = 0x80000001;
  EXPECT_FALSE(set_uart_clock<FakePlatform>(message_));
  code_ = 0x80000000;
  rate_ = 0;
  EXPECT_FALSE(set_uart_clock<FakePlatform>(message_));
  EXPECT_EQ(FakePlatform::registers[pl011::integer_divisor], 26U);
}

}  // namespace
}  // namespace bareheap::raspi3b
