// SPDX-License-Identifier: MIT
// The tests of the lab's story, S2-14 to S2-16 and S2-18, on the program's heap and on a Bump.
#pragma once

#include "kernel/runner.hpp"

namespace bareheap::kernel_test {

extern const Test lab_tests[4];

}  // namespace bareheap::kernel_test
