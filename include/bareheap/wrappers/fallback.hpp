// SPDX-License-Identifier: MIT
//
// Fallback: first this heap, then that.
//
//     allocate --> | first | --no room--> | second | --no room--> empty
//     deallocate --> the one that owns the address
//
// For:      a small fast memory before a large slow one; a reserve behind a heap; an engine for small blocks before one
//           for large ones.
// Not for:  two heaps that share a region: an address must have one owner.
// Cost:     allocate: that of the first, and of the second where the first has no room. Every other call: owns() of the
//           first, then one of them. walk: the two walks, and two more that look for the lower one.
// Overhead: none but the two heaps.
// Bad frees: what the first does not own is the second's to judge.
// Picture:  each heap shows its regions in its own order, lowest first; the heap that starts lower comes first. So the
//           whole picture is in address order where the regions of the two do not interleave, and each region is
//           always.
// Invariants:
//   1. Every invariant of the first holds, then every one of the second: check() asks them in this order.
#pragma once

#include "bareheap/core/allocator.hpp"

namespace bareheap {

template <Allocator First, Allocator Second>
class Fallback {
 public:
  constexpr Fallback() noexcept = default;

  /// The first heap's region.
  Admission init(Region region) noexcept
    requires requires(First& heap) { heap.init(region); }
  {
    if (overlaps(second_, region)) return {.fault = Fault::region_overlaps, .lost = region.size};
    return first_.init(region);
  }

  /// Memory for the second heap: its region where it has none yet, else more of it where it is Growable.
  Admission add(Region region) noexcept
    requires requires(Second& heap) { heap.init(region); }
  {
    if (overlaps(first_, region)) return {.fault = Fault::region_overlaps, .lost = region.size};
    const Admission admission = second_.init(region);
    if constexpr (Growable<Second>) {
      if (admission.fault == Fault::initialised_twice) return second_.add(region);
    }
    return admission;
  }

  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    const Block block = first_.allocate(asked);
    return block ? block : second_.allocate(asked);
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    if (first_.owns(at)) return first_.deallocate(at, asked);
    second_.deallocate(at, asked);
  }

  [[gnu::always_inline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    return first_.owns(at) ? first_.resize(at, asked, size) : second_.resize(at, asked, size);
  }

  void trim() noexcept
    requires(Stocked<First> || Stocked<Second>)
  {
    if constexpr (Stocked<First>) first_.trim();
    if constexpr (Stocked<Second>) second_.trim();
  }

  bool owns(const void* at) const noexcept {
    const auto* const byte = static_cast<const std::byte*>(at);
    return first_.owns(byte) || second_.owns(byte);
  }

  std::size_t size_of(const std::byte* at) const noexcept
    requires(SelfSizing<First> && SelfSizing<Second>)
  {
    return first_.owns(at) ? first_.size_of(at) : second_.size_of(at);
  }

  void walk(ExtentSink sink) const noexcept {
    if (lowest_of(first_) <= lowest_of(second_)) {
      first_.walk(sink);
      second_.walk(sink);
    } else {
      second_.walk(sink);
      first_.walk(sink);
    }
  }

  [[nodiscard]] Fault check() const noexcept {
    const Fault fault = first_.check();
    return fault != Fault::none ? fault : second_.check();
  }

  /// The heaps themselves, to give them memory or to look at.
  First& first() noexcept { return first_; }
  const First& first() const noexcept { return first_; }
  Second& second() noexcept { return second_; }
  const Second& second() const noexcept { return second_; }

 private:
  // The address of the first tile; the greatest where there is none.
  template <class Heap>
  static std::size_t lowest_of(const Heap& heap) noexcept {
    std::size_t lowest = size_limit;
    heap.walk([&lowest](const Extent& extent) {
      if (address_of(extent.at) < lowest) lowest = address_of(extent.at);
    });
    return lowest;
  }

  // A region that wraps is refused by the heap it is offered to.
  template <class Heap>
  static bool overlaps(const Heap& heap, Region region) noexcept {
    bool found = false;
    heap.walk([&](const Extent& extent) {
      const Region tile{const_cast<std::byte*>(extent.at), extent.size};
      found = found || (!region.wraps() && tile.overlaps(region));
    });
    return found;
  }

  First first_;
  Second second_;
};

}  // namespace bareheap
