// SPDX-License-Identifier: MIT
// What a lock asks of this machine's CPUs.
#pragma once

#include "bareheap/core/processor.hpp"

#include <cstdint>

namespace bareheap::port {

/// RISC-V hart as a bareheap::Processor, in S-mode.
struct BoardProcessor {
  /// What tp points at begins with the number (ports/riscv64/cpu.hpp). Volatile: who asks may go on at another CPU.
  static std::uint32_t cpu() noexcept {
    std::uint32_t number;
    asm volatile("lw %0, 0(tp)" : "=r"(number));
    return number;
  }

  /// The old state of SIE, bit 1 of sstatus.
  static std::uint64_t mask_interrupts() noexcept {
    std::uint64_t status;
    asm volatile("csrrci %0, sstatus, 2" : "=r"(status) : : "memory");
    return status & 2;
  }

  static void restore_interrupts(std::uint64_t state) noexcept {
    asm volatile("csrs sstatus, %0" : : "r"(state) : "memory");
  }

  /// From the first instruction on: atomics are a matter of the memory and not of the page tables (RISC-V Privileged
  /// 20211203, section 3.6.3).
  static bool exclusives_work() noexcept { return true; }

  /// PAUSE of Zihintpause; a fence without effect where the processor does not know it (RISC-V Unprivileged,
  /// Zihintpause).
  static void pause() noexcept { asm volatile(".insn i 0x0f, 0, x0, x0, 0x010"); }
};

static_assert(Processor<BoardProcessor>);

}  // namespace bareheap::port
