// SPDX-License-Identifier: MIT
// The threads of a program whose heap starts with its first block. A thread whose number is not known yet is asked for
// it before it takes the heap's lock for the first time: that is where the heap is started, and costs nothing later.
#pragma once

#include "ports/host/threads.hpp"

#include <cstdint>

namespace bareheap::drop_in {

/// Starts the program's heap, unless it is.
void start_program_heap() noexcept;

struct ProgramThreads : host::Threads<256> {
  static std::uint32_t cpu() noexcept {
    if (host::threads::number == host::threads::unknown) [[unlikely]] {
      host::threads::arrive();
      start_program_heap();
    }
    return host::threads::number;
  }
  static void*& place() noexcept { return host::threads::place; }
};

}  // namespace bareheap::drop_in
