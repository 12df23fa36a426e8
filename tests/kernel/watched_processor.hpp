// SPDX-License-Identifier: MIT
// The board's processor for a lock, with a mark at the one place where an interrupt that fell due under the lock comes.
#pragma once

#include "board/processor.hpp"

namespace bareheap::kernel_test {

/// Of CPU 0. From before interrupts are unmasked until the next instruction a mark is set: a handler that finds it was
/// due while they were masked, that is while the holder of the lock was inside the heap. (It is wrong only for an
/// interrupt that falls due at exactly this one instruction.)
struct WatchedProcessor : port::BoardProcessor {
  using State = decltype(port::BoardProcessor::mask_interrupts());

  static void restore_interrupts(State state) noexcept {
    unmasking_ = true;
    port::BoardProcessor::restore_interrupts(state);
    unmasking_ = false;
  }

  /// For the handler, before it takes a lock itself: true where it was due under the lock. It may go on with another
  /// thread, so the mark is taken down.
  static bool came_late() noexcept {
    const bool late = unmasking_;
    unmasking_ = false;
    return late;
  }

 private:
  static inline constinit volatile bool unmasking_ = false;
};
static_assert(Processor<WatchedProcessor>);

}  // namespace bareheap::kernel_test
