// SPDX-License-Identifier: MIT
// Freed blocks that are poisoned and kept for a while, so that a write after the free shows.
//
//     [ oldest | ... | newest ]            the oldest leaves when another comes in, and is verified then
#pragma once

#include "bareheap/core/extent.hpp"
#include "bareheap/core/fill.hpp"
#include "bareheap/core/layout.hpp"

namespace bareheap {

/// A freed block: what was lent, and the block of the heap inside. All that must be known is here, out of reach.
struct FreedBlock {
  static constexpr unsigned char poison = 0xDF;

  std::byte* at = nullptr;
  std::byte* start = nullptr;
  Layout around{0, 1};

  const std::byte* end() const noexcept { return start + around.size(); }
  bool is_poison() const noexcept { return is_filled(start, around.size(), poison); }
};

/// `Queue` is a Ring of FreedBlock. Every call but push(), pop() and full() takes a step for each block.
template <class Queue>
class Quarantine {
 public:
  constexpr Quarantine() noexcept = default;

  bool empty() const noexcept { return blocks_.size() == 0; }
  bool full() const noexcept { return blocks_.full(); }

  /// It must not be full.
  void push(const FreedBlock& block) noexcept { blocks_.push(block); }

  /// The oldest block, which leaves; it must not be empty.
  FreedBlock pop() noexcept { return blocks_.pop(); }

  /// True where what was lent at this address is in it.
  bool has(const std::byte* at) const noexcept {
    for (std::size_t index = 0; index != blocks_.size(); ++index) {
      if (blocks_[index].at == at) return true;
    }
    return false;
  }

  /// True where each block that `is_meant(at)` is all poison.
  template <class IsMeant>
  bool holds(IsMeant is_meant) const noexcept {
    for (std::size_t index = 0; index != blocks_.size(); ++index) {
      if (is_meant(blocks_[index].at) && !blocks_[index].is_poison()) return false;
    }
    return true;
  }

  /// The lowest part of [at, end) that is in it; empty, at `end`, where there is none.
  Extent next_in(const std::byte* at, const std::byte* end) const noexcept {
    Extent next{end, 0, ExtentKind::cached};
    for (std::size_t index = 0; index != blocks_.size(); ++index) {
      const FreedBlock& block = blocks_[index];
      const std::byte* const first = address_of(block.start) < address_of(at) ? at : block.start;
      if (address_of(block.end()) <= address_of(at) || address_of(first) >= address_of(next.at)) continue;
      const std::byte* const last = address_of(block.end()) < address_of(end) ? block.end() : end;
      next = {first, static_cast<std::size_t>(last - first), ExtentKind::cached};
    }
    return next;
  }

 private:
  Queue blocks_;
};

}  // namespace bareheap
