// SPDX-License-Identifier: MIT
// What the test kernels ask of a processor and C++ cannot say. Each architecture's file defines it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::kernel_test {

/// What hold_registers() loads, and what it finds afterwards.
struct Registers {
  alignas(16) std::uint64_t words[64];
  std::uint64_t control_before;  ///< of floating point; it is set to another rounding than usual
  std::uint64_t control_after;
};

extern "C" {

/// Loads all vector and floating-point registers from `in.words`, waits until `changes` changes or has been read
/// `limit` times, and stores them all to `out`. Returns how many words the processor's registers are.
std::size_t hold_registers(const Registers& in, Registers& out, const volatile std::uint32_t& changes,
                           std::uint64_t limit) noexcept;

/// Overwrites all of them, those too that a function has to keep, and sets yet another rounding: for the end of an
/// interrupt's handler.
void destroy_registers() noexcept;

/// Executes `instructions` instructions, at most 128, and a few more, always as many.
void slide(std::size_t instructions) noexcept;

/// Where its code ends.
extern const char slide_end[];
}

}  // namespace bareheap::kernel_test
