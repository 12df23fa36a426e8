// SPDX-License-Identifier: MIT
#include "ports/x86_64/uart.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bareheap::x86_64 {
namespace {

/// A 16550 that needs a while for each byte.
struct FakeIo {
  static inline std::vector<std::pair<std::uint16_t, std::uint8_t>> writes;
  static inline std::string sent;
  static inline std::string waiting;
  static inline unsigned busy = 0;
  static inline bool present = true;

  static void reset() {
    writes.clear();
    sent.clear();
    waiting.clear();
    busy = 0;
    present = true;
  }

  static void write(std::uint16_t port, std::uint8_t value) noexcept {
    writes.emplace_back(port, value);
    if (port != com1::data) return;
    EXPECT_EQ(busy, 0U) << "a byte was lost";
    sent.push_back(static_cast<char>(value));
    busy = present ? 3 : 0;
  }

  static std::uint8_t read(std::uint16_t port) noexcept {
    if (!present) return 0xff;
    if (port == com1::data) {
      const char byte = waiting.front();
      waiting.erase(0, 1);
      return static_cast<std::uint8_t>(byte);
    }
    busy -= busy != 0;
    const unsigned ready = busy == 0 ? com1::status_room | com1::status_idle : 0;
    return static_cast<std::uint8_t>(ready | (waiting.empty() ? 0U : com1::status_received));
  }
};

using Line = Uart<FakeIo>;

class UartTest : public testing::Test {
 protected:
  void SetUp() override { FakeIo::reset(); }
};

TEST_F(UartTest, Is_configured_for_115200_baud) {
  Line::configure();
  EXPECT_EQ(FakeIo::writes,
            (std::vector<std::pair<std::uint16_t, std::uint8_t>>{
                {0x3f9, 0}, {0x3fb, 0x80}, {0x3f8, 1}, {0x3f9, 0}, {0x3fb, 0x03}, {0x3fa, 0x07}, {0x3fc, 0x03}}));
}

TEST_F(UartTest, Waits_for_room) {
  Line::write("Hello", 5);
  Line::flush();
  EXPECT_EQ(FakeIo::sent, "Hello");
  EXPECT_EQ(FakeIo::busy, 0U);
}

TEST_F(UartTest, Reads_what_came) {
  EXPECT_EQ(Line::read(), -1);
  FakeIo::waiting = "a\xff";
  EXPECT_EQ(Line::read(), 'a');
  EXPECT_EQ(Line::read(), 0xff);
  EXPECT_EQ(Line::read(), -1);
}

TEST_F(UartTest, Without_a_device_nothing_hangs_and_nothing_comes) {
  FakeIo::present = false;
  Line::write("Hello", 5);
  Line::flush();
  EXPECT_EQ(Line::read(), -1);
}

}  // namespace
}  // namespace bareheap::x86_64
