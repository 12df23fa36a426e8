// SPDX-License-Identifier: MIT
// The time stamp counter. Under QEMU's -icount shift=0 it counts instructions: each takes a nanosecond of the machine's
// time, and the counter runs at 1 GHz.
#pragma once

#include <cstdint>

namespace bareheap::bench {

inline void start_counter() noexcept {}

inline std::uint64_t counter() noexcept {
  std::uint64_t value;
  asm volatile("rdtsc\nshl $32, %%rdx\nor %%rdx, %%rax" : "=a"(value) : : "rdx", "cc", "memory");
  return value;
}

}  // namespace bareheap::bench
