// SPDX-License-Identifier: MIT
#include "ports/raspi3b/gpio.hpp"

#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace bareheap::raspi3b {
namespace {

static_assert(gpf_select(0, 1, PinFunction::alternative_0) == 0b100000, "S1-12");

TEST(Gpio, S1_12_function_4_for_pin_1) { EXPECT_EQ(gpf_select(0, 1, PinFunction::alternative_0), 0b100000U); }

TEST(Gpio, S1_12_only_the_bits_of_the_pin_change) {
  for (unsigned pin = 0; pin < 54; ++pin) {
    const std::uint32_t bits = 0b111U << pin % 10 * 3;
    EXPECT_EQ(gpf_select(0xffffffff, pin, PinFunction::input), ~bits) << pin;
    EXPECT_EQ(gpf_select(0, pin, PinFunction::alternative_3), bits) << pin;
    EXPECT_EQ(gpf_select(bits, pin, PinFunction::alternative_4) & bits, 0b011U << pin % 10 * 3) << pin;
  }
}

TEST(Gpio, A_pin_is_selected_in_the_register_of_its_ten) {
  FakePlatform::reset();
  FakePlatform::registers[0x3f200004] = 0b010 << 12 | 0b001 << 3;
  select_function<FakePlatform>(14, PinFunction::alternative_0);
  EXPECT_EQ(FakePlatform::registers[0x3f200004], 0b100U << 12 | 0b001U << 3);
  select_function<FakePlatform>(53, PinFunction::output);
  EXPECT_EQ(FakePlatform::registers[0x3f200014], 0b001U << 9);
}

}  // namespace
}  // namespace bareheap::raspi3b
