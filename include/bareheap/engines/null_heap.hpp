// SPDX-License-Identifier: MIT
//
// NullHeap: refuses everything.
//
//     (no region, no blocks, no state)
//
// For:      the first chapter, and tests of what a program does when no memory is left.
// Not for:  anything that wants memory.
// Cost:     every call is a few instructions.
// Overhead: none; the object is empty.
// Invariants: none.
#pragma once

#include "bareheap/core/allocator.hpp"

namespace bareheap {

class NullHeap {
 public:
  /// Takes nothing of the region and says so; it is here so that a program can put this engine in place of another.
  Admission init(Region region) noexcept { return {.fault = Fault::takes_no_region, .lost = region.size}; }

  /// Always an empty block.
  Block allocate(Layout) noexcept { return {}; }

  /// A null pointer does nothing; anything else was never lent.
  void deallocate(std::byte* at, Layout) noexcept {
    if (at != nullptr) panic({.fault = Fault::never_lent, .address = at, .caller = caller_here()});
  }

  bool resize(std::byte*, Layout, std::size_t) noexcept { return false; }
  bool owns(const void*) const noexcept { return false; }
  void walk(ExtentSink) const noexcept {}
  [[nodiscard]] Fault check() const noexcept { return Fault::none; }
  const std::byte* walk_step(const std::byte*, std::size_t, ExtentSink) const noexcept { return nullptr; }
  [[nodiscard]] CheckStep check_step(const std::byte*, std::size_t) const noexcept { return {}; }
};

static_assert(Stepwise<NullHeap>);

}  // namespace bareheap
