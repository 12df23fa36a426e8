// SPDX-License-Identifier: MIT
// What ports/common/interrupts.hpp promises of the timer.
#pragma once

#include "kernel/runner.hpp"

namespace bareheap::kernel_test {

extern const Test timer_tests[4];

}  // namespace bareheap::kernel_test
