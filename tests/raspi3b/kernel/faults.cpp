// SPDX-License-Identifier: MIT
// Each of these must end the kernel with its own line.
#include "bareheap/core/lock_policies.hpp"
#include "board/processor.hpp"
#include "kernel/runner.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/platform.hpp"
#include "raspi3b/kernel/scenarios.hpp"
#include "raspi3b/kernel/stacks.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

extern "C" {
extern char __guard_end[];
void wait_on_stack(char* stack_pointer) noexcept;
bareheap::port::Frame* raspi3b_interrupt(bareheap::port::Frame* interrupted) noexcept;
}

namespace bareheap::raspi3b_test {

namespace {

using port::BoardProcessor;

void start_and_wait(std::uint32_t cpu, port::CpuEntry entry) {
  kernel_test::expect(port::start_cpu(cpu, stack_of(cpu), entry));
  while (true) BoardProcessor::pause();
}

port::Frame* go_on(port::Frame* interrupted) noexcept { return interrupted; }

}  // namespace

/// The lower half of the frame would be in the guard.
void overflow_by_an_interrupt() {
  port::start_timer(100, go_on);
  wait_on_stack(__guard_end + align_down(port::frame_size() / 2, 16));
}

/// Mailbox 1 of this core, which nobody listens to (QA7 rev 3.4, "Core mailboxes interrupts").
void raise_an_unknown_interrupt() {
  raspi3b::Platform::write_register(raspi3b::core_interrupts::mailbox_control, 1U << 1);
  raspi3b::Platform::write_register(raspi3b::core_interrupts::mailbox_set + 4, 1);
  port::allow_interrupts();
}

/// QEMU's controller never makes one, so the handler is called without an interrupt.
void interrupt_out_of_nowhere() { static_cast<void>(raspi3b_interrupt(nullptr)); }

void call_without_a_handler() { port::call_cpu(0); }

void call_cpu_1_before_it_runs() {
  port::on_call([]() noexcept {});
  port::call_cpu(0);
  port::call_cpu(1);
}

void call_a_cpu_that_is_none() {
  port::on_call([]() noexcept {});
  port::call_cpu(raspi3b::cpus);
}

void fault_on_cpu_2() {
  start_and_wait(2, [](std::uint32_t) noexcept { __builtin_trap(); });
}

/// Neither the interrupt nor the exception that it ends in finds a stack that could be written.
void interrupt_without_a_stack_on_cpu_3() {
  start_and_wait(3, [](std::uint32_t) noexcept {
    port::start_timer(100, go_on);
    wait_on_stack(nullptr);
  });
}

void fault_on_all_cpus() {
  static constinit std::atomic<std::uint32_t> here = 0;
  static constexpr auto fault = [](std::uint32_t) noexcept {
    here.fetch_add(1);
    while (here < 4) BoardProcessor::pause();
    __builtin_trap();
  };
  for (std::uint32_t cpu = 1; cpu < 4; ++cpu) kernel_test::expect(port::start_cpu(cpu, stack_of(cpu), fault));
  fault(0);
}

void lock_with_the_mmu_off() {
  start_and_wait(1, [](std::uint32_t) noexcept {
    static constinit SpinLock<BoardProcessor> lock;
    asm volatile(
        "msr sctlr_el1, %0\n"
        "isb\n"
        :
        : "r"(std::uint64_t{0x30d00800})
        : "memory");
    SpinLock<BoardProcessor>::State state;
    lock.lock(state, nullptr);
  });
}

}  // namespace bareheap::raspi3b_test
