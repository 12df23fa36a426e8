// SPDX-License-Identifier: MIT
#include "kernel/runner.hpp"

namespace bareheap::kernel_test {

namespace {

constinit std::size_t failures = 0;

}  // namespace

bool expect(bool holds, std::source_location place) noexcept {
  if (holds) return true;
  ++failures;
  put_text(port::serial, place.file_name());
  put_text(port::serial, ":");
  put_decimal(port::serial, place.line());
  put_line({": an expectation of ", place.function_name(), " does not hold"});
  return false;
}

void put_line(std::initializer_list<const char*> pieces) noexcept {
  for (const char* piece : pieces) put_text(port::serial, piece);
  put_text(port::serial, "\r\n");
}

void put_figure(const char* name, std::size_t value) noexcept {
  put_text(port::serial, name);
  put_text(port::serial, ": ");
  put_decimal(port::serial, value);
  put_text(port::serial, "\r\n");
}

bool passes(const Test& test) noexcept {
  const std::size_t before = failures;
  test.run();
  return failures == before;
}

void exit_with(std::size_t passed, std::size_t failed) noexcept {
  put_decimal(port::serial, passed);
  put_text(port::serial, " passed, ");
  put_decimal(port::serial, failed);
  put_text(port::serial, " failed\r\n");
  port::exit(passed == 0 || failed != 0 ? 1 : 0);
}

void run_and_exit(std::span<const Test> tests) noexcept {
  std::size_t passed = 0;
  for (const Test& test : tests) {
    put_line({"test ", test.name, "..."});
    const bool passed_now = passes(test);
    passed += passed_now;
    put_line({"test ", test.name, passed_now ? " [Pass]" : " [Fail]"});
  }
  exit_with(passed, tests.size() - passed);
}

}  // namespace bareheap::kernel_test
