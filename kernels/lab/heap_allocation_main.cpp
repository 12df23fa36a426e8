// SPDX-License-Identifier: MIT
// The lab's tests as a kernel of their own (S2-19), with nothing in it but what they need.
#include "kernels/lab/heap_allocation.hpp"

#include "heap.hpp"
#include "kernels/lab/memory.hpp"
#include "ports/common/port.hpp"

extern "C" void kernel_main() noexcept {
  using namespace bareheap;
  lab::Mapper tables = lab::mapper();
  const bool ready = lab::start_memory() && x86_64::init_heap(tables, lab::frames(), program_heap,
                                                              x86_64::heap_window()) == x86_64::MappingFault::none;
  port::exit(ready && lab::test_heap_allocation(x86_64::heap_size) ? 0 : 1);
}
