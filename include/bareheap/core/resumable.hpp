// SPDX-License-Identifier: MIT
//
// ResumableWalk and ResumableCheck: the picture of a heap, and the test of its invariants, a few tiles at a time, so
// that interrupts are never off, and a lock is never held, for the whole heap.
//
//     | shown before | n tiles, this step | later |
//                    ^ reached            ^ reached afterwards
//
//     ResumableWalk walk(heap);
//     while (!walk.finished()) {
//       Extent tiles[16];
//       const std::size_t count = walk.step(tiles);         interrupts off, lock held: for one step of the engine
//       for (std::size_t index = 0; index < count; ++index) print(tiles[index]);      on again, lock free
//     }
//
// What is bounded: what a step gives out, and, where the heap is Stepwise, what it takes: each engine tells what its
// steps cost (docs/engines.md). Over any other heap a step of the walk costs a whole walk, and the check is one step.
//
// When the heap changes between two steps: each tile was true in its step. Tiles never go back and never overlap: what
// happens below the address reached is not seen any more, and a tile that has grown across it is shown from there on.
// Not one instant is pictured, so sums over the steps are an estimate, and a pass of the check tells nothing of what
// was torn behind its back, unless nothing happened between the first step and the last. A heap that is right is right
// in every step, so a fault that a step finds is one.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <cstddef>

namespace bareheap {

/// Refers to a heap that is Stepwise or whose regions are walked in ascending order.
template <Allocator Heap>
class ResumableWalk {
 public:
  explicit ResumableWalk(const Heap& heap) noexcept : heap_(&heap) {}

  /// The next tiles, as many as there are, at most `Count`. Answers how many; fewer than `Count` only where it is
  /// finished.
  template <std::size_t Count>
  std::size_t step(Extent (&tiles)[Count]) noexcept {
    return step(Count, [&tiles, index = std::size_t{0}](const Extent& tile) mutable { tiles[index++] = tile; });
  }

  /// The same into a sink, which is called during the step of the engine, at most `count` times. A count of 0 does
  /// nothing.
  std::size_t step(std::size_t count, ExtentSink sink) noexcept {
    if (count == 0) return 0;
    std::size_t shown = 0;
    const std::byte* reached = reached_;
    finished_ = next(count, [&](const Extent& tile) {
      sink(tile);
      reached = tile.end();
      ++shown;
    }) == nullptr;
    reached_ = reached;
    return shown;
  }

  /// True once a step has shown the highest tile.
  bool finished() const noexcept { return finished_; }

  /// The address after the last tile shown; 0 at the start.
  std::size_t reached() const noexcept { return address_of(reached_); }

  /// Begins at the lowest tile again.
  void restart() noexcept {
    reached_ = nullptr;
    finished_ = false;
  }

 private:
  const std::byte* next(std::size_t count, ExtentSink sink) const noexcept {
    if constexpr (Stepwise<Heap>) {
      return heap_->walk_step(reached_, count, sink);
    } else {
      TileStep step(reached_, count, sink);
      heap_->walk([&step](const Extent& tile) { static_cast<void>(step.show(tile.at, tile.size, tile.kind)); });
      return step.next();
    }
  }

  const Heap* heap_;
  const std::byte* reached_ = nullptr;
  bool finished_ = false;
};

/// Tests a heap for at most `count` of its tiles a step; what a step finds in the end is what check() finds.
template <Allocator Heap>
class ResumableCheck {
 public:
  explicit ResumableCheck(const Heap& heap) noexcept : heap_(&heap) {}

  /// The first fault of the next tiles. A fault ends the pass; a step after the end finds nothing. A count of 0 does
  /// nothing.
  [[nodiscard]] Fault step(std::size_t count) noexcept {
    if (count == 0 || finished_) return Fault::none;
    CheckStep found;
    if constexpr (Stepwise<Heap>) {
      found = heap_->check_step(reached_, count);
    } else {
      found = {heap_->check(), nullptr};
    }
    reached_ = found.next;
    finished_ = found.next == nullptr;
    return found.fault;
  }

  /// True once a step has tested the highest tile or found a fault.
  bool finished() const noexcept { return finished_; }

  /// Begins at the lowest tile again.
  void restart() noexcept {
    reached_ = nullptr;
    finished_ = false;
  }

 private:
  const Heap* heap_;
  const std::byte* reached_ = nullptr;
  bool finished_ = false;
};

}  // namespace bareheap
