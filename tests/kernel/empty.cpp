// SPDX-License-Identifier: MIT
// S2-12: a test kernel without tests: that is a failure too.
#include "kernel/runner.hpp"

extern "C" void kernel_main() noexcept { bareheap::kernel_test::run_and_exit({}); }
