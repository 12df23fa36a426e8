// SPDX-License-Identifier: MIT
// The memory that regions are made of.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::tools::replay {

/// Memory of the host at the same address in every run, where that is free; else at a multiple of 2 MiB. So what a heap
/// makes of the addresses does not change from run to run. It costs what is written to.
class Arena {
 public:
  /// Throws UserError where the host does not have so much.
  explicit Arena(std::size_t size);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /// The first `size` bytes. Throws UserError where the arena is smaller.
  Region region(std::size_t size) const;

  /// Throws UserError where this machine has less memory.
  static void demand(std::uint64_t size);

  /// Writes to every page of the first `size` bytes, so that the host supplies them before the time is taken.
  /// Throws UserError where it has less memory.
  void warm(std::size_t size) const;

 private:
  Region mapping_;
  std::byte* start_;
};

}  // namespace bareheap::tools::replay
