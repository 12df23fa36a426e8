// SPDX-License-Identifier: MIT
// The picture of a heap: its regions as tiles. Checks, statistics, maps and tools all stand on it.
#pragma once

#include "bareheap/core/function_ref.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap {

enum class ExtentKind : std::uint8_t {
  free,    ///< can be lent
  used,    ///< lent, or lost to rounding and padding beside what is lent
  meta,    ///< the heap's own state
  cached,  ///< free, but held in a stock for one size
};

/// One tile: `size` bytes from `at`, all of one kind.
struct Extent {
  const std::byte* at = nullptr;
  std::size_t size = 0;
  ExtentKind kind = ExtentKind::free;

  const std::byte* end() const noexcept { return at + size; }

  friend bool operator==(const Extent&, const Extent&) noexcept = default;
};

/// Takes the tiles of a walk one after another. It must neither allocate from nor free to the heap that is walked.
using ExtentSink = FunctionRef<void(const Extent& extent)>;

}  // namespace bareheap
