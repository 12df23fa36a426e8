// SPDX-License-Identifier: MIT
// What each CPU has for itself. %gs points to its own, from the first instruction of C++ on (boot.S).
#pragma once

#include "board/processor.hpp"
#include "ports/common/cpus.hpp"
#include "ports/common/interrupts.hpp"
#include "ports/x86_64/machine.hpp"

#include <cstdint>

namespace bareheap::x86_64 {

/// Of the segments, in boot.S and in descriptors.cpp.
inline constexpr std::uint16_t code_selector = 0x08;
inline constexpr std::uint16_t data_selector = 0x10;

enum class Timer : std::uint8_t { stopped, repeats, once };

struct Cpu {
  std::uint32_t number;  ///< BoardProcessor::cpu() reads it: it has to be the first
  Timer timer;
  std::uint64_t due;  ///< of a timer that comes once: cycle_count() from which on the handler is called
  port::TimerHandler handler;
};

/// Zero at first: so CPU 0 has its number before anything ran.
extern "C" Cpu x86_64_cpus[most_cpus];

inline Cpu& this_cpu() noexcept { return x86_64_cpus[port::BoardProcessor::cpu()]; }

/// Gives the CPU that runs this, whose number is `cpu`, the segments that stay, its exception stack and the entries of
/// interrupts. CPU 0 first: it writes the tables that all share.
void load_descriptors(std::uint32_t cpu) noexcept;

/// For CPU 0, when memory is mapped: masks the old interrupt controllers, finds the local APIC and measures the clocks.
void prepare_interrupts() noexcept;

}  // namespace bareheap::x86_64
