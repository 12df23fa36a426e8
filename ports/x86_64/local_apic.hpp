// SPDX-License-Identifier: MIT
// The local APIC: the part of each CPU that interrupts come through, at the same address on each (Intel SDM volume 3,
// chapter 10).
#pragma once

#include "ports/x86_64/vectors.hpp"

#include <cstdint>

namespace bareheap::x86_64 {

/// Where its registers are; ends the kernel with a sentence where the processor has none that this port can use.
std::uintptr_t local_apic_address() noexcept;

/// Registers of the local APIC (Intel SDM volume 3, table 10-1).
enum class Apic : std::uint32_t {
  end_of_interrupt = 0xb0,
  spurious = 0xf0,
  requests = 0x200,  ///< one bit for each vector, 32 in each register, 16 bytes apart
  command = 0x300,
  command_target = 0x310,
  timer = 0x320,
  timer_initial = 0x380,
  timer_current = 0x390,
  timer_divisor = 0x3e0,
};

/// The registers of the CPU that runs this. find() first, once; then each CPU has to switch on its own.
class LocalApic {
 public:
  static void find() noexcept { base_ = local_apic_address(); }

  static std::uint32_t read(Apic index) noexcept { return *at(index, 0); }
  static void write(Apic index, std::uint32_t value) noexcept { *at(index, 0) = value; }

  /// Its timer counts down with the APIC's own clock, undivided, and is masked.
  static void switch_on() noexcept {
    constexpr std::uint32_t enabled = 1U << 8;
    constexpr std::uint32_t undivided = 0b1011;
    write(Apic::spurious, enabled | spurious_vector);
    write(Apic::timer_divisor, undivided);
    write(Apic::timer, timer_masked);
  }

  static bool is_requested(std::uint32_t vector) noexcept {
    return (*at(Apic::requests, vector / 32 * 16) >> vector % 32 & 1) != 0;
  }

  /// Sends a message to another CPU when the one before it has left. What does not leave within a million reads never
  /// will.
  static void command(std::uint32_t identity, std::uint32_t message) noexcept {
    constexpr std::uint32_t on_its_way = 1U << 12;
    for (std::uint32_t i = 0; i < 1'000'000 && (read(Apic::command) & on_its_way) != 0; ++i) {
    }
    write(Apic::command_target, identity << 24);
    write(Apic::command, message);
  }

  static constexpr std::uint32_t timer_masked = 1U << 16;
  static constexpr std::uint32_t timer_repeats = 1U << 17;

 private:
  static volatile std::uint32_t* at(Apic index, std::uint32_t offset) noexcept {
    return reinterpret_cast<volatile std::uint32_t*>(base_ + static_cast<std::uint32_t>(index) + offset);
  }

  static inline constinit std::uintptr_t base_ = 0;
};

}  // namespace bareheap::x86_64
