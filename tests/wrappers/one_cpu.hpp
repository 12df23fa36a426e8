// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/core/processor.hpp"

namespace bareheap::laws {

/// The one CPU of a program without threads, whose interrupts nobody sends.
struct OneCpu {
  struct State {};

  static std::uint32_t cpu() noexcept { return 0; }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept {}
  static State mask_interrupts() noexcept { return {}; }
  static void restore_interrupts(State) noexcept {}
};
static_assert(Processor<OneCpu>);

}  // namespace bareheap::laws
