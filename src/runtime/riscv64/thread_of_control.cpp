// SPDX-License-Identifier: MIT
#include "runtime/runtime.hpp"

namespace bareheap::runtime {

std::uint32_t thread_of_control() noexcept {
  // mhartid can be read in M-mode only. No compiled code changes tp (RISC-V psABI: the thread pointer), so it is as the
  // port has set it: kernels keep the number of the hart there, or a pointer to its data. A port that leaves it 0 on
  // every hart gets the answer "cannot be told"; one that keeps plain hart numbers gets it for hart 0 alone.
  std::uint64_t pointer;
  asm("mv %0, tp" : "=r"(pointer));
  return static_cast<std::uint32_t>(pointer ^ pointer >> 32);
}

}  // namespace bareheap::runtime
