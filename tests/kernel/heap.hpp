// SPDX-License-Identifier: MIT
// The heap of the test kernels, defined in start.cpp.
#pragma once

#include "bareheap/engines/granule_heap.hpp"

extern bareheap::GranuleHeap program_heap;

namespace bareheap::kernel_test {

/// Memory beside the program's heap, for heaps under test.
inline constexpr std::size_t scratch_size = std::size_t{1} << 20;

/// Gives the program's heap the linker's region and what the board reports after it, but for the scratch memory, which
/// it returns. Ends the kernel where the board has not that much.
Region start_heap() noexcept;

}  // namespace bareheap::kernel_test
