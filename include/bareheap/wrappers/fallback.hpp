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
//           first, then one of them. walk: the two walks, and two more, or two steps, that look for
//           the lower one. A step of the walk: one of either heap, and two more of one tile, for each time that it goes
//           over from the one heap to the other; a step of the check: one of either.
// Overhead: none but the two heaps.
// Bad frees: what the first does not own is the second's to judge.
// Picture:  each heap shows its regions in its own order, lowest first; the heap that starts lower comes first. So the
//           whole picture is in address order where the regions of the two do not interleave, and each region is
//           always. Steps are in address order throughout.
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

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires(Stepwise<First> && Stepwise<Second>)
  {
    for (std::size_t shown = 0;;) {
      const std::size_t first = lowest_of(first_, from);
      const std::size_t second = lowest_of(second_, from);
      if (first == second) return nullptr;  // there is none: no tile is in both
      if (shown == count) return from;
      const std::size_t limit = first < second ? second : first;
      const auto show = [&](const Extent& tile) {
        if (address_of(tile.at) >= limit) return;
        sink(tile);
        from = tile.end();
        ++shown;
      };
      static_cast<void>(first < second ? first_.walk_step(from, count - shown, show)
                                       : second_.walk_step(from, count - shown, show));
    }
  }

  /// Tests both heaps from there, and goes on where the one that came less far did.
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires(Stepwise<First> && Stepwise<Second>)
  {
    const CheckStep first = first_.check_step(from, count);
    if (first.fault != Fault::none) return first;
    const CheckStep second = second_.check_step(from, count);
    if (second.fault != Fault::none || first.next == nullptr) return second;
    return second.next == nullptr || address_of(first.next) < address_of(second.next) ? first : second;
  }

  /// The heaps themselves, to give them memory or to look at.
  First& first() noexcept { return first_; }
  const First& first() const noexcept { return first_; }
  Second& second() noexcept { return second_; }
  const Second& second() const noexcept { return second_; }

 private:
  // The address of the lowest tile, of a Stepwise heap of what lies from `from` on; the greatest where there is none.
  template <class Heap>
  static std::size_t lowest_of(const Heap& heap, [[maybe_unused]] const std::byte* from = nullptr) noexcept {
    std::size_t lowest = size_limit;
    const auto lower = [&lowest](const Extent& extent) {
      if (address_of(extent.at) < lowest) lowest = address_of(extent.at);
    };
    if constexpr (Stepwise<Heap>) {
      static_cast<void>(heap.walk_step(from, 1, lower));
    } else {
      heap.walk(lower);
    }
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
