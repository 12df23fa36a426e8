// SPDX-License-Identifier: MIT
// Stacks from the heap, each with a page below it that nobody may touch: who outgrows a stack is told so.
#pragma once

#include "bareheap/core/region.hpp"

namespace bareheap::processes {

/// Bytes of a stack. A tick takes about 1200 of them: port::frame_size(), and what the handler uses.
inline constexpr std::size_t stack_size = 8192;

/// Empty where there is no room, or no way to protect the page below it.
[[nodiscard]] Region allocate_stack() noexcept;

/// An empty one is none.
void free_stack(Region stack) noexcept;

}  // namespace bareheap::processes
