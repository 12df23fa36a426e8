// SPDX-License-Identifier: MIT
// The serial line: the PL011 on pins 14 and 15, 115200 baud, 8 bits, no parity, one stop bit.
#pragma once

#include "bareheap/core/platform.hpp"
#include "ports/raspi3b/gpio.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::raspi3b {

/// What the firmware leaves the PL011's clock at unless config.txt says otherwise (Raspberry Pi documentation,
/// "config.txt", init_uart_clock), and what the kernel may ask it to be instead (clock.hpp).
inline constexpr std::uint32_t firmware_uart_clock = 48'000'000;
inline constexpr std::uint32_t story_uart_clock = 4'000'000;

/// How often the clock ticks in one bit, 16 times over, in 64ths: the two divisor registers in one number (PL011 TRM,
/// section 3.3.6). Rounded to the nearest; 0.03 % off at most for the two clocks above.
constexpr std::uint32_t baud_divisor(std::uint32_t clock) noexcept {
  constexpr std::uint32_t baud = 115'200;
  return static_cast<std::uint32_t>((std::uint64_t{clock} * 64 / 16 + baud / 2) / baud);
}

/// All state is in the device. QEMU's PL011 works without any configuration and ignores the divisors; a board's does
/// not.
template <bareheap::Platform P>
class Uart {
 public:
  /// Makes the line ready for a PL011 clock of `clock` Hz. It may be called again when the clock has changed. On a
  /// board with Bluetooth the firmware connects the PL011 to that; here it is taken to the header's pins.
  static void configure(std::uint32_t clock) noexcept {
    P::barrier();
    P::write_register(pl011::control, 0);
    P::barrier();
    select_function<P>(14, PinFunction::alternative_0);
    select_function<P>(15, PinFunction::alternative_0);
    remove_pulls<P>(1U << 14 | 1U << 15);
    P::barrier();
    P::write_register(pl011::line_control, 0);
    P::write_register(pl011::interrupt_mask, 0);
    P::write_register(pl011::interrupt_clear, 0x7ff);
    // The divisors take effect with the next write to the line control register (PL011 TRM, section 3.3.7).
    P::write_register(pl011::integer_divisor, baud_divisor(clock) / 64);
    P::write_register(pl011::fraction_divisor, baud_divisor(clock) % 64);
    P::write_register(pl011::line_control, pl011::line_8_bits_with_queues);
    P::write_register(pl011::control, pl011::control_enabled_both_ways);
    P::barrier();
  }

  /// The barriers are for a caller that used another device before, or will after: two devices may answer out of order
  /// (BCM2835 ARM Peripherals, section 1.3).
  static void write(const char* characters, std::size_t size) noexcept {
    P::barrier();
    for (std::size_t i = 0; i < size; ++i) {
      while ((P::read_register(pl011::flags) & pl011::flag_transmitter_full) != 0) {
      }
      P::write_register(pl011::data, static_cast<unsigned char>(characters[i]));
    }
    P::barrier();
  }

  /// The next byte, or -1 when none waits. The bits above the byte tell of errors on the line, which nobody asks for.
  static int read() noexcept {
    P::barrier();
    const bool empty = (P::read_register(pl011::flags) & pl011::flag_receiver_empty) != 0;
    const int byte = empty ? -1 : static_cast<int>(P::read_register(pl011::data) & 0xff);
    P::barrier();
    return byte;
  }

  /// Waits until the last bit of what was written is on the line.
  static void flush() noexcept {
    P::barrier();
    while ((P::read_register(pl011::flags) & pl011::flag_busy) != 0) {
    }
    P::barrier();
  }
};

}  // namespace bareheap::raspi3b
