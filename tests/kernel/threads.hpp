// SPDX-License-Identifier: MIT
// Threads that allocate, under a scheduler that allocates at each switch.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::kernel_test {

/// S2-04, third story: 64 threads use a heap in `scratch`, whose lock masks interrupts. The timer's handler is a
/// scheduler whose run queue has its nodes in the same heap. Stacks come from the program's heap.
void expect_scheduler_may_allocate(Region scratch) noexcept;

}  // namespace bareheap::kernel_test
