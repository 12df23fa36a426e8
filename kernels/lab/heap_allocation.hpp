// SPDX-License-Identifier: MIT
// The lab's three integration tests (S2-14 to S2-16, S2-19).
#pragma once

#include <cstddef>

namespace bareheap::lab {

/// Runs the three tests, each with its line. The last one takes and frees as many boxes as the heap has bytes.
bool test_heap_allocation(std::size_t heap_size);

}  // namespace bareheap::lab
