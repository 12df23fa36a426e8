// SPDX-License-Identifier: MIT
// S2-19: the lab's tests by themselves, as the lab's test program of this name says them. The keys on the serial line
// choose: 0 to 3 one of them, a all.
#include "kernel/heap.hpp"
#include "kernel/lab.hpp"

namespace {

using namespace bareheap;
using kernel_test::lab_tests;

bool initiate(std::size_t number) {
  put_text(port::serial, "Initiating test 0x0");
  put_decimal(port::serial, number);
  put_text(port::serial, "... ");
  const bool passed = kernel_test::passes(lab_tests[number]);
  kernel_test::put_line({passed ? "[Pass]" : "[Fail]"});
  return passed;
}

}  // namespace

extern "C" void kernel_main() noexcept {
  static_cast<void>(kernel_test::start_heap());
  kernel_test::put_line({"ready"});
  int key = -1;
  while (key == -1) key = port::read();
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (std::size_t number = 0; number < std::size(lab_tests); ++number) {
    if (key != 'a' && key != static_cast<int>('0' + number)) continue;
    ++(initiate(number) ? passed : failed);
  }
  kernel_test::exit_with(passed, failed);
}
