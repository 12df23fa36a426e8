// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bareheap::bench {

inline std::byte* thread_pointer() noexcept {
  std::byte* value;
  asm volatile("mrs %0, tpidr_el0" : "=r"(value));
  return value;
}

inline void set_thread_pointer(std::byte* value) noexcept {
  asm volatile("msr tpidr_el0, %0" : : "r"(value) : "memory");
}

}  // namespace bareheap::bench
