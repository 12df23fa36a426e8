// SPDX-License-Identifier: MIT
// The lab: the second story. A PC gets a heap at addresses where no memory is, by mapping pages there, and then
// everything that C++ keeps on a heap works in the kernel: boxes, collections, coroutines that the timer wakes.
#include "kernels/lab/boxes.hpp"
#include "kernels/lab/collections.hpp"
#include "kernels/lab/heap_allocation.hpp"
#include "kernels/lab/log.hpp"
#include "kernels/lab/mapping.hpp"
#include "kernels/lab/memory.hpp"
#include "kernels/lab/threads.hpp"

#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "ports/common/port.hpp"

namespace {

using namespace bareheap;
using lab::say;

bool test() {
  say("The lab's tests:");
  return lab::test_heap_allocation(x86_64::heap_size);
}

template <Allocator Heap>
Statistics figures_in_the_end(Heap& heap) {
  if constexpr (Stocked<Heap>) heap.trim();
  return statistics_of(heap);
}

bool look_back() {
  const Statistics figures = figures_in_the_end(program_heap);
  say("In the end:");
  const bool right = lab::show("the heap", figures.used_bytes == 0 && program_heap.check() == Fault::none,
                               figures.used_bytes, " bytes used, ", figures.free_bytes, " free, holes ", figures.holes,
                               "; it has grown by ", lab::grown_bytes());
  return lab::show("boot stack", true, port::boot_stack_used(), " of ", port::boot_stack_size(), " bytes used") &&
         right;
}

}  // namespace

extern "C" void kernel_main() noexcept {
  say("lab: a heap where no memory was");
  bool right = lab::show_no_heap();
  if (!lab::start_memory()) {
    say("no heap: the board has no memory to spare");
    port::exit(1);
  }
  for (bool (*const demonstrate)() : {lab::show_mapping, lab::show_boxes, lab::show_collections, lab::show_threads,
                                      lab::show_growing, test, look_back}) {
    right = demonstrate() && right;
  }
  say("lab: bye");
  port::exit(right ? 0 : 1);
}
