// SPDX-License-Identifier: MIT
// S2-11: threads as coroutines, with their frames in a heap.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::kernel_test {

/// Coroutines whose frames come from a heap in `scratch`: they count in turn, one that finds no room does not start,
/// and all goes back.
void expect_coroutines(Region scratch) noexcept;

}  // namespace bareheap::kernel_test
