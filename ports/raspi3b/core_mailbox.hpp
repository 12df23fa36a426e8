// SPDX-License-Identifier: MIT
// Mailbox 0 of each core, by which the cores interrupt each other: 32 bits that anybody sets and the core clears, and
// an interrupt as long as one of them is set (QA7 rev 3.4, "Core mailboxes"). The port uses one bit.
#pragma once

#include "board/processor.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/platform.hpp"

#include <cstdint>

namespace bareheap::raspi3b {

class CoreMailbox {
 public:
  /// For the core that runs this: empties its mailbox and lets the interrupt come.
  static void open() noexcept {
    Platform::barrier();
    Platform::write_register(of_this_core(core_interrupts::mailbox_clear, 16), all);
    Platform::write_register(of_this_core(core_interrupts::mailbox_control, 4), interrupt_of_mailbox_0);
    Platform::barrier();
  }

  /// DSB, since DMB orders what others see of memory and not when the device interrupts them (Arm ARM, DDI 0487, "Data
  /// Synchronization Barrier"): the stores before it are complete before the core is interrupted. The one after it
  /// is for whatever device the caller uses next.
  static void ring(std::uint32_t core) noexcept {
    Platform::barrier();
    Platform::write_register(core_interrupts::mailbox_set + 16 * core, 1);
    Platform::barrier();
  }

  /// For the core that was interrupted. Waits until the controller has noticed, unless the next one has rung: without
  /// it the interrupt could be taken once more, and nobody would know what for. What is read after the last barrier is
  /// read after the mailbox was emptied: by then who rings later interrupts again.
  static void empty() noexcept {
    Platform::write_register(of_this_core(core_interrupts::mailbox_clear, 16), all);
    while ((Platform::read_register(of_this_core(core_interrupts::source, 4)) & core_interrupts::mailbox_0) != 0 &&
           Platform::read_register(of_this_core(core_interrupts::mailbox_clear, 16)) == 0) {
    }
    Platform::barrier();
  }

 private:
  static constexpr std::uint32_t all = 0xffffffff;
  static constexpr std::uint32_t interrupt_of_mailbox_0 = 1;

  static std::uintptr_t of_this_core(std::uintptr_t first, std::uint32_t spacing) noexcept {
    return first + spacing * port::BoardProcessor::cpu();
  }
};

}  // namespace bareheap::raspi3b
