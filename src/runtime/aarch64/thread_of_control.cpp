// SPDX-License-Identifier: MIT
#include "runtime/runtime.hpp"

namespace bareheap::runtime {

std::uint32_t thread_of_control() noexcept {
  std::uint64_t affinity;
  asm("mrs %0, mpidr_el1" : "=r"(affinity));
  // Arm ARM, MPIDR_EL1: Aff3 is bits 39 to 32, Aff2 to Aff0 are bits 23 to 0; each CPU has another combination. Seven
  // bits of Aff3 are kept, so that adding 1 cannot wrap to 0.
  return static_cast<std::uint32_t>((affinity >> 32 & 0x7f) << 24 | (affinity & 0xffffff)) + 1;
}

}  // namespace bareheap::runtime
