// SPDX-License-Identifier: MIT
// S2-11 as a demonstration: coroutines that the timer wakes.
#pragma once

namespace bareheap::lab {

bool show_threads();

}  // namespace bareheap::lab
