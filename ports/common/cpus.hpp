// SPDX-License-Identifier: MIT
// Several CPUs: what a port supplies beyond port.hpp to a kernel that wants them. A CPU's own number, and what a lock
// asks of it, is bareheap::port::BoardProcessor in the port's include/board/processor.hpp.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstdint>

namespace bareheap::port {

/// How many CPUs the machine reports, the one included that runs kernel_main() and has number 0; at most what the port
/// has room for (its README says how many).
std::uint32_t cpu_count() noexcept;

/// What the further CPUs run: `cpu` is the number that BoardProcessor::cpu() gives there.
using CpuEntry = void (*)(std::uint32_t cpu) noexcept;

/// Starts CPU `cpu`, 1 to cpu_count() - 1, on `stack`, which it keeps. `entry` runs with memory map, caches, exception
/// vectors and all that the caller wrote before in place, interrupts masked; returning from it is halt(). Waits until
/// the CPU has taken its stack. False where there is no such CPU, where it runs already, where the stack holds no
/// frame (interrupts.hpp), and where the CPU does not come within a second.
[[nodiscard]] bool start_cpu(std::uint32_t cpu, Region stack, CpuEntry entry) noexcept;

}  // namespace bareheap::port
