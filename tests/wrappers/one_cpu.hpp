// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/core/multiprocessor.hpp"

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

/// The only one of four CPUs that ever comes.
template <Recall way>
struct OneOfFour : OneCpu {
  static constexpr std::uint32_t cpus = 4;
  static constexpr Recall recall = way;
  static void call(std::uint32_t) noexcept {}
  static void fence_all() noexcept {}
  static bool keep_waiting(std::uint32_t) noexcept { return false; }
};
static_assert(Multiprocessor<OneOfFour<Recall::directly>>);

}  // namespace bareheap::laws
