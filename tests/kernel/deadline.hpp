// SPDX-License-Identifier: MIT
// Kernels wait with a limit, so that a hang ends with a sentence.
#pragma once

#include "ports/common/interrupts.hpp"

namespace bareheap::kernel_test {

/// A moment so many seconds from now, on the clock of the CPU that asks.
class Deadline {
 public:
  explicit Deadline(std::uint32_t seconds) noexcept
      : start_(port::timer_now()), ticks_(seconds * port::timer_frequency()) {}

  bool has_passed() const noexcept { return port::timer_now() - start_ > ticks_; }

 private:
  std::uint64_t start_;
  std::uint64_t ticks_;
};

}  // namespace bareheap::kernel_test
