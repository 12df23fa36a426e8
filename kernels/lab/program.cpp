// SPDX-License-Identifier: MIT
// The program's heap, and what happens when it has no room.
#include "heap.hpp"
#include "kernels/lab/log.hpp"
#include "kernels/lab/memory.hpp"

#include "bareheap/core/statistics.hpp"
#include "ports/common/interrupts_masked.hpp"

constinit ProgramHeap program_heap;
#include "bareheap/bindings/operator_new.hpp"

namespace bareheap {

OutOfMemory program_out_of_memory(Layout asked) noexcept {
  // The timer's handler allocates too, and may have interrupted whoever grows the heap.
  const port::InterruptsMasked masked;
  if (lab::grow_program_heap(asked)) return OutOfMemory::try_again;
  const Statistics figures = statistics_of(program_heap);
  lab::say("out of memory: no ", asked.size(), " bytes aligned to ", asked.alignment(), ": ", figures.used_bytes,
           " used, ", figures.free_bytes, " free, the largest free block ", figures.largest_free, ", holes ",
           figures.holes);
  return OutOfMemory::give_up;
}

}  // namespace bareheap
