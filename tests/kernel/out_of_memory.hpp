// SPDX-License-Identifier: MIT
// Out of memory at every request in turn, on the board.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::kernel_test {

/// Runs a piece of code on a heap of its own in `scratch` with every request from the first on refused, then from the second
/// on, and so forth, until none is refused any more. After each run the heap must be whole and pristine.
void sweep_out_of_memory(Region scratch);

}  // namespace bareheap::kernel_test
