// SPDX-License-Identifier: MIT
// The counter of instructions that the processor has (RISC-V unprivileged specification, Zicntr). OpenSBI lets S-mode
// read it.
#pragma once

#include <cstdint>

namespace bareheap::bench {

inline void start_counter() noexcept {}

inline std::uint64_t counter() noexcept {
  std::uint64_t value;
  asm volatile("rdinstret %0" : "=r"(value) : : "memory");
  return value;
}

}  // namespace bareheap::bench
