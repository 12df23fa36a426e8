// SPDX-License-Identifier: MIT
// The frame of a test kernel: a list of tests, run one after another, each with its line on the serial line. A failed
// expectation gives file and line; the kernel's exit status tells whether all passed, and that there were any at all.
#pragma once

#include "ports/common/port.hpp"

#include <cstddef>
#include <source_location>
#include <span>

namespace bareheap::kernel_test {

struct Test {
  const char* name;
  void (*run)();
};

/// Notes a failure at the caller's file and line where `holds` is false. Returns `holds`, to leave a test early by.
bool expect(bool holds, std::source_location place = std::source_location::current()) noexcept;

/// Runs all tests and ends the kernel: status 0 when there was at least one and all passed, else 1.
[[noreturn]] void run_and_exit(std::span<const Test> tests) noexcept;

}  // namespace bareheap::kernel_test
