// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bareheap::x86_64 {

/// Ticks a second, in whole MHz: the measurement is good for no more.
struct ClockRates {
  std::uint64_t cycles;  ///< of the time-stamp counter
  std::uint64_t apic;    ///< of the local APIC's timer
};

inline std::uint64_t cycle_count() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return std::uint64_t{high} << 32 | low;
}

/// Holds both clocks against the old timer, whose rate is the same on every PC; takes 50 ms. Ends the kernel with a
/// sentence where that one does not count.
ClockRates measure_clocks() noexcept;

}  // namespace bareheap::x86_64
