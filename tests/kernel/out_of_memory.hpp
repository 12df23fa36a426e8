// SPDX-License-Identifier: MIT
// Out of memory at every request in turn, on the board.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::kernel_test {

/// Runs pieces of code on a heap of their own in `scratch` with their requests refused, each in turn, until none is
/// refused any more: one that answers "no room", and containers, which live on the out-of-memory handler's help. After
/// each run the heap must be whole and pristine. The program's out-of-memory handler is this file's; outside of the
/// sweep it gives up.
void sweep_out_of_memory(Region scratch);

}  // namespace bareheap::kernel_test
