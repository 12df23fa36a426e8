// SPDX-License-Identifier: MIT
// What the firmware does for S-mode (RISC-V Supervisor Binary Interface 2.0). monitor.S answers the same calls, but
// shut_down(), where there is no firmware.
#pragma once

#include <cstdint>

namespace bareheap::riscv64::sbi {

/// Makes a call; 0 or a negative error (SBI 2.0, chapter 3: all registers but a0 and a1 are preserved).
inline std::int64_t call(std::uint64_t extension, std::uint64_t function, std::uint64_t first, std::uint64_t second = 0,
                         std::uint64_t third = 0, std::uint64_t fourth = 0) noexcept {
  register std::uint64_t a0 asm("a0") = first;
  register std::uint64_t a1 asm("a1") = second;
  register std::uint64_t a2 asm("a2") = third;
  register std::uint64_t a3 asm("a3") = fourth;
  register std::uint64_t a6 asm("a6") = function;
  register std::uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
  return static_cast<std::int64_t>(a0);
}

/// The timer interrupt comes when the clock has reached `time`; none is pending until then (chapter 6).
[[nodiscard]] inline bool set_timer(std::uint64_t time) noexcept { return call(0x54494d45, 0, time) == 0; }

/// The software interrupt of S-mode comes to the hart (chapter 7).
[[nodiscard]] inline bool interrupt_hart(std::uint64_t hart) noexcept { return call(0x735049, 0, 1, hart) == 0; }

/// The hart begins in S-mode at `address`, MMU off, with its number in a0 and `opaque` in a1 (chapter 9).
[[nodiscard]] inline bool start_hart(std::uint64_t hart, std::uint64_t address, std::uint64_t opaque) noexcept {
  return call(0x48534d, 0, hart, address, opaque) == 0;
}

/// The hart forgets what it knows of page tables; complete when the call returns (chapter 8).
[[nodiscard]] inline bool fence_hart(std::uint64_t hart) noexcept {
  return call(0x52464e43, 1, 1, hart, 0, ~std::uint64_t{0}) == 0;
}

/// Turns the machine off; returns where that is not possible (chapter 10).
inline void shut_down(bool in_order) noexcept { static_cast<void>(call(0x53525354, 0, 0, in_order ? 0 : 1)); }

}  // namespace bareheap::riscv64::sbi
