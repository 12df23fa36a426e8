// SPDX-License-Identifier: MIT
// How a firmware over a C library stops.
#include "bareheap/core/fault.hpp"
#include "firmware/firmware.h"

void bareheap::panic(const FaultReport& report) noexcept {
  check(false, sentence(report.fault));
  __builtin_trap();
}
