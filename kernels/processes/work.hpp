// SPDX-License-Identifier: MIT
// What the processes do.
#pragma once

#include "kernels/processes/process.hpp"

#include <atomic>

namespace bareheap::processes {

/// Set by one, read by all: no process is started any more, and those that live come to their end. Relaxed is enough:
/// nothing is read on the strength of it.
extern std::atomic<bool> closing;

/// Takes blocks of many sizes, fills them, reads them again and gives them back, in another order than it took them.
void pack_parcels(Process& self) noexcept;

/// Writes into a map of texts, and sleeps much.
void keep_diary(Process& self) noexcept;

/// Asks for more than there is, is refused, and says why (S3-13).
void ask_for_too_much(Process& self) noexcept;

/// Asks for as much as is free, as one block: refused where the free bytes lie in several holes.
void ask_for_all(Process& self) noexcept;

/// The first process of a CPU: starts others, takes back what is left of those that have ended, and ends as the last.
void rear_others(Process& self) noexcept;

}  // namespace bareheap::processes
