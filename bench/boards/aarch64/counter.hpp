// SPDX-License-Identifier: MIT
// The cycle counter of the processor. Under QEMU's -icount shift=0 it counts instructions: each takes a nanosecond of
// the machine's time, and the counter runs at 1 GHz. (The generic timer runs at 62.5 MHz and would miss 15 of 16.)
#pragma once

#include <cstdint>

namespace bareheap::bench {

/// Lets it run, undivided and 64 bits wide, at EL1 too (Arm ARM, DDI 0487I.a, D17.5.8 PMCR_EL0, D17.5.2 PMCCFILTR_EL0).
inline void start_counter() noexcept {
  constexpr std::uint64_t enable = 1 << 0;
  constexpr std::uint64_t reset_cycles = 1 << 2;
  constexpr std::uint64_t long_cycles = 1 << 6;
  constexpr std::uint64_t cycle_counter = std::uint64_t{1} << 31;
  asm volatile("msr pmccfiltr_el0, xzr");
  asm volatile("msr pmcntenset_el0, %0" : : "r"(cycle_counter));
  asm volatile("msr pmcr_el0, %0\nisb" : : "r"(enable | reset_cycles | long_cycles));
}

inline std::uint64_t counter() noexcept {
  std::uint64_t value;
  asm volatile("mrs %0, pmccntr_el0" : "=r"(value) : : "memory");
  return value;
}

}  // namespace bareheap::bench
