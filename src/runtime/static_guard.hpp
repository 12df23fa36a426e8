// SPDX-License-Identifier: MIT
// The guard of a static inside a function: 64 bits that the compiler lays beside the static (Itanium C++ ABI, 3.3.3).
//
//     byte     0          1 2 3      4 5 6 7
//           | done |     unused    | owner |
//
// The first byte is the compiler's: it reads it before each use and comes here only where it is 0. The rest is ours.
//
// Invariants:
//   1. done is 1 iff the static is initialised; it never becomes 0 again.
//   2. While done is 0, owner is 0 iff nobody initialises the static. Only who has changed it from 0 may initialise.
#pragma once

#include "runtime/runtime.hpp"

#include <atomic>
#include <cstdint>

namespace bareheap::runtime {

/// A view of one guard. `Caller` tells who calls and `Stop` says a sentence and does not return.
template <auto Caller = thread_of_control, auto Stop = fatal>
class StaticGuard {
 public:
  explicit StaticGuard(std::uint64_t& guard) noexcept
      : done_(*reinterpret_cast<std::uint8_t*>(&guard)), owner_(*(reinterpret_cast<std::uint32_t*>(&guard) + 1)) {}

  /// True: the caller initialises the static now and then calls release(). False: it is initialised. Where another CPU
  /// is at it, the call waits.
  ///
  /// What can be told from the owner's number: a static whose initialiser comes back to the static itself, and an
  /// interrupt handler that needs what the interrupted code initialises. Both would wait for ever, and stop here.
  /// What cannot: two threads of control whose statics need each other, a thread on the same CPU that waits without
  /// being switched away where the numbers are those of threads, and anything at all where the number is 0.
  bool acquire() noexcept {
    const std::uint32_t number = Caller();
    const std::uint32_t me = number == 0 ? nobody_known : number;
    while (done_.load(std::memory_order_acquire) == 0) {
      std::uint32_t owner = 0;
      if (owner_.compare_exchange_weak(owner, me, std::memory_order_acquire)) return true;
      // The owner may have finished since done was read; only one that has not is still at it.
      if (owner == number && owner != 0 && done_.load(std::memory_order_acquire) == 0) {
        Stop("a static variable's initialiser needs the static variable itself");
      }
    }
    return false;
  }

  /// The static is initialised: what was written before is seen by everyone who finds it so.
  void release() noexcept { done_.store(1, std::memory_order_release); }

  /// The initialisation was given up: the next caller tries again.
  void abort() noexcept { owner_.store(0, std::memory_order_release); }

 private:
  static constexpr std::uint32_t nobody_known = 0xffffffff;

  std::atomic_ref<std::uint8_t> done_;
  std::atomic_ref<std::uint32_t> owner_;
};

}  // namespace bareheap::runtime
