// SPDX-License-Identifier: MIT
// The port keeps the CPU's own state behind tp: whoever sets it sets it back before anything of the port is called.
#pragma once

#include <cstddef>

namespace bareheap::bench {

inline std::byte* thread_pointer() noexcept {
  std::byte* value;
  asm volatile("mv %0, tp" : "=r"(value));
  return value;
}

inline void set_thread_pointer(std::byte* value) noexcept { asm volatile("mv tp, %0" : : "r"(value) : "memory"); }

}  // namespace bareheap::bench
