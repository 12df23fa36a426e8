// SPDX-License-Identifier: MIT
// The picture of a heap: its regions as tiles. Checks, statistics, maps and tools all stand on it.
#pragma once

#include "bareheap/core/bits.hpp"
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

/// Picks what one step of a walk shows from the tiles that it is told of, lowest first: those that end above `from`,
/// the first of them cut to begin there, and no more than `count`, which is one at least.
class TileStep {
 public:
  TileStep(const std::byte* from, std::size_t count, ExtentSink sink) noexcept
      : next_(from), left_(count), sink_(sink) {}

  /// False: there is a tile more than may be shown, and the step is at its end. A tile of no bytes is passed over.
  bool show(const std::byte* at, std::size_t size, ExtentKind kind) noexcept {
    const std::size_t skipped = below(at);
    if (skipped >= size) return true;
    more_ = left_ == 0;
    if (more_) return false;
    --left_;
    next_ = at + size;
    sink_({at + skipped, size - skipped, kind});
    return true;
  }

  /// Bytes from `at` up to the address where the next tile may begin; 0 where `at` is not below it.
  std::size_t below(const std::byte* at) const noexcept {
    return address_of(at) < address_of(next_) ? address_of(next_) - address_of(at) : 0;
  }

  /// Where the next step goes on; null where show() was never false: every tile was shown.
  const std::byte* next() const noexcept { return more_ ? next_ : nullptr; }

 private:
  const std::byte* next_;
  std::size_t left_;
  ExtentSink sink_;
  bool more_ = false;
};

}  // namespace bareheap
