// SPDX-License-Identifier: MIT
#include "runtime/runtime.hpp"

namespace bareheap::runtime {

std::uint32_t thread_of_control() noexcept {
  // Intel SDM volume 2, CPUID, leaf 1: EBX bits 31 to 24 are the initial APIC ID, another one for each CPU up to 255.
  std::uint32_t leaf = 1;
  std::uint32_t identity;
  asm volatile("cpuid" : "+a"(leaf), "=b"(identity) : : "ecx", "edx");
  return (identity >> 24) + 1;
}

}  // namespace bareheap::runtime
