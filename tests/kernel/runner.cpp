// SPDX-License-Identifier: MIT
#include "kernel/runner.hpp"

namespace bareheap::kernel_test {

namespace {

constinit std::size_t failures = 0;

void put_line(const char* first, const char* second, const char* third) noexcept {
  for (const char* piece : {first, second, third, "\r\n"}) put_text(port::serial, piece);
}

}  // namespace

bool expect(bool holds, std::source_location place) noexcept {
  if (holds) return true;
  ++failures;
  put_text(port::serial, place.file_name());
  put_text(port::serial, ":");
  put_decimal(port::serial, place.line());
  put_line(": an expectation of ", place.function_name(), " does not hold");
  return false;
}

void run_and_exit(std::span<const Test> tests) noexcept {
  std::size_t failed = 0;
  for (const Test& test : tests) {
    const std::size_t before = failures;
    put_line("test ", test.name, "...");
    test.run();
    failed += failures != before;
    put_line("test ", test.name, failures == before ? " [Pass]" : " [Fail]");
  }
  put_decimal(port::serial, tests.size() - failed);
  put_text(port::serial, " passed, ");
  put_decimal(port::serial, failed);
  put_text(port::serial, " failed\r\n");
  port::exit(tests.empty() || failed != 0 ? 1 : 0);
}

}  // namespace bareheap::kernel_test
