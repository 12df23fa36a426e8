// SPDX-License-Identifier: MIT
// Traces made by hand, whose figures are known.
#pragma once

#include "trace.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace bareheap::tools::replay {

/// Writes down calls, and keeps the figures that a trace has of itself.
class TraceMaker {
 public:
  explicit TraceMaker(const char* program = "made by hand") { trace_.program = program; }

  TraceMaker& allocate(std::uint32_t slot, std::uint64_t size, std::size_t alignment = 16, bool zeroed = false) {
    const auto alignment_log2 = static_cast<std::uint8_t>(std::countr_zero(alignment));
    trace_.operations.push_back({size, slot, TraceCall::allocate, alignment_log2, zeroed});
    live_[slot] = {size, alignment_log2};
    return grow(size);
  }

  TraceMaker& reallocate(std::uint32_t slot, std::uint64_t size, TraceCall call = TraceCall::reallocate) {
    trace_.operations.push_back({size, slot, call, live_[slot].alignment_log2, false});
    const std::uint64_t before = std::exchange(live_[slot].size, size);
    return grow(size - before);
  }

  TraceMaker& deallocate(std::uint32_t slot) {
    trace_.operations.push_back({live_[slot].size, slot, TraceCall::deallocate, live_[slot].alignment_log2, false});
    bytes_ -= live_[slot].size;
    live_.erase(slot);
    return *this;
  }

  const Trace& trace() const { return trace_; }

 private:
  struct Live {
    std::uint64_t size = 0;
    std::uint8_t alignment_log2 = 0;
  };

  TraceMaker& grow(std::uint64_t by) {
    bytes_ += by;
    trace_.peak_bytes = std::max(trace_.peak_bytes, bytes_);
    trace_.peak_blocks = std::max<std::uint64_t>(trace_.peak_blocks, live_.size());
    trace_.slots = std::max(trace_.slots, live_.rbegin()->first + 1);
    return *this;
  }

  Trace trace_;
  std::map<std::uint32_t, Live> live_;
  std::uint64_t bytes_ = 0;
};

/// `count` blocks of `size` bytes, which live to the end.
inline Trace equal_blocks(std::uint32_t count, std::uint64_t size) {
  TraceMaker maker;
  for (std::uint32_t slot = 0; slot < count; ++slot) maker.allocate(slot, size);
  return maker.trace();
}

/// The same, and all are freed at the end.
inline Trace all_freed(std::uint32_t count, std::uint64_t size) {
  TraceMaker maker;
  for (std::uint32_t slot = 0; slot < count; ++slot) maker.allocate(slot, size);
  for (std::uint32_t slot = 0; slot < count; ++slot) maker.deallocate(slot);
  return maker.trace();
}

/// `holes` holes of 32 bytes, made by the first 3 * holes + 1 calls; then one call for more than a hole has. A list of
/// holes looks at all of them for it, and for no call before.
inline Trace holes_just_too_small(std::uint32_t holes) {
  TraceMaker maker;
  for (std::uint32_t slot = 0; slot < 2 * holes + 1; ++slot) maker.allocate(slot, 32);
  for (std::uint32_t slot = 1; slot < 2 * holes; slot += 2) maker.deallocate(2 * holes - slot);
  maker.allocate(1, 33);
  return maker.trace();
}

/// Blocks of all kinds of calls, in an order that nobody thought of; most are freed in the end.
inline Trace mixed(unsigned calls) {
  TraceMaker maker;
  constexpr std::uint32_t slots = 61;
  bool lives[slots] = {};
  std::uint32_t random = 1;
  for (unsigned call = 0; call < calls; ++call) {
    random = random * 1664525 + 1013904223;
    const std::uint32_t slot = (random >> 8) % slots;
    const std::uint64_t size = (random >> 16) % 8 == 0 ? (random >> 4) % 3000 : (random >> 20) % 150;
    if (!lives[slot]) {
      const bool aligned = random >> 28 == 0;
      maker.allocate(slot, size, aligned ? 64 : 16, !aligned && random >> 28 == 1);
    } else if (random >> 30 == 0) {
      maker.reallocate(slot, size, size % 2 == 0 ? TraceCall::reallocate : TraceCall::resize);
      continue;
    } else {
      maker.deallocate(slot);
    }
    lives[slot] = !lives[slot];
  }
  return maker.trace();
}

}  // namespace bareheap::tools::replay
