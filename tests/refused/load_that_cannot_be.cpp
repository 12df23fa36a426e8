// SPDX-License-Identifier: MIT
// expects: the_largest_block_is_larger_than_all_together
#include "bareheap/engines/real_time_heap.hpp"

constexpr std::size_t region = bareheap::RealTimeHeap::bytes_needed({.bytes = 8, .largest = 9});
