// SPDX-License-Identifier: MIT
// The frame of a test kernel: a list of tests, run one after another, each with its line on the serial line. A failed
// expectation gives file and line; the kernel's exit status tells whether all passed, and that there were any at all.
// Expectations, tests and lines are for CPU 0.
#pragma once

#include "ports/common/port.hpp"

#include <cstddef>
#include <initializer_list>
#include <source_location>
#include <span>

namespace bareheap::kernel_test {

struct Test {
  const char* name;
  void (*run)();
};

/// Notes a failure at the caller's file and line where `holds` is false. Returns `holds`, to leave a test early by.
bool expect(bool holds, std::source_location place = std::source_location::current()) noexcept;

/// Says the pieces and ends the line.
void put_line(std::initializer_list<const char*> pieces) noexcept;

/// A figure for the one who reads the log: `name: value` on a line.
void put_figure(const char* name, std::size_t value) noexcept;

/// Runs one test. True where it had no failed expectation.
bool passes(const Test& test) noexcept;

/// Says the sum and ends the kernel: status 0 when there was at least one test and all passed, else 1.
[[noreturn]] void exit_with(std::size_t passed, std::size_t failed) noexcept;

/// Runs all tests, each with its two lines, and ends the kernel with their sum.
[[noreturn]] void run_and_exit(std::span<const Test> tests) noexcept;

}  // namespace bareheap::kernel_test
