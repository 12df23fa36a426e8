// SPDX-License-Identifier: MIT
// What a pin of the Raspberry Pi is connected to (BCM2835 ARM Peripherals, section 6.1).
#pragma once

#include "bareheap/core/platform.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstdint>

namespace bareheap::raspi3b {

/// BCM2835 ARM Peripherals, table 6-2.
enum class PinFunction : std::uint32_t {
  input = 0b000,
  output = 0b001,
  alternative_0 = 0b100,
  alternative_1 = 0b101,
  alternative_2 = 0b110,
  alternative_3 = 0b111,
  alternative_4 = 0b011,
  alternative_5 = 0b010,
};

/// A function select register, which holds three bits for each of ten pins, with the bits of `pin` set to `function`.
/// `pin` counts over all registers: pin 14 is the fifth one of register 1.
constexpr std::uint32_t gpf_select(std::uint32_t flags, unsigned pin, PinFunction function) noexcept {
  const unsigned shift = pin % 10 * 3;
  return (flags & ~(0b111U << shift)) | static_cast<std::uint32_t>(function) << shift;
}

/// Connects one pin.
template <bareheap::Platform P>
void select_function(unsigned pin, PinFunction function) noexcept {
  const std::uintptr_t address = gpio::function_select + pin / 10 * 4;
  P::write_register(address, gpf_select(P::read_register(address), pin, function));
}

/// Takes the pull-up and pull-down resistors off every pin below 32 in `pins`. The manual wants 150 cycles between the
/// steps (GPPUDCLKn in section 6.1); that many reads of a device register take longer.
template <bareheap::Platform P>
void remove_pulls(std::uint32_t pins) noexcept {
  const auto wait = []() noexcept {
    for (int i = 0; i < 150; ++i) static_cast<void>(P::read_register(gpio::pull));
  };
  P::write_register(gpio::pull, 0);
  wait();
  P::write_register(gpio::pull_clock, pins);
  wait();
  P::write_register(gpio::pull_clock, 0);
}

}  // namespace bareheap::raspi3b
