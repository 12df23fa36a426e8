// SPDX-License-Identifier: MIT
// Lines on the serial line, put together from words and numbers. A line stays whole, however many CPUs talk.
#pragma once

#include "bareheap/core/lock_policies.hpp"
#include "board/processor.hpp"
#include "ports/common/say.hpp"

namespace bareheap::processes {

/// The right to write to the serial line. Interrupts are masked meanwhile, so that the holder is not put aside: a line
/// takes some milliseconds on a board, and the ticks of that time become one.
class Console {
 public:
  Console() noexcept { lock.lock(state_, caller_here()); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() { lock.unlock(state_, caller_here()); }

 private:
  using Lock = SpinWithInterruptsSaved<port::BoardProcessor>;

  static inline constinit Lock lock;
  Lock::State state_{};
};

using port::say_piece;

/// One line: "processes: " and the pieces one after another.
void say(const auto&... pieces) noexcept {
  const Console console;
  say_piece("processes: ");
  (say_piece(pieces), ...);
  say_piece("\r\n");
}

}  // namespace bareheap::processes
