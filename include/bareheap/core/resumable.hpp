// SPDX-License-Identifier: MIT
//
// ResumableWalk: the picture of a heap a few tiles at a time, so that what is done with a tile (a serial line takes
// longer for one than a walk for thousands) need not be done while interrupts are off or a lock is held.
//
//     | shown before | n tiles, this step | later |
//                    ^ reached            ^ reached afterwards
//
//     ResumableWalk walk(heap);
//     while (!walk.finished()) {
//       Extent tiles[16];
//       const std::size_t count = walk.step(tiles);         interrupts off, lock held: for one walk of the engine
//       for (std::size_t index = 0; index < count; ++index) print(tiles[index]);      on again, lock free
//     }
//
// What is bounded: what a step gives out, and so what is done with it. What a step itself takes is not: the concept's
// walk runs over the whole heap and has no way to begin later or end early, so each step costs one walk of the engine,
// with a comparison for each tile that is not shown. A check() in steps is not possible over the concept at all.
//
// When the heap changes between two steps: each tile was true in its step. Tiles never go back and never overlap: what
// happens below the address reached is not seen any more, and a tile that has grown across it is shown from there on.
// Not one instant is pictured, so sums over the steps are an estimate, unless nothing happened between the first and
// the last.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <cstddef>

namespace bareheap {

/// Refers to a heap whose regions are walked in ascending order; nothing is asked of it but walk().
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

  /// The same into a sink, which is called during the engine's walk, at most `count` times.
  std::size_t step(std::size_t count, ExtentSink sink) noexcept {
    std::size_t shown = 0;
    bool more = false;
    std::size_t reached = reached_;
    heap_->walk([&](const Extent& tile) {
      if (address_of(tile.end()) <= reached) return;
      more = more || shown == count;
      if (more) return;
      const std::size_t below = address_of(tile.at) < reached ? reached - address_of(tile.at) : 0;
      sink({tile.at + below, tile.size - below, tile.kind});
      reached = address_of(tile.end());
      ++shown;
    });
    reached_ = reached;
    finished_ = !more;
    return shown;
  }

  /// True once a step has shown the highest tile.
  bool finished() const noexcept { return finished_; }

  /// The address after the last tile shown; 0 at the start.
  std::size_t reached() const noexcept { return reached_; }

  /// Begins at the lowest tile again.
  void restart() noexcept {
    reached_ = 0;
    finished_ = false;
  }

 private:
  const Heap* heap_;
  std::size_t reached_ = 0;
  bool finished_ = false;
};

}  // namespace bareheap
