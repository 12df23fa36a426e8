// SPDX-License-Identifier: MIT
// What the port keeps for each CPU. The register tp points at it for as long as the CPU runs.
#pragma once

#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/riscv64/machine.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bareheap::riscv64 {

enum class CpuState : std::uint32_t { stopped, starting, running, claimed };

/// The first five are at places that boot.S knows.
struct alignas(64) Cpu {
  std::uint32_t number;
  std::atomic<CpuState> state;
  std::byte* stack_end;
  std::byte* exception_stack_end;
  std::uint64_t satp;
  std::uint64_t hart;
  port::CpuEntry entry;
  port::TimerHandler handler;
  std::uint64_t next_tick;
  std::uint64_t period;  ///< 0: the timer comes once
};

static_assert(offsetof(Cpu, number) == 0 && offsetof(Cpu, state) == 4 && offsetof(Cpu, stack_end) == 8 &&
              offsetof(Cpu, exception_stack_end) == 16 && offsetof(Cpu, satp) == 24);

extern "C" Cpu riscv64_cpus[cpu_limit];

inline Cpu& this_cpu() noexcept {
  Cpu* cpu;
  asm volatile("mv %0, tp" : "=r"(cpu));  // volatile: who asks may go on at another CPU
  return *cpu;
}

}  // namespace bareheap::riscv64
