// SPDX-License-Identifier: MIT
// What a person sees: ten lines a second, while everything happens.
#pragma once

#include "kernels/processes/process.hpp"

#include <cstdint>

namespace bareheap::processes {

/// What the show looks at, set before it starts, and what it saw.
struct Stage {
  const ProcessTable* table = nullptr;
  std::uint32_t cpus = 0;
  std::size_t memory = 0;  ///< bytes of the heap
  std::size_t most_holes = 0;
  std::size_t most_used = 0;  ///< bytes
};
extern Stage stage;

/// Explains the lines to come.
void announce() noexcept;

/// A process: draws a line each tenth of a second, starts those who ask for too much, calls the end after five seconds,
/// and ends when the others have.
void show(Process& self) noexcept;

}  // namespace bareheap::processes
