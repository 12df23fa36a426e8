// SPDX-License-Identifier: MIT
#include "ports/raspi3b/uart.hpp"

#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

namespace bareheap::raspi3b {
namespace {

class UartTest : public testing::Test {
 protected:
  void SetUp() override { FakePlatform::reset(); }
};

TEST_F(UartTest, Divisors_of_115200_baud) {
  EXPECT_EQ(baud_divisor(4'000'000), 2U * 64 + 11);
  EXPECT_EQ(baud_divisor(48'000'000), 26U * 64 + 3);
  EXPECT_EQ(baud_divisor(3'000'000), 1U * 64 + 40);
}

TEST_F(UartTest, Configured_for_the_clock_of_the_story) {
  Uart<FakePlatform>::configure(story_uart_clock);
  EXPECT_EQ(FakePlatform::registers[0x3f201024], 2U);
  EXPECT_EQ(FakePlatform::registers[0x3f201028], 11U);
  EXPECT_EQ(FakePlatform::registers[0x3f20102c], 0x70U);
  EXPECT_EQ(FakePlatform::registers[0x3f201030], 0x301U);
  EXPECT_EQ(FakePlatform::registers[0x3f201044], 0x7ffU);
  EXPECT_EQ(FakePlatform::registers[0x3f200004], 0b100U << 12 | 0b100U << 15) << "pins 14 and 15";
  EXPECT_EQ(FakePlatform::registers[0x3f200098], 0U) << "the pulls are left unclocked";
}

TEST_F(UartTest, Configured_again_for_another_clock) {
  Uart<FakePlatform>::configure(firmware_uart_clock);
  EXPECT_EQ(FakePlatform::registers[0x3f201024], 26U);
  Uart<FakePlatform>::configure(story_uart_clock);
  EXPECT_EQ(FakePlatform::registers[0x3f201024], 2U);
}

TEST_F(UartTest, Reads_a_byte_or_that_there_is_none) {
  FakePlatform::registers[pl011::data] = 0xf41;  // with all error flags
  EXPECT_EQ(Uart<FakePlatform>::read(), 0x41);
  FakePlatform::registers[pl011::flags] = pl011::flag_receiver_empty;
  EXPECT_EQ(Uart<FakePlatform>::read(), -1);
}

TEST_F(UartTest, Bytes_above_127_are_written_as_they_are) {
  Uart<FakePlatform>::write("\xc3", 1);
  EXPECT_EQ(FakePlatform::registers[pl011::data], 0xc3U);
}

}  // namespace
}  // namespace bareheap::raspi3b
