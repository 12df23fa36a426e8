// SPDX-License-Identifier: MIT
// The memory under the heap: page frames of the PC's RAM, and the page tables that say where they are seen.
#pragma once

#include "ports/x86_64/frames.hpp"
#include "ports/x86_64/mapped_heap.hpp"
#include "ports/x86_64/mmu.hpp"

#include <cstddef>

namespace bareheap::lab {

using Mapper = x86_64::Mapper<x86_64::PageHeapFrames, x86_64::Translations>;

/// Gives all RAM that nobody uses to the frames. False where there is none.
[[nodiscard]] bool start_memory() noexcept;

x86_64::PageHeapFrames& frames() noexcept;

/// Of this CPU's page tables.
Mapper mapper() noexcept;

std::size_t free_frames() noexcept;

/// Maps further pages behind those of the program's heap and adds them to it, so that `asked` finds room. False where
/// its engine takes no more, or no frame is left.
[[nodiscard]] bool grow_program_heap(Layout asked) noexcept;

/// Bytes that grow_program_heap() has added.
std::size_t grown_bytes() noexcept;

}  // namespace bareheap::lab
