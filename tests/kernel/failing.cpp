// SPDX-License-Identifier: MIT
// S2-12: a test kernel whose second test fails: the log must have file and line, the status must be the failing one.
#include "kernel/runner.hpp"

namespace {

using bareheap::kernel_test::expect;

const bareheap::kernel_test::Test tests[] = {{"one that passes", [] { expect(true); }},
                                             {"one that fails", [] { expect(false); }}};

}  // namespace

extern "C" void kernel_main() noexcept { bareheap::kernel_test::run_and_exit(tests); }
