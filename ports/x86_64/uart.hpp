// SPDX-License-Identifier: MIT
// The serial line: the 16550 at COM1, 115200 baud, 8 bits, no parity, one stop bit. A machine without one swallows what
// is written: what nobody answers reads as all ones, so that there is room always.
#pragma once

#include "ports/x86_64/machine.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::x86_64 {

/// All state is in the device. `I` is Io or a fake of it.
template <class I>
class Uart {
 public:
  static void configure() noexcept {
    I::write(com1::interrupt_enable, 0);
    // The divisor, 1 for 115200 baud from 1.8432 MHz, lies behind the data register while it is shown (PC16550D data
    // sheet, section 8.3).
    I::write(com1::line_control, com1::divisor_shown);
    I::write(com1::data, 1);
    I::write(com1::interrupt_enable, 0);
    I::write(com1::line_control, com1::line_8_bits);
    I::write(com1::queue_control, com1::queues_on_and_empty);
    I::write(com1::modem_control, com1::ready_both_ways);
  }

  static void write(const char* characters, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      wait_for(com1::status_room);
      I::write(com1::data, static_cast<std::uint8_t>(characters[i]));
    }
  }

  /// The next byte, or -1 when none waits. Without a device there is none, though all bits of its status are set.
  static int read() noexcept {
    const std::uint8_t status = I::read(com1::line_status);
    return (status & com1::status_received) == 0 || status == 0xff ? -1 : I::read(com1::data);
  }

  /// Waits until the last bit of what was written is on the line.
  static void flush() noexcept { wait_for(com1::status_idle); }

 private:
  static void wait_for(std::uint8_t status) noexcept {
    while ((I::read(com1::line_status) & status) == 0) {
    }
  }
};

}  // namespace bareheap::x86_64
