// SPDX-License-Identifier: MIT
// The serial line: a 16550 whose rate the firmware has set; in QEMU there is none to set. 8 bits, no parity.
#pragma once

#include "ports/riscv64/machine.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::riscv64 {

class Uart {
 public:
  explicit constexpr Uart(std::uintptr_t base) noexcept : base_(base) {}

  constexpr std::uintptr_t base() const noexcept { return base_; }

  void configure() const noexcept {
    put(uart_16550::interrupt_enable, 0);
    put(uart_16550::queue_control, uart_16550::queue_on);
    put(uart_16550::line_control, uart_16550::line_8_bits);
  }

  void write(const char* characters, std::size_t size) const noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      wait_for(uart_16550::status_transmitter_ready);
      put(uart_16550::data, static_cast<std::uint8_t>(characters[i]));
    }
  }

  /// The next byte, or -1 when none waits.
  int read() const noexcept {
    return (get(uart_16550::line_status) & uart_16550::status_received) == 0 ? -1 : get(uart_16550::data);
  }

  /// Waits until the last bit of what was written is on the line.
  void flush() const noexcept { wait_for(uart_16550::status_transmitter_empty); }

 private:
  void wait_for(std::uint8_t status) const noexcept {
    while ((get(uart_16550::line_status) & status) == 0) {
    }
  }

  void put(std::uintptr_t at, std::uint8_t value) const noexcept {
    *reinterpret_cast<volatile std::uint8_t*>(base_ + at) = value;
  }

  std::uint8_t get(std::uintptr_t at) const noexcept {
    return *reinterpret_cast<const volatile std::uint8_t*>(base_ + at);
  }

  std::uintptr_t base_;
};

}  // namespace bareheap::riscv64
