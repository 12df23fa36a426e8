// SPDX-License-Identifier: MIT
// Starts further harts by the SBI. Their first instructions are in boot.S.
#include "ports/common/cpus.hpp"

#include "bareheap/core/bits.hpp"
#include "board/processor.hpp"
#include "ports/common/answer_call.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/common/port.hpp"
#include "ports/riscv64/cpu.hpp"
#include "ports/riscv64/mmu.hpp"
#include "ports/riscv64/port.hpp"
#include "ports/riscv64/sbi.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

extern "C" {
extern char __exception_stacks_start[];
}

namespace bareheap::riscv64 {

/// In .bss, so that the first one has number 0 and runs no handler before anybody has written anything.
constinit Cpu riscv64_cpus[cpu_limit]{};

/// From boot.S, with the stack that start_cpu() was given.
extern "C" [[noreturn]] void riscv64_cpu_main() noexcept {
  const Cpu& cpu = this_cpu();
  cpu.entry(cpu.number);
  port::halt();
}

/// In boot.S.
extern "C" void riscv64_cpu_start();

namespace {

bool wait_until_runs(Cpu& cpu) noexcept {
  const std::uint64_t begin = port::timer_now();
  while (cpu.state.load(std::memory_order_acquire) == CpuState::starting) {
    if (port::timer_now() - begin < port::timer_frequency()) {
      port::BoardProcessor::pause();
      continue;
    }
    // Too late. It has the stack if it comes first in this exchange, and parks if it comes second.
    CpuState expected = CpuState::starting;
    cpu.state.compare_exchange_strong(expected, CpuState::stopped, std::memory_order_acq_rel);
  }
  return cpu.state.load(std::memory_order_acquire) == CpuState::running;
}

}  // namespace

}  // namespace bareheap::riscv64

namespace bareheap::port {

std::uint32_t cpu_count() noexcept { return riscv64::board().hart_count; }

bool start_cpu(std::uint32_t number, Region stack, CpuEntry entry) noexcept {
  using riscv64::CpuState;
  if (number == 0 || number >= cpu_count() || stack.wraps() || stack.size < frame_size()) return false;
  riscv64::Cpu& cpu = riscv64::riscv64_cpus[number];
  CpuState expected = CpuState::stopped;
  if (!cpu.state.compare_exchange_strong(expected, CpuState::claimed, std::memory_order_acquire)) return false;
  cpu.number = number;
  cpu.hart = riscv64::board().harts[number];
  cpu.stack_end = reinterpret_cast<std::byte*>(align_down(address_of(stack.end()), 16));
  cpu.exception_stack_end = reinterpret_cast<std::byte*>(__exception_stacks_start) + (number + 1) * riscv64::page_size;
  cpu.satp = riscv64::page_table_of_kernel();
  cpu.entry = entry;
  cpu.state.store(CpuState::starting, std::memory_order_release);
  if (!riscv64::sbi::start_hart(cpu.hart, reinterpret_cast<std::uintptr_t>(&riscv64::riscv64_cpu_start),
                                address_of(&cpu))) {
    // Refused: it is none that was stopped. One that comes late from an earlier call may have taken this stack.
    expected = CpuState::starting;
    return !cpu.state.compare_exchange_strong(expected, CpuState::stopped, std::memory_order_acq_rel);
  }
  return riscv64::wait_until_runs(cpu);
}

/// The fence is of all kinds, as the SBI does it by a device or otherwise: what was written before is seen before the
/// interrupt comes.
bool send_call(std::uint32_t number) noexcept {
  if (number >= cpu_count()) return false;
  const riscv64::Cpu& cpu = riscv64::riscv64_cpus[number];
  if (cpu.state.load(std::memory_order_acquire) != riscv64::CpuState::running) return false;
  asm volatile("fence" : : : "memory");
  if (!riscv64::sbi::interrupt_hart(cpu.hart)) riscv64::stop("the firmware cannot interrupt another hart");
  return true;
}

}  // namespace bareheap::port
