// SPDX-License-Identifier: MIT
// Every wrapper, and the stacks that programs use.
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  bareheap::laws::fuzz(bareheap::laws::AllStacks{}, {bytes, size});
  return 0;
}
