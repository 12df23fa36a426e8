// SPDX-License-Identifier: MIT
// Memory at the end of all addresses, on the boards whose page tables reach it. Each architecture's file defines it.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::kernel_test {

/// Maps the pages of `memory`, to read and write, once more, so that its last byte is the last one there is. The tables
/// come from the program's heap. False where there is no room for them.
[[nodiscard]] bool map_at_the_end(Region memory) noexcept;

}  // namespace bareheap::kernel_test
