// SPDX-License-Identifier: MIT
// A heap that may reach further than its first region does, and says so to an engine that wants to know: what is added
// there later joins the rest.
#pragma once

#include "bareheap/core/lock_policies.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "board/processor.hpp"

#include <cstddef>

namespace bareheap::lab {

/// From the start of the heap's first region. An engine may keep a map of all of it there, so it is not the most that
/// there are addresses for.
inline constexpr std::size_t most_heap_bytes = std::size_t{1} << 20;

/// The timer's handler uses it too, so its lock masks interrupts.
template <class Engine>
class ReachingHeap : public Locked<Engine, SpinWithInterruptsSaved<port::BoardProcessor>> {
 public:
  Admission init(Region first) noexcept {
    const auto engine = this->lock();
    if constexpr (requires { engine->init(first, first); }) {
      return engine->init(first, {first.start, most_heap_bytes});
    } else {
      return engine->init(first);
    }
  }
};

}  // namespace bareheap::lab
