// SPDX-License-Identifier: MIT
#include "ports/common/report.hpp"

#include "bareheap/core/fault.hpp"
#include "bareheap/core/text.hpp"
#include "ports/common/port.hpp"

namespace bareheap::runtime {

/// Called by the runtime, whose header is not one that a port may include, where C++ would throw.
[[noreturn]] void fatal(const char* sentence) noexcept;

}  // namespace bareheap::runtime

namespace bareheap::port {

namespace {

// Plain flags: before the memory map is on, exclusives must not be used on a board, and a fault can come at any time.
// They are volatile because a fault comes between any two instructions of the one who sets them.
volatile bool reporting = false;
volatile bool exiting = false;

}  // namespace

void begin_report() noexcept {
  if (exiting) halt();
  if (reporting) exit(1);
  reporting = true;
}

bool begin_exit() noexcept {
  const bool first = !exiting;
  exiting = true;
  return first;
}

}  // namespace bareheap::port

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  port::begin_report();
  print(report, port::serial);
  port::exit(1);
}

namespace runtime {

void fatal(const char* sentence) noexcept {
  port::begin_report();
  put_text(port::serial, "runtime: ");
  put_text(port::serial, sentence);
  put_text(port::serial, "\n");
  port::exit(1);
}

}  // namespace runtime

}  // namespace bareheap
