// SPDX-License-Identifier: MIT
// What single keys on the serial line do to the heap.
#pragma once

#include "kernels/homer/screen.hpp"

namespace bareheap::homer {

/// Echoes what comes over the serial line and does what the keys say, until it is told to quit.
void serve_keys(Screen& screen) noexcept;

}  // namespace bareheap::homer
