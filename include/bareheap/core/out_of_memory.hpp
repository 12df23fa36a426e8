// SPDX-License-Identifier: MIT
// What happens when the language leaves no way to answer "no room": plain operator new must not return null.
#pragma once

#include "bareheap/core/layout.hpp"

#include <cstdint>

namespace bareheap {

enum class OutOfMemory : std::uint8_t {
  give_up,    ///< nothing more can be done: the program stops with Fault::out_of_memory and the layout
  try_again,  ///< memory was added or freed: the same request is tried once more
};

/// Called by plain operator new with the layout that found no room. A program may define it, for instance to add a
/// region or to free a reserve; it may answer try_again as often as it can help. The library's own gives up at once.
/// It may allocate; if that fails too, by plain operator new, the program stops with Fault::out_of_memory_again.
/// The nothrow forms of new never call it.
OutOfMemory program_out_of_memory(Layout asked) noexcept;

}  // namespace bareheap
