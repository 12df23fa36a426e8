// SPDX-License-Identifier: MIT
// A machine whose CPUs are threads, for ports/common/report.cpp. Its exclusives must not be asked for: a report also
// works before they do.
#pragma once

#include "bareheap/core/processor.hpp"

#include <cstdint>
#include <cstdlib>
#include <thread>

namespace bareheap::port {

struct BoardProcessor {
  static std::uint32_t cpu() noexcept { return number; }
  static bool exclusives_work() noexcept { std::abort(); }
  static void pause() noexcept { std::this_thread::yield(); }
  static bool mask_interrupts() noexcept {
    masked = true;
    return false;
  }
  static void restore_interrupts(bool state) noexcept { masked = state; }

  static inline thread_local std::uint32_t number = 0;
  static inline thread_local bool masked = false;
};

static_assert(Processor<BoardProcessor>);

}  // namespace bareheap::port
