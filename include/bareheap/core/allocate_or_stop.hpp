// SPDX-License-Identifier: MIT
// For interfaces that leave no way to answer "no room": the program's out-of-memory handler is asked
// (out_of_memory.hpp), and where it gives up, the program stops. Every binding goes this way.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/out_of_memory.hpp"

namespace bareheap {

/// One for the program. A request made by the handler itself must not ask the handler again.
inline constinit bool out_of_memory_handler_at_work = false;

/// Asks the handler and then `attempt`, over and over, until there is a block or the handler gives up.
[[gnu::cold, gnu::noinline]] inline Block retry_or_stop(Layout asked, FunctionRef<Block()> attempt,
                                                        const void* caller) noexcept {
  if (out_of_memory_handler_at_work) {
    panic({Fault::out_of_memory_again, nullptr, caller, asked.size(), asked.alignment()});
  }
  while (true) {
    out_of_memory_handler_at_work = true;
    const OutOfMemory answer = program_out_of_memory(asked);
    out_of_memory_handler_at_work = false;
    if (answer == OutOfMemory::give_up) {
      panic({Fault::out_of_memory, nullptr, caller, asked.size(), asked.alignment()});
    }
    if (const Block block = attempt()) return block;
  }
}

/// allocate() that never answers with an empty block.
template <Allocator Heap>
[[gnu::always_inline]] inline Block allocate_or_stop(Heap& heap, Layout asked) noexcept {
  const Block block = heap.allocate(asked);
  if (block) [[likely]] return block;
  return retry_or_stop(asked, [&]() noexcept { return heap.allocate(asked); }, caller_here());
}

}  // namespace bareheap
