// SPDX-License-Identifier: MIT
//
// Reserve: a heap that keeps one block back for the day when there is no room.
//
//     | used |    kept back    | used | free |        kept by refill(), given up by release()
//
// For:      what must still run out of memory: the out-of-memory handler, the report, an orderly end.
// Not for:  a heap that is too small: once released, the block is free memory like any other until the next refill().
// Cost:     every call is the heap's own. release: one deallocate. refill: one allocate.
// Overhead: five words beside the heap, and the block. The picture shows it as used.
// Invariants: the heap's own.
//
//     constinit bareheap::Reserve<bareheap::HoleList> program_heap(bareheap::Layout(8192, 16));
//
//     bareheap::OutOfMemory bareheap::program_out_of_memory(bareheap::Layout) noexcept {
//       return program_heap.release() ? OutOfMemory::try_again : OutOfMemory::give_up;
//     }
#pragma once

#include "bareheap/core/allocator.hpp"

#include <cstddef>

namespace bareheap {

/// What a Reserve has done so far.
struct ReserveStatistics {
  std::size_t kept_bytes = 0;  ///< kept back now
  std::size_t releases = 0;    ///< how often the block was given up
  std::size_t refusals = 0;    ///< refills that found no room
};

template <Allocator Heap>
class Reserve {
 public:
  /// Nothing is kept back before init() or refill().
  constexpr explicit Reserve(Layout kept) noexcept : layout_(kept) {}

  /// The heap takes the region, and the block is kept back where there is room for it; kept() tells.
  Admission init(Region region) noexcept {
    const Admission admission = heap_.init(region);
    if (admission) static_cast<void>(refill());
    return admission;
  }

  /// Gives the block up. False where none is kept: then there is no more help here.
  bool release() noexcept {
    if (!kept_) return false;
    heap_.deallocate(kept_.at, layout_);
    kept_ = {};
    ++figures_.releases;
    return true;
  }

  /// Keeps the block back again. False where there is no room; true where it is kept already.
  bool refill() noexcept {
    if (kept_) return true;
    kept_ = heap_.allocate(layout_);
    if (!kept_) ++figures_.refusals;
    return kept();
  }

  bool kept() const noexcept { return static_cast<bool>(kept_); }

  ReserveStatistics statistics() const noexcept { return {kept_.size, figures_.releases, figures_.refusals}; }

  Block allocate(Layout asked) noexcept { return heap_.allocate(asked); }
  void deallocate(std::byte* at, Layout asked) noexcept { heap_.deallocate(at, asked); }
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept { return heap_.resize(at, asked, size); }
  bool owns(const std::byte* at) const noexcept { return heap_.owns(const_cast<std::byte*>(at)); }
  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }
  [[nodiscard]] Fault check() const noexcept { return heap_.check(); }

  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    return heap_.size_of(at);
  }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.walk_step(from, count, sink);
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.check_step(from, count);
  }

  Admission add(Region region) noexcept
    requires Growable<Heap>
  {
    return heap_.add(region);
  }

  void trim() noexcept
    requires Stocked<Heap>
  {
    heap_.trim();
  }

 private:
  Heap heap_;
  Layout layout_;
  Block kept_;
  ReserveStatistics figures_;
};

}  // namespace bareheap
