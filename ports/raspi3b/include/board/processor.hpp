// SPDX-License-Identifier: MIT
// The Cortex-A53 of the Raspberry Pi 3 as a Processor.
#pragma once

#include "bareheap/core/processor.hpp"

#include <cstdint>

namespace bareheap::raspi3b {

/// Stops with a sentence: a CPU that is not alone would take a lock, and its exclusives need not work.
[[noreturn]] void stop_for_lock_without_mmu() noexcept;

}  // namespace bareheap::raspi3b

namespace bareheap::port {

struct BoardProcessor {
  /// Affinity level 0 is the core, 0 to 3 (Cortex-A53 TRM, DDI 0500, MPIDR_EL1). Volatile, since a thread may go on on
  /// another CPU.
  static std::uint32_t cpu() noexcept {
    std::uint64_t affinity = 0;
    asm volatile("mrs %0, mpidr_el1" : "=r"(affinity));
    return static_cast<std::uint32_t>(affinity & 3);
  }

  /// The state is DAIF. Of its four masks only that of IRQ is ever open.
  static std::uint64_t mask_interrupts() noexcept {
    std::uint64_t state = 0;
    asm volatile(
        "mrs %0, daif\n"
        "msr daifset, #0b0010\n"
        : "=r"(state)
        :
        : "memory");
    return state;
  }

  static void restore_interrupts(std::uint64_t state) noexcept {
    asm volatile("msr daif, %0" : : "r"(state) : "memory");
  }

  /// Asks this CPU's SCTLR_EL1 for MMU and data cache (M and C): no flag that could be wrong. It costs a read of a
  /// system register, a test and a branch each time. CPU 0 alone has them off while it runs C++; another CPU that has
  /// would lock out nobody with plain stores, so it is stopped here. On a board it would hang or fault at its first
  /// exclusive; QEMU's exclusives always work.
  static bool exclusives_work() noexcept {
    constexpr std::uint64_t mmu_and_data_cache = 1U << 0 | 1U << 2;
    std::uint64_t control = 0;
    asm volatile("mrs %0, sctlr_el1" : "=r"(control));
    if ((control & mmu_and_data_cache) == mmu_and_data_cache) [[likely]] return true;
    if (cpu() != 0) raspi3b::stop_for_lock_without_mmu();
    return false;
  }

  /// Not WFE: a lock is released by a plain store, which wakes nobody whose exclusive monitor is not set (Arm ARM, DDI
  /// 0487, "Wait For Event").
  static void pause() noexcept { asm volatile("yield" : : : "memory"); }
};

static_assert(Processor<BoardProcessor>);

}  // namespace bareheap::port
