// SPDX-License-Identifier: MIT
#pragma once

#include "board/processor.hpp"

namespace bareheap::port {

/// Keeps interrupts away from this CPU for as long as it lives; they nest.
class InterruptsMasked {
 public:
  InterruptsMasked() noexcept = default;
  InterruptsMasked(const InterruptsMasked&) = delete;
  InterruptsMasked& operator=(const InterruptsMasked&) = delete;
  ~InterruptsMasked() { BoardProcessor::restore_interrupts(state_); }

 private:
  decltype(BoardProcessor::mask_interrupts()) state_ = BoardProcessor::mask_interrupts();
};

}  // namespace bareheap::port
