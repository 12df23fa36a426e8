// SPDX-License-Identifier: MIT
// The space of I/O ports, beside that of memory (Intel SDM volume 1, chapter 19).
#pragma once

#include <cstdint>

namespace bareheap::x86_64 {

/// What the drivers of this port ask of the machine; the tests have a fake.
struct Io {
  static void write(std::uint16_t port, std::uint8_t value) noexcept {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
  }

  static std::uint8_t read(std::uint16_t port) noexcept {
    std::uint8_t value = 0;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
  }

  static void write_32_bits(std::uint16_t port, std::uint32_t value) noexcept {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
  }
};

}  // namespace bareheap::x86_64
