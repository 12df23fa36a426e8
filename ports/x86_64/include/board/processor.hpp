// SPDX-License-Identifier: MIT
// A CPU of a PC as a lock sees it.
#pragma once

#include "bareheap/core/processor.hpp"

#include <cstdint>

namespace bareheap::port {

struct BoardProcessor {
  /// Whether interrupts were allowed is bit 9 of RFLAGS.
  using State = std::uint64_t;

  /// The first word of what %gs points to (ports/x86_64/cpu.hpp).
  static std::uint32_t cpu() noexcept {
    std::uint32_t number;
    asm volatile("movl %%gs:0, %0" : "=r"(number));
    return number;
  }

  /// Locked instructions work in every state of the machine (Intel SDM volume 3, section 8.1).
  static bool exclusives_work() noexcept { return true; }

  /// There is no red zone (cmake/toolchain-x86_64.cmake), so that PUSHFQ overwrites nothing.
  static State mask_interrupts() noexcept {
    State state;
    asm volatile(
        "pushfq\n"
        "popq %0\n"
        "cli\n"
        : "=r"(state)
        :
        : "memory");
    return state;
  }

  static void restore_interrupts(State state) noexcept {
    asm volatile(
        "pushq %0\n"
        "popfq\n"
        :
        : "r"(state)
        : "memory", "cc");
  }

  static void pause() noexcept { asm volatile("pause" : : : "memory"); }
};

static_assert(Processor<BoardProcessor>);

}  // namespace bareheap::port
