// SPDX-License-Identifier: MIT
// What lends from the program's heap to the library of the language, each as a function of its own that can be found in
// the image: kernel_test.py looks at what they call.
#pragma once

namespace bareheap::kernel_test {

/// There and back.
void go_through_doors();

}  // namespace bareheap::kernel_test
