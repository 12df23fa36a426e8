// SPDX-License-Identifier: MIT
#include "engines/stops.hpp"

#include <csetjmp>

namespace {

std::jmp_buf before_call;
bareheap::FaultReport told;

}  // namespace

namespace bareheap {

FaultReport test::stop_of(FunctionRef<void()> call) {
  told = {};
  if (setjmp(before_call) == 0) call();
  return told;
}

void panic(const FaultReport& report) noexcept {
  told = report;
  std::longjmp(before_call, 1);
}

}  // namespace bareheap
