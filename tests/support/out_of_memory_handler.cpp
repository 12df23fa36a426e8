// SPDX-License-Identifier: MIT
#include "support/out_of_memory_handler.hpp"

bareheap::OutOfMemory bareheap::program_out_of_memory(Layout asked) noexcept {
  return test::out_of_memory_handler ? test::out_of_memory_handler(asked) : OutOfMemory::give_up;
}
